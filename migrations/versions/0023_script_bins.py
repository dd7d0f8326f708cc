"""Items of bins have an in and an out of their own, a roll, and the line of a script.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

def columns() -> list[sa.Column]:
    return [
        sa.Column(
            "start_pts",
            sa.BigInteger(),
            comment="what of the asset is used, in its time base; null: the clip as it is",
        ),
        sa.Column("end_pts", sa.BigInteger(), comment="end of what is used, exclusive"),
        sa.Column(
            "roll",
            sa.Text(),
            comment="where an export lays it: A on V1 with its sound, B on V2 without; null: V1",
        ),
        sa.Column(
            "line",
            sa.Integer(),
            comment="line of a script; clips of one line lie over each other",
        ),
    ]


CHECKS = {
    "roll": "roll IN ('A', 'B')",
    "line": "line >= 1",
    "range": "(start_pts IS NULL) = (end_pts IS NULL) AND start_pts >= 0 AND end_pts > start_pts",
}
USED = "coalesce(i.{0}, c.{0})"
VIEW = f"""
CREATE VIEW catalog.binned AS
SELECT i.bin_id, b.name AS bin, i.id AS item_id, i.position, i.note, i.roll, i.line,
       c.id AS clip_id, c.kind, a.id AS asset_id, a.name, a.collection,
       {USED.format("start_pts")}::float8 * a.time_base_num / a.time_base_den AS "start",
       {USED.format("end_pts")}::float8 * a.time_base_num / a.time_base_den AS "end",
       catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
           {USED.format("start_pts")}, a.time_base_num, a.time_base_den) AS timecode_in,
       catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
           {USED.format("end_pts")}, a.time_base_num, a.time_base_den) AS timecode_out
FROM catalog.bin_item i
JOIN catalog.bin b ON b.id = i.bin_id
JOIN catalog.clip c ON c.id = i.clip_id
JOIN catalog.asset a ON a.id = c.asset_id
"""
# The role may be missing where the server did not let us make it (see 0001).
READER = """
DO $$ BEGIN
    GRANT SELECT ON catalog.binned TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    for column in columns():
        op.add_column("bin_item", column, schema="catalog")
    for name, condition in CHECKS.items():
        op.create_check_constraint(
            op.f(f"ck_bin_item_{name}"), "bin_item", condition, schema="catalog"
        )
    op.execute(VIEW)
    op.execute(
        "COMMENT ON VIEW catalog.binned IS 'what lies in bins, with what is used of it in seconds "
        "and timecode; ordered by bin_id, position'"
    )
    op.execute(READER)


def downgrade() -> None:
    op.execute("DROP VIEW catalog.binned")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_bin_item_{name}"), "bin_item", schema="catalog", type_="check")
    for column in reversed(columns()):
        op.drop_column("bin_item", column.name, schema="catalog")
