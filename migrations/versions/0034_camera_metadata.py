"""XML and telemetry beside clips are sidecars too.

Revision ID: 0034
Revises: 0033
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'aaf', 'fcpxml', 'fcp7xml', 'otio', "
    "%s'subtitles', 'embedded', 'captions', 'recognised')"
)
_SAID = (
    "xmp, json, csv, ale, edl, aaf, fcpxml, fcp7xml, otio, %ssubtitles, embedded, captions or "
    "recognised"
)


def _set(kinds: str, said: str) -> None:
    op.drop_constraint(op.f("ck_sidecar_kind"), "sidecar", schema="catalog", type_="check")
    op.create_check_constraint(
        op.f("ck_sidecar_kind"), "sidecar", _KINDS % kinds, schema="catalog"
    )
    op.alter_column("sidecar", "kind", comment=_SAID % said, schema="catalog")


def upgrade() -> None:
    _set("'xml', 'telemetry', ", "xml, telemetry, ")


def downgrade() -> None:
    op.execute("DELETE FROM catalog.sidecar WHERE kind IN ('xml', 'telemetry')")
    _set("", "")
