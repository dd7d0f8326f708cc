"""Logs that a person imported, of editing programs too.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BEFORE = "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'subtitles', 'embedded')"
_AFTER = (
    "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'aaf', 'fcpxml', 'fcp7xml', 'otio', "
    "'subtitles', 'embedded')"
)
_KIND_BEFORE = "xmp, json, csv, ale, edl, subtitles or embedded"
_KIND_AFTER = "xmp, json, csv, ale, edl, aaf, fcpxml, fcp7xml, otio, subtitles or embedded"


def upgrade() -> None:
    op.add_column(
        "sidecar",
        sa.Column(
            "imported",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a person imported it: it stays when the file goes",
        ),
        schema="catalog",
    )
    op.drop_constraint("ck_sidecar_kind", "sidecar", schema="catalog")
    op.create_check_constraint(op.f("ck_sidecar_kind"), "sidecar", _AFTER, schema="catalog")
    op.alter_column(
        "sidecar",
        "kind",
        comment=_KIND_AFTER,
        existing_comment=_KIND_BEFORE,
        existing_type=sa.Text(),
        existing_nullable=False,
        schema="catalog",
    )


def downgrade() -> None:
    op.execute(
        "DELETE FROM catalog.sidecar WHERE imported OR kind IN "
        "('aaf', 'fcpxml', 'fcp7xml', 'otio')"
    )
    op.alter_column(
        "sidecar",
        "kind",
        comment=_KIND_BEFORE,
        existing_comment=_KIND_AFTER,
        existing_type=sa.Text(),
        existing_nullable=False,
        schema="catalog",
    )
    op.drop_constraint("ck_sidecar_kind", "sidecar", schema="catalog")
    op.create_check_constraint(op.f("ck_sidecar_kind"), "sidecar", _BEFORE, schema="catalog")
    op.drop_column("sidecar", "imported", schema="catalog")
