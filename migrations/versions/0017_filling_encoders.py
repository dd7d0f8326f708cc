"""Filling encoders.

An encoder may be given its vectors while another one answers: since when, why it stood
still the last time, and how many frames were encoded for it minute by minute.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# The role may be missing where the server did not let us make it (see 0001).
READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.encoder_pace TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.add_column(
        "encoder",
        sa.Column(
            "filling_since",
            MOMENT,
            comment="since when every frame is given its vector beside the active encoder's; "
            "null: no",
        ),
        schema="catalog",
    )
    op.add_column(
        "encoder",
        sa.Column("problem", sa.Text(), comment="why that stood still the last time"),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_encoder_filling"),
        "encoder",
        "NOT active OR filling_since IS NULL",
        schema="catalog",
    )
    op.create_table(
        "encoder_pace",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column("minute", MOMENT, nullable=False, comment="its beginning"),
        sa.Column(
            "frames",
            sa.Integer(),
            nullable=False,
            comment="of a backfill, by all who work at it",
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_encoder_pace_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "minute", name=op.f("pk_encoder_pace")),
        schema="catalog",
        comment="How many frames were encoded for an encoder in a minute: its rate, and the time "
        "left",
    )
    op.execute(READER)


def downgrade() -> None:
    op.drop_table("encoder_pace", schema="catalog")
    op.drop_constraint(op.f("ck_encoder_filling"), "encoder", schema="catalog", type_="check")
    op.drop_column("encoder", "problem", schema="catalog")
    op.drop_column("encoder", "filling_since", schema="catalog")
