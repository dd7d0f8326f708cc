"""Sound by meaning: encoders of sounds, and the windows they have heard.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from catalog.db.vectors import HALFVEC

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_STAGES_BEFORE = ("analyse", "encode", "proxy", "recognise")
_STAGES = (*_STAGES_BEFORE, "sound")


def _moment(name: str, comment: str | None = None) -> sa.Column:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
        comment=comment,
    )


def _key(holder: str, name: str, table: str, kind: type) -> sa.Column:
    reference = sa.ForeignKey(
        f"catalog.{table}.id", name=op.f(f"fk_{holder}_{name}_{table}"), ondelete="CASCADE"
    )
    return sa.Column(name, kind(), reference, nullable=False)


def _stages(names: tuple[str, ...], comment: str) -> None:
    op.drop_constraint(op.f("ck_stage_name"), "stage", schema="catalog", type_="check")
    listed = ", ".join(f"'{name}'" for name in names)
    op.create_check_constraint(
        op.f("ck_stage_name"), "stage", f"name IN ({listed})", schema="catalog"
    )
    op.alter_column("stage", "name", comment=comment, schema="catalog")

# As in 0005: on a server that is not ours there may be no such role.
_READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.sound_encoder, catalog.sound_window, catalog.sound_heard
        TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "sound_encoder",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="as in CATALOG_SOUND_ENCODER"),
        sa.Column("dimension", sa.Integer(), nullable=False, comment="numbers per vector"),
        sa.Column(
            "weights_digest",
            sa.Text(),
            nullable=False,
            comment="tells other weights of the same name",
        ),
        _moment("created_at"),
        sa.CheckConstraint("dimension BETWEEN 1 AND 4000", name=op.f("ck_sound_encoder_dimension")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sound_encoder")),
        sa.UniqueConstraint("name", name=op.f("uq_sound_encoder_name")),
        schema="catalog",
        comment="An audio-text model with its weights and preprocessing",
    )
    _windows()
    _heard()
    _stages(_STAGES, "analyse, encode, proxy, recognise or sound")
    op.execute(_READER)


def _windows() -> None:
    op.create_table(
        "sound_window",
        _key("sound_window", "encoder_id", "sound_encoder", sa.Integer),
        _key("sound_window", "asset_id", "asset", sa.BigInteger),
        sa.Column(
            "start_pts",
            sa.BigInteger(),
            nullable=False,
            comment="in the asset's time base, from its first picture",
        ),
        sa.Column(
            "end_pts", sa.BigInteger(), nullable=False, comment="see start_pts; windows overlap"
        ),
        sa.Column(
            "vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"
        ),
        sa.CheckConstraint(
            "start_pts >= 0 AND end_pts > start_pts", name=op.f("ck_sound_window_range")
        ),
        sa.PrimaryKeyConstraint(
            "encoder_id", "asset_id", "start_pts", name=op.f("pk_sound_window")
        ),
        schema="catalog",
        comment="One sound encoder's unit vector of a few seconds of an asset's sound",
    )
    op.create_index(
        op.f("ix_sound_window_asset_id"), "sound_window", ["asset_id"], schema="catalog"
    )


def _heard() -> None:
    op.create_table(
        "sound_heard",
        _key("sound_heard", "encoder_id", "sound_encoder", sa.Integer),
        _key("sound_heard", "asset_id", "asset", sa.BigInteger),
        _moment("heard_at", "when it was last heard"),
        sa.PrimaryKeyConstraint("encoder_id", "asset_id", name=op.f("pk_sound_heard")),
        schema="catalog",
        comment="That a sound encoder has heard all of an asset's sound, however little there was",
    )
    op.create_index(op.f("ix_sound_heard_asset_id"), "sound_heard", ["asset_id"], schema="catalog")


def downgrade() -> None:
    op.execute("DELETE FROM catalog.stage WHERE name = 'sound'")
    _stages(_STAGES_BEFORE, "analyse, encode, proxy or recognise")
    for name in ("sound_heard", "sound_window", "sound_encoder"):
        op.drop_table(name, schema="catalog")
