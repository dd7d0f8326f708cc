"""A-roll and B-roll are told: how sure that is, whether a person said so, and from what.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

READER = """
DO $$ BEGIN
    GRANT SELECT ON catalog.roll_cue TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    for column in (
        sa.Column(
            "roll_confidence",
            sa.REAL(),
            comment="how sure the roll is, from 0.5 to 1; 1 where a person said so",
        ),
        sa.Column(
            "roll_chance",
            sa.REAL(),
            comment="how likely A is, as far as it was told without a person; stays as it was "
            "when a person spoke",
        ),
        sa.Column(
            "roll_by_person",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a person said what the roll is; analysing again leaves it",
        ),
    ):
        op.add_column("clip", column, schema="catalog")
    # Nothing of the program wrote any; what somebody wrote by hand is a person's word.
    op.execute(
        "UPDATE catalog.clip SET roll_by_person = true, roll_confidence = 1 WHERE roll IS NOT NULL"
    )
    for name, condition in (
        ("roll_confidence", "roll_confidence BETWEEN 0.5 AND 1"),
        ("roll_chance", "roll_chance BETWEEN 0 AND 1"),
        ("roll_by_person", "NOT roll_by_person OR roll IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"ck_clip_{name}"), "clip", condition, schema="catalog")
    op.add_column(
        "asset",
        sa.Column(
            "roll_basis",
            sa.Text(),
            comment="what its shots' rolls were told from: the weights' version, the encoder whose "
            "pictures counted; null or another than now: they are told anew",
        ),
        schema="catalog",
    )
    op.create_table(
        "roll_cue",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False, comment="what a picture may show"),
        sa.Column("vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_roll_cue_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "wording", name=op.f("pk_roll_cue")),
        schema="catalog",
        comment="What a picture of a roll may show, in words, and their vector",
    )
    op.execute(READER)


def downgrade() -> None:
    op.drop_table("roll_cue", schema="catalog")
    op.drop_column("asset", "roll_basis", schema="catalog")
    for name in ("roll_by_person", "roll_chance", "roll_confidence"):
        op.drop_constraint(op.f(f"ck_clip_{name}"), "clip", schema="catalog", type_="check")
    for name in ("roll_by_person", "roll_chance", "roll_confidence"):
        op.drop_column("clip", name, schema="catalog")
