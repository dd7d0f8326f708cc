"""Renditions, and posters.

What is made of an asset for people to see and hear (strip, waveform, proxy) is
told in a table; making proxies is a stage; one frame stands for each shot.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_GRANT = """
DO $$ BEGIN
    GRANT SELECT ON catalog.rendition TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def _stage_names(names: str, comment: str, old_comment: str) -> None:
    op.drop_constraint(op.f("ck_stage_name"), "stage", schema="catalog", type_="check")
    op.create_check_constraint(op.f("ck_stage_name"), "stage", names, schema="catalog")
    op.alter_column(
        "stage", "name", schema="catalog", comment=comment, existing_comment=old_comment
    )


def upgrade() -> None:
    op.create_table(
        "rendition",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="strip, strip_index, waveform, peaks or proxy",
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="in the frame store"),
        sa.Column(
            "size_bytes", sa.BigInteger(), nullable=False, comment="of what lies under the key"
        ),
        sa.Column("width", sa.Integer(), nullable=True, comment="pixels, where it has any"),
        sa.Column("height", sa.Integer(), nullable=True, comment="pixels, where it has any"),
        sa.Column(
            "duration_pts",
            sa.BigInteger(),
            nullable=True,
            comment="length in the asset's time base, where it runs in time",
        ),
        sa.Column(
            "settings",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="how it was made",
        ),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it was last made",
        ),
        sa.CheckConstraint(
            "kind IN ('strip', 'strip_index', 'waveform', 'peaks', 'proxy')",
            name=op.f("ck_rendition_kind"),
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_rendition_size_positive")),
        sa.CheckConstraint("duration_pts >= 0", name=op.f("ck_rendition_duration")),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_rendition_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("asset_id", "kind", name=op.f("pk_rendition")),
        schema="catalog",
        comment="A picture, an index or a playable copy made of an asset;"
        " its bytes are in the frame store",
    )
    op.execute(_GRANT)
    op.add_column(
        "frame",
        sa.Column(
            "poster",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether it stands for its clip; one at most",
        ),
        schema="catalog",
    )
    op.create_index(
        "uq_frame_poster",
        "frame",
        ["clip_id"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("poster"),
    )
    _stage_names(
        "name IN ('analyse', 'encode', 'proxy')", "analyse, encode or proxy", "analyse or encode"
    )


def downgrade() -> None:
    op.execute("DELETE FROM catalog.stage WHERE name = 'proxy'")
    _stage_names("name IN ('analyse', 'encode')", "analyse or encode", "analyse, encode or proxy")
    op.drop_index("uq_frame_poster", table_name="frame", schema="catalog")
    op.drop_column("frame", "poster", schema="catalog")
    op.drop_table("rendition", schema="catalog")
