"""Views show what a search shows; words are found at once.

``shots``, ``frames``, ``assets`` and ``speech`` leave out assets that another version
superseded, and pictures that are black, bars or a slate; ``all_shots``, ``all_frames``
and ``all_assets`` have everything, and say why the others leave it out.

The indexes over words are kept without a list of what is yet to be entered: after many
changes every search read through that list.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WORD_INDEXES = ("ix_asset_words", "ix_asset_spellings", "ix_clip_words")

TAGS = """ARRAY(SELECT t.name FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
                 WHERE x.asset_id = a.id ORDER BY t.name)"""
PATH = """(SELECT min(l.path) FROM catalog.location l
            WHERE l.asset_id = a.id AND l.online)"""
TIMES = """c.start_pts::float8 * a.time_base_num / a.time_base_den AS "start",
           c.end_pts::float8 * a.time_base_num / a.time_base_den AS "end",
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.start_pts, a.time_base_num, a.time_base_den) AS timecode_in,
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.end_pts, a.time_base_num, a.time_base_den) AS timecode_out"""
SHOT = f"""c.id AS clip_id, a.id AS asset_id, a.name, a.kind, a.title, a.description,
           a.collection, a.recorded, a.codec, a.container, a.width, a.height, a.duration,
           a.language, a.metadata, a.words, c.roll,
           {TIMES},
           {TAGS} AS tags,
           {PATH} AS path"""
FRAME = """f.id AS frame_id, f.clip_id, f.asset_id, f.picture,
           f.pts::float8 * a.time_base_num / a.time_base_den AS at,
           e.vector AS embedding"""
ASSET = f"""a.id AS asset_id, a.name, a.kind, a.title, a.description, a.collection, a.recorded,
           a.created_at AS added, a.codec, a.container, a.width, a.height, a.duration,
           a.frame_rate_num::float8 / a.frame_rate_den AS fps, a.size_bytes, a.language,
           a.start_timecode, a.audio_codec, a.audio_channels, a.metadata, a.words,
           {TAGS} AS tags,
           {PATH} AS path"""
SPEECH = f"""c.id AS clip_id, a.id AS asset_id, a.name, a.collection, a.recorded,
           c.text, coalesce(c.language, a.language) AS language, c.words,
           {TIMES}"""

SHOTS_FROM = """FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
    WHERE c.kind = 'shot'"""
FRAMES_FROM = """FROM catalog.embedding e
    JOIN catalog.frame f ON f.id = e.frame_id
    JOIN catalog.asset a ON a.id = f.asset_id
    JOIN catalog.clip c ON c.id = f.clip_id
    WHERE e.encoder_id = catalog.active_encoder()"""
FRAMES_FROM_BEFORE = """FROM catalog.embedding e
    JOIN catalog.frame f ON f.id = e.frame_id
    JOIN catalog.asset a ON a.id = f.asset_id
    WHERE e.encoder_id = catalog.active_encoder()"""
ASSETS_FROM = "FROM catalog.asset a WHERE a.kind IS NOT NULL"
SPEECH_FROM = """FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
    WHERE c.kind = 'speech'"""

CURRENT = "AND a.superseded_by IS NULL"
PLAIN = "AND a.superseded_by IS NULL AND c.flag IS NULL"

VIEWS = (
    f"CREATE OR REPLACE VIEW catalog.shots AS SELECT {SHOT} {SHOTS_FROM} {PLAIN}",
    f"CREATE OR REPLACE VIEW catalog.frames AS SELECT {FRAME} {FRAMES_FROM} {PLAIN}",
    f"CREATE OR REPLACE VIEW catalog.assets AS SELECT {ASSET} {ASSETS_FROM} {CURRENT}",
    f"CREATE OR REPLACE VIEW catalog.speech AS SELECT {SPEECH} {SPEECH_FROM} {CURRENT}",
    f"CREATE VIEW catalog.all_shots AS SELECT {SHOT}, c.flag, a.superseded_by {SHOTS_FROM}",
    f"CREATE VIEW catalog.all_frames AS SELECT {FRAME}, c.flag, a.superseded_by {FRAMES_FROM}",
    f"CREATE VIEW catalog.all_assets AS SELECT {ASSET}, a.superseded_by {ASSETS_FROM}",
)
VIEWS_BEFORE = (
    f"CREATE OR REPLACE VIEW catalog.shots AS SELECT {SHOT} {SHOTS_FROM}",
    f"CREATE OR REPLACE VIEW catalog.frames AS SELECT {FRAME} {FRAMES_FROM_BEFORE}",
    f"CREATE OR REPLACE VIEW catalog.assets AS SELECT {ASSET} {ASSETS_FROM}",
    f"CREATE OR REPLACE VIEW catalog.speech AS SELECT {SPEECH} {SPEECH_FROM}",
)

COMMENTS = {
    "VIEW catalog.shots": "every shot that a search shows, with its asset's columns, in seconds and timecode, with tags and a path",
    "VIEW catalog.frames": "every frame of such a shot with its vector under the active encoder",
    "VIEW catalog.assets": "every analysed asset that none supersedes, with tags and a path",
    "VIEW catalog.speech": "what is said in them, in seconds and timecode",
    "VIEW catalog.all_shots": "like shots, with flagged ones (black, bars, slate) and those of superseded versions",
    "VIEW catalog.all_frames": "like frames, of all_shots",
    "VIEW catalog.all_assets": "like assets, with superseded versions",
}

GRANTS = """
DO $$ BEGIN
    GRANT SELECT ON catalog.all_shots, catalog.all_frames, catalog.all_assets TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    for statement in (*VIEWS, GRANTS):
        op.execute(statement)
    for named, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {named} IS '{comment.replace(chr(39), chr(39) * 2)}'")
    for index in WORD_INDEXES:
        op.execute(f"ALTER INDEX catalog.{index} SET (fastupdate = off)")
        op.execute(f"SELECT gin_clean_pending_list('catalog.{index}')")


def downgrade() -> None:
    for index in WORD_INDEXES:
        op.execute(f"ALTER INDEX catalog.{index} RESET (fastupdate)")
    op.execute("DROP VIEW catalog.all_assets, catalog.all_frames, catalog.all_shots")
    for statement in VIEWS_BEFORE:
        op.execute(statement)
