"""Recognised speech: a stage that may wait, who recognised it, and when each word was said.

What was analysed before is listened to by and by: its stage is due.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'aaf', 'fcpxml', 'fcp7xml', 'otio', "
    "'subtitles', 'embedded'%s)"
)
_KINDS_SAID = "xmp, json, csv, ale, edl, aaf, fcpxml, fcp7xml, otio, subtitles or embedded"
_KINDS_SAY = (
    "xmp, json, csv, ale, edl, aaf, fcpxml, fcp7xml, otio, subtitles, embedded, captions or "
    "recognised"
)
_PATH_SAID = "absolute, as shown to people; of embedded texts, the file"
_PATH_SAYS = (
    "absolute, as shown to people; of what was in the file or was recognised there, the file"
)
_RAW_SAID = "the path's bytes; empty: embedded texts"
_RAW_SAYS = "the path's bytes; empty: embedded texts; of captions and recognised speech, its kind"
_TABLE_SAID = "A file beside an asset's, or the texts within it, and what it says of the asset"
_TABLE_SAYS = (
    "What says something of an asset: a file beside it, texts within it, who heard its speech"
)
_STAGE_SAID = ("analyse, encode or proxy", "due, running, done or failed")
_STAGE_SAYS = ("analyse, encode, proxy or recognise", "due, running, waiting, done or failed")
_REASON_SAID = ("why it failed, for programs", "why it failed, in words")
_REASON_SAYS = ("why it failed or waits, for programs", "why it failed or waits, in words")
_RETRY_SAID = "when what failed is tried again by itself; null: only if a person asks"
_RETRY_SAYS = (
    "when what failed or waits is tried again by itself; null: only if a person asks"
)


def _check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, schema="catalog", type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, schema="catalog")


def _comment(table: str, column: str, text: str) -> None:
    op.alter_column(table, column, comment=text, schema="catalog")


def upgrade() -> None:
    op.add_column(
        "clip",
        sa.Column(
            "word_times",
            postgresql.JSONB(),
            comment="of recognised speech, each word: [text, start, end, probability], in the"
            " asset's time base",
        ),
        schema="catalog",
    )
    _check("sidecar", "kind", _KINDS % ", 'captions', 'recognised'")
    _comment("sidecar", "kind", _KINDS_SAY)
    _comment("sidecar", "path", _PATH_SAYS)
    _comment("sidecar", "raw_path", _RAW_SAYS)
    op.create_table_comment("sidecar", _TABLE_SAYS, schema="catalog")
    _check("stage", "name", "name IN ('analyse', 'encode', 'proxy', 'recognise')")
    _check("stage", "state", "state IN ('due', 'running', 'waiting', 'done', 'failed')")
    _check("stage", "reason", "(state IN ('waiting', 'failed')) = (error_code IS NOT NULL)")
    _check("stage", "retry", "retry_at IS NULL OR state IN ('waiting', 'failed')")
    _stage_comments(_STAGE_SAYS, _REASON_SAYS, _RETRY_SAYS)
    op.execute(
        """
        UPDATE catalog.asset SET speaking = '{}'
        WHERE speaking IS NULL AND kind = 'video' AND coalesce(audio_tracks, 0) = 0
        """
    )
    op.execute(
        """
        INSERT INTO catalog.stage (asset_id, name)
        SELECT id, 'recognise' FROM catalog.asset
        WHERE speaking IS NULL AND kind IN ('video', 'audio')
        """
    )


def _stage_comments(stage: tuple[str, str], reason: tuple[str, str], retry: str) -> None:
    _comment("stage", "name", stage[0])
    _comment("stage", "state", stage[1])
    _comment("stage", "error_code", reason[0])
    _comment("stage", "error_message", reason[1])
    _comment("stage", "retry_at", retry)


def downgrade() -> None:
    op.execute("DELETE FROM catalog.stage WHERE name = 'recognise'")
    op.execute(
        """
        DELETE FROM catalog.clip USING catalog.sidecar
        WHERE sidecar.id = clip.sidecar_id AND sidecar.kind IN ('captions', 'recognised')
        """
    )
    op.execute("DELETE FROM catalog.sidecar WHERE kind IN ('captions', 'recognised')")
    _stage_comments(_STAGE_SAID, _REASON_SAID, _RETRY_SAID)
    _check("stage", "retry", "retry_at IS NULL OR state = 'failed'")
    _check("stage", "reason", "(state = 'failed') = (error_code IS NOT NULL)")
    _check("stage", "state", "state IN ('due', 'running', 'done', 'failed')")
    _check("stage", "name", "name IN ('analyse', 'encode', 'proxy')")
    op.create_table_comment("sidecar", _TABLE_SAID, schema="catalog")
    _comment("sidecar", "raw_path", _RAW_SAID)
    _comment("sidecar", "path", _PATH_SAID)
    _comment("sidecar", "kind", _KINDS_SAID)
    _check("sidecar", "kind", _KINDS % "")
    op.drop_column("clip", "word_times", schema="catalog")
