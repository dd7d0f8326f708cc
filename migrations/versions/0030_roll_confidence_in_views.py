"""How sure a roll is, and whether a person said so, in the views of shots.

Revision ID: 0030
Revises: 0029
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SHOT = """c.id AS clip_id, a.id AS asset_id, a.name, a.kind, a.title, a.description,
           a.collection, a.recorded, a.codec, a.container, a.width, a.height, a.duration,
           a.language, a.metadata, a.words, c.roll,
           c.start_pts::float8 * a.time_base_num / a.time_base_den AS "start",
           c.end_pts::float8 * a.time_base_num / a.time_base_den AS "end",
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.start_pts, a.time_base_num, a.time_base_den) AS timecode_in,
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.end_pts, a.time_base_num, a.time_base_den) AS timecode_out,
           ARRAY(SELECT t.name FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
                 WHERE x.asset_id = a.id ORDER BY t.name) AS tags,
           (SELECT min(l.path) FROM catalog.location l
            WHERE l.asset_id = a.id AND l.online) AS path"""
FLAG = "c.flag, a.superseded_by"
ROLL = "c.roll_confidence, c.roll_by_person"
OF = """FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
    WHERE c.kind = 'shot'"""
PLAIN = "AND a.superseded_by IS NULL AND c.flag IS NULL"

# A view that is replaced may only gain columns, at its end.
VIEWS = (
    f"CREATE OR REPLACE VIEW catalog.shots AS SELECT {SHOT}, {ROLL} {OF} {PLAIN}",
    f"CREATE OR REPLACE VIEW catalog.all_shots AS SELECT {SHOT}, {FLAG}, {ROLL} {OF}",
)
VIEWS_BEFORE = (
    "DROP VIEW catalog.shots, catalog.all_shots",
    f"CREATE VIEW catalog.shots AS SELECT {SHOT} {OF} {PLAIN}",
    f"CREATE VIEW catalog.all_shots AS SELECT {SHOT}, {FLAG} {OF}",
    "COMMENT ON VIEW catalog.shots IS 'every shot that a search shows, with its asset''s columns, "
    "in seconds and timecode, with tags and a path'",
    "COMMENT ON VIEW catalog.all_shots IS 'like shots, with flagged ones (black, bars, slate) and "
    "those of superseded versions'",
)

# The role may be missing where the server did not let us make it (see 0001).
READER = """
DO $$ BEGIN
    GRANT SELECT ON catalog.shots, catalog.all_shots TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    for statement in VIEWS:
        op.execute(statement)


def downgrade() -> None:
    for statement in (*VIEWS_BEFORE, READER):
        op.execute(statement)
