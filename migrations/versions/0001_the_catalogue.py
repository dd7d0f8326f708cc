"""The catalogue.

Every table of the first version, the functions that keep keyword text and
timecode in SQL, the views for people who write SQL, and the read-only role.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES_IN_ORDER = (
    "embedding",
    "frame",
    "bin_item",
    "stage",
    "phrase",
    "location",
    "clip",
    "calibration",
    "asset_tag",
    "token",
    "tag",
    "root",
    "encoder",
    "bin",
    "asset",
)


EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public"

# File names speak: RedCar_take-2.mov holds the words red, car, take and 2.
# Only separators are replaced, never "everything that is no letter": vowel
# signs of Indic scripts are marks, and cutting at them would cut words.
SPLIT_NAME = r"""
CREATE FUNCTION catalog.split_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
RETURN regexp_replace(
    regexp_replace(name, '([[:lower:]])([[:upper:]])', '\1 \2', 'g'),
    '[]_./\\+,;:(){}=@#~[-]+', ' ', 'g')
"""

# A tsvector holds at most 1 MiB and metadata is whatever a file says, so each
# part is cut to a length that always fits.
ASSET_WORDS = """
CREATE FUNCTION catalog.asset_words(a catalog.asset) RETURNS tsvector
LANGUAGE sql STABLE
RETURN
    setweight(to_tsvector('simple', left(
        a.name || ' ' || catalog.split_name(a.name) || ' ' || coalesce(a.title, ''), 10000)), 'A')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(t.name || ' ' || catalog.split_name(t.name), ' ' ORDER BY t.id)
         FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
         WHERE x.asset_id = a.id), ''), 10000)), 'B')
    || setweight(to_tsvector('simple', left(
        coalesce(a.description, '') || ' ' || coalesce(a.collection, ''), 50000)), 'C')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(catalog.split_name(l.path), ' ' ORDER BY l.id)
         FROM catalog.location l WHERE l.asset_id = a.id), ''), 20000)), 'D')
    || setweight(to_tsvector('simple', left(coalesce(
        (SELECT string_agg(v #>> '{}', ' ')
         FROM jsonb_path_query(
             a.metadata, 'strict $.** ? (@.type() == "string" || @.type() == "number")') v
        ), ''), 50000)), 'D')
"""

WORDS_TRIGGERS = (
    """
    CREATE FUNCTION catalog.asset_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := catalog.asset_words(NEW);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER asset_words BEFORE INSERT
        OR UPDATE OF name, title, description, collection, metadata ON catalog.asset
    FOR EACH ROW EXECUTE FUNCTION catalog.asset_set_words()
    """,
    """
    CREATE FUNCTION catalog.asset_touch_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            UPDATE catalog.asset SET name = name WHERE id = OLD.asset_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            UPDATE catalog.asset SET name = name WHERE id = NEW.asset_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER asset_tag_words AFTER INSERT OR UPDATE OR DELETE ON catalog.asset_tag
    FOR EACH ROW EXECUTE FUNCTION catalog.asset_touch_words()
    """,
    """
    CREATE TRIGGER location_words AFTER INSERT OR DELETE OR UPDATE OF path, asset_id
    ON catalog.location FOR EACH ROW EXECUTE FUNCTION catalog.asset_touch_words()
    """,
    """
    CREATE FUNCTION catalog.tag_touch_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog.asset SET name = name
        WHERE id IN (SELECT asset_id FROM catalog.asset_tag WHERE tag_id = NEW.id);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER tag_words AFTER UPDATE OF name ON catalog.tag
    FOR EACH ROW EXECUTE FUNCTION catalog.tag_touch_words()
    """,
)

ACTIVE_ENCODER = """
CREATE FUNCTION catalog.active_encoder() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT id FROM catalog.encoder WHERE active)
"""

# The cost keeps the planner from calling this once per row where once will do.
PHRASE = """
CREATE FUNCTION catalog.phrase(phrase text) RETURNS halfvec
LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT COST 10000 AS $$
DECLARE
    found halfvec;
BEGIN
    SELECT p.vector INTO found FROM catalog.phrase p JOIN catalog.encoder e ON e.id = p.encoder_id
    WHERE e.active AND p.text = catalog.normal_phrase($1);
    IF found IS NULL THEN
        RAISE EXCEPTION 'the phrase "%" has no vector under the active encoder', $1
        USING ERRCODE = 'no_data_found',
              HINT = 'Run the statement by: catalog sql "…", which encodes the phrases it finds.';
    END IF;
    RETURN found;
END $$
"""

# The white space of Python's str.split(), spelt out: [[:space:]] depends on the locale.
NORMAL_PHRASE = r"""
CREATE FUNCTION catalog.normal_phrase(phrase text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN btrim(regexp_replace(normalize(phrase, NFC),
    '[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+',
    ' ', 'g'))
"""

# SMPTE ST 12-1: drop-frame counting leaves out frame numbers 0 and 1 (of 30;
# 0 to 3 of 60) at each minute that is no multiple of ten.
TIMECODE = r"""
CREATE FUNCTION catalog.timecode_at(
    start_timecode text, rate_num bigint, rate_den bigint,
    pts bigint, time_base_num bigint, time_base_den bigint)
RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    base bigint := greatest(1, round(rate_num::numeric / rate_den)::bigint);
    part text[] := regexp_match(
        start_timecode, '^([0-9]{2}):([0-5][0-9]):([0-5][0-9])([:;.,])([0-9]{2,3})$');
    drop_frame boolean := coalesce(part[4] <> ':', false);
    skipped bigint := 2 * base / 30;
    dropped bigint;
    minutes bigint;
    frames bigint;
    per_ten bigint;
    rest bigint;
BEGIN
    IF rate_num IS NULL OR rate_num <= 0 OR pts IS NULL THEN
        RETURN NULL;
    END IF;
    -- A start that is no timecode of this rate counts as none, as in Python: a
    -- frame the rate has not, drop-frame where nothing drops, a number dropped.
    IF part IS NULL OR part[5]::bigint >= base
       OR (drop_frame AND mod(base, 30) <> 0)
       OR (drop_frame AND mod(part[2]::int, 10) <> 0 AND part[3]::int = 0
           AND part[5]::bigint < skipped)
    THEN
        part := '{00,00,00,:,00}';
        drop_frame := false;
    END IF;
    dropped := CASE WHEN drop_frame THEN skipped ELSE 0 END;
    minutes := part[1]::bigint * 60 + part[2]::bigint;
    frames := (minutes * 60 + part[3]::bigint) * base + part[5]::bigint
              - dropped * (minutes - minutes / 10);
    per_ten := 600 * base - 9 * dropped;
    -- To the nearest frame, in integers: containers that count in milliseconds
    -- put a frame's pts a little before or after its true time.
    frames := mod(frames + div(
        2 * pts::numeric * time_base_num * rate_num + time_base_den::numeric * rate_den,
        2 * time_base_den::numeric * rate_den), per_ten * 144)::bigint;
    IF drop_frame THEN
        rest := mod(frames, per_ten);
        frames := frames + 9 * dropped * (frames / per_ten)
            + CASE WHEN rest >= 60 * base
                   THEN dropped * ((rest - 60 * base) / (60 * base - dropped) + 1) ELSE 0 END;
    END IF;
    RETURN concat_ws(':', lpad((frames / (3600 * base))::text, 2, '0'),
                     lpad(mod(frames / (60 * base), 60)::text, 2, '0'),
                     lpad(mod(frames / base, 60)::text, 2, '0'))
        || CASE WHEN drop_frame THEN ';' ELSE ':' END
        || CASE WHEN mod(frames, base) < 10 THEN '0' ELSE '' END || mod(frames, base);
END $$
"""

VIEWS = (
    """
    CREATE VIEW catalog.shots AS
    SELECT c.id AS clip_id, a.id AS asset_id, a.name, a.kind, a.title, a.description,
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
            WHERE l.asset_id = a.id AND l.online) AS path
    FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
    WHERE c.kind = 'shot'
    """,
    """
    CREATE VIEW catalog.frames AS
    SELECT f.id AS frame_id, f.clip_id, f.asset_id, f.picture,
           f.pts::float8 * a.time_base_num / a.time_base_den AS at,
           e.vector AS embedding
    FROM catalog.embedding e
    JOIN catalog.frame f ON f.id = e.frame_id
    JOIN catalog.asset a ON a.id = f.asset_id
    WHERE e.encoder_id = catalog.active_encoder()
    """,
)

COMMENTS = {
    "FUNCTION catalog.split_name(text)": "the words of a file name: RedCar_take-2.mov speaks of red, car, take and 2",
    "FUNCTION catalog.asset_words(catalog.asset)": "keyword text of an asset: names A, tags B, description and collection C, paths and metadata D",
    "FUNCTION catalog.asset_set_words()": "keeps asset.words when the asset changes",
    "FUNCTION catalog.asset_touch_words()": "has asset.words made anew when its tags or locations change",
    "FUNCTION catalog.tag_touch_words()": "has asset.words made anew when a tag is renamed",
    "FUNCTION catalog.active_encoder()": "id of the encoder that answers searches; null if there is none yet",
    "FUNCTION catalog.normal_phrase(text)": "a phrase as its vector is kept under: NFC, single spaces, none around",
    "FUNCTION catalog.phrase(text)": "vector of a phrase under the active encoder, for ORDER BY embedding <=> catalog.phrase(...); fails if it was never encoded",
    "FUNCTION catalog.timecode_at(text, bigint, bigint, bigint, bigint, bigint)": "SMPTE timecode at a pts, non-drop or drop-frame as the start timecode is",
    "VIEW catalog.shots": "every shot with its asset's columns, in seconds and timecode, with tags and a path",
    "VIEW catalog.frames": "every frame with its vector under the active encoder",
}

# A role is the whole server's, not one database's: two catalogues on a server
# share it, and a hosted server may not let us create it. Then `catalog sql`
# says so; nothing else needs it.
READER = """
DO $$
BEGIN
    BEGIN
        CREATE ROLE catalog_reader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another catalogue on this server has made it
    END;
    GRANT USAGE ON SCHEMA catalog TO catalog_reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA catalog TO catalog_reader;
    REVOKE ALL ON catalog.token FROM catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.execute(EXTENSION)
    op.create_table(
        "asset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="digest of the whole content"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="of the whole file"),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="file name the asset was first seen under"
        ),
        sa.Column(
            "kind", sa.Text(), nullable=True, comment="video, still or audio; null until analysed"
        ),
        sa.Column(
            "title",
            sa.Text(),
            nullable=True,
            comment="from the file, unless a person wrote another",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="free text"),
        sa.Column(
            "collection", sa.Text(), nullable=True, comment="the one collection it belongs to"
        ),
        sa.Column("language", sa.Text(), nullable=True, comment="BCP 47 tag of the main language"),
        sa.Column(
            "recorded",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the essence was recorded",
        ),
        sa.Column("container", sa.Text(), nullable=True, comment="file format, as FFmpeg names it"),
        sa.Column(
            "codec", sa.Text(), nullable=True, comment="of the catalogued video track or still"
        ),
        sa.Column("profile", sa.Text(), nullable=True, comment="of the codec"),
        sa.Column("width", sa.Integer(), nullable=True, comment="display pixels"),
        sa.Column("height", sa.Integer(), nullable=True, comment="display pixels"),
        sa.Column(
            "coded_width",
            sa.Integer(),
            nullable=True,
            comment="stored pixels, before aspect ratio and rotation",
        ),
        sa.Column(
            "coded_height",
            sa.Integer(),
            nullable=True,
            comment="stored pixels, before aspect ratio and rotation",
        ),
        sa.Column("rotation", sa.SmallInteger(), nullable=True, comment="clockwise degrees"),
        sa.Column("sar_num", sa.Integer(), nullable=True, comment="sample aspect ratio, numerator"),
        sa.Column(
            "sar_den", sa.Integer(), nullable=True, comment="sample aspect ratio, denominator"
        ),
        sa.Column("pixel_format", sa.Text(), nullable=True, comment="as FFmpeg names it (yuv420p)"),
        sa.Column("bit_depth", sa.SmallInteger(), nullable=True, comment="bits per colour sample"),
        sa.Column(
            "color_primaries", sa.Text(), nullable=True, comment="as FFmpeg names them (bt709)"
        ),
        sa.Column("color_transfer", sa.Text(), nullable=True, comment="as FFmpeg names it (bt709)"),
        sa.Column(
            "color_space",
            sa.Text(),
            nullable=True,
            comment="matrix coefficients, as FFmpeg names them (bt709)",
        ),
        sa.Column(
            "color_range",
            sa.Text(),
            nullable=True,
            comment="as FFmpeg names it (tv: limited; pc: full)",
        ),
        sa.Column(
            "field_order",
            sa.Text(),
            nullable=True,
            comment="progressive, or which field comes first",
        ),
        sa.Column(
            "frame_rate_num",
            sa.BigInteger(),
            nullable=True,
            comment="pictures per second, numerator",
        ),
        sa.Column(
            "frame_rate_den",
            sa.BigInteger(),
            nullable=True,
            comment="pictures per second, denominator",
        ),
        sa.Column(
            "variable_frame_rate",
            sa.Boolean(),
            nullable=True,
            comment="whether pictures are unevenly spaced",
        ),
        sa.Column("audio_codec", sa.Text(), nullable=True, comment="of the first audio track"),
        sa.Column(
            "audio_channels", sa.SmallInteger(), nullable=True, comment="of the first audio track"
        ),
        sa.Column("audio_sample_rate", sa.Integer(), nullable=True, comment="hertz"),
        sa.Column(
            "audio_layout",
            sa.Text(),
            nullable=True,
            comment="of the first audio track (stereo, 5.1)",
        ),
        sa.Column(
            "time_base_num", sa.BigInteger(), nullable=True, comment="seconds per pts, numerator"
        ),
        sa.Column(
            "time_base_den", sa.BigInteger(), nullable=True, comment="seconds per pts, denominator"
        ),
        sa.Column(
            "duration_pts", sa.BigInteger(), nullable=True, comment="length in pts; null for stills"
        ),
        sa.Column(
            "duration",
            sa.Double(),
            sa.Computed("duration_pts::float8 * time_base_num / time_base_den", persisted=True),
            nullable=True,
            comment="seconds",
        ),
        sa.Column("start_timecode", sa.Text(), nullable=True, comment="SMPTE, from the essence"),
        sa.Column(
            "damaged",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="decoded only in part",
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="what no column holds",
        ),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            server_default=sa.text("''::tsvector"),
            nullable=False,
            comment="keyword text, kept by a trigger",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('video', 'still', 'audio')", name=op.f("ck_asset_kind")),
        sa.CheckConstraint("duration_pts >= 0", name=op.f("ck_asset_duration")),
        sa.CheckConstraint("rotation IN (0, 90, 180, 270)", name=op.f("ck_asset_rotation")),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_asset_size_positive")),
        sa.CheckConstraint(
            "time_base_num > 0 AND time_base_den > 0", name=op.f("ck_asset_time_base")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_asset_fingerprint")),
        comment="One piece of media, identified by its content",
        schema="catalog",
    )
    op.create_index(op.f("ix_asset_codec"), "asset", ["codec"], unique=False, schema="catalog")
    op.create_index(
        op.f("ix_asset_collection"), "asset", ["collection"], unique=False, schema="catalog"
    )
    op.create_index(
        op.f("ix_asset_duration"), "asset", ["duration"], unique=False, schema="catalog"
    )
    op.create_index(op.f("ix_asset_kind"), "asset", ["kind"], unique=False, schema="catalog")
    op.create_index(
        op.f("ix_asset_metadata"),
        "asset",
        ["metadata"],
        unique=False,
        schema="catalog",
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_asset_name_lower",
        "asset",
        [sa.literal_column("lower(name)")],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        op.f("ix_asset_recorded"), "asset", ["recorded"], unique=False, schema="catalog"
    )
    op.create_index(
        op.f("ix_asset_words"),
        "asset",
        ["words"],
        unique=False,
        schema="catalog",
        postgresql_using="gin",
    )
    op.create_table(
        "bin",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="unique"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin")),
        sa.UniqueConstraint("name", name=op.f("uq_bin_name")),
        comment="An editor's ordered selection of clips",
        schema="catalog",
    )
    op.create_table(
        "encoder",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="model and weights, as in CATALOG_ENCODER"
        ),
        sa.Column("dimension", sa.Integer(), nullable=False, comment="numbers per vector"),
        sa.Column(
            "precision",
            sa.Text(),
            nullable=False,
            comment="the vectors were first made with (fp32, bf16, fp16)",
        ),
        sa.Column(
            "weights_digest",
            sa.Text(),
            nullable=False,
            comment="tells other weights of the same name",
        ),
        sa.Column(
            "active",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="answers searches; one at most",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("dimension BETWEEN 1 AND 4000", name=op.f("ck_encoder_dimension")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encoder")),
        sa.UniqueConstraint("name", name=op.f("uq_encoder_name")),
        comment="An image-text model with its weights, preprocessing and precision",
        schema="catalog",
    )
    op.create_index(
        "uq_encoder_active",
        "encoder",
        ["active"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "root",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="absolute path, as shown to people"),
        sa.Column(
            "raw_path",
            sa.LargeBinary(),
            nullable=False,
            comment="the path's bytes, as the system spells them",
        ),
        sa.Column(
            "watched",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether new files in it are taken in by themselves",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_root")),
        sa.UniqueConstraint("raw_path", name=op.f("uq_root_raw_path")),
        comment="A folder tree the catalogue may read",
        schema="catalog",
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="unique without regard to case"),
        sa.CheckConstraint("name <> ''", name=op.f("ck_tag_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        comment="A word people put on assets",
        schema="catalog",
    )
    op.create_index(
        "uq_tag_name_lower",
        "tag",
        [sa.literal_column("lower(name)")],
        unique=True,
        schema="catalog",
    )
    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="whose it is, or what for"),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, editor or admin"),
        sa.Column("digest", sa.Text(), nullable=False, comment="of the secret, which is not kept"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="null: never"),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True, comment="last use"),
        sa.Column(
            "revoked_at", sa.DateTime(timezone=True), nullable=True, comment="null: in force"
        ),
        sa.CheckConstraint("role IN ('viewer', 'editor', 'admin')", name=op.f("ck_token_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
        comment="An API token; only its digest is kept",
        schema="catalog",
    )
    op.create_table(
        "asset_tag",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_asset_tag_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["catalog.tag.id"], name=op.f("fk_asset_tag_tag_id_tag"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "tag_id", name=op.f("pk_asset_tag")),
        comment="A tag on an asset",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_asset_tag_tag_id"), "asset_tag", ["tag_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "calibration",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column(
            "language",
            sa.Text(),
            server_default=sa.text("''"),
            nullable=False,
            comment="BCP 47; empty for any",
        ),
        sa.Column(
            "match_median",
            sa.Double(),
            nullable=False,
            comment="cosine of texts with pictures that fit",
        ),
        sa.Column(
            "miss_median",
            sa.Double(),
            nullable=False,
            comment="cosine of texts with pictures that do not",
        ),
        sa.Column(
            "miss_spread",
            sa.Double(),
            nullable=False,
            comment="1.4826 x median absolute deviation of the misses",
        ),
        sa.Column("samples", sa.BigInteger(), nullable=False, comment="pairs measured"),
        sa.Column(
            "measured_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("match_median > miss_median", name=op.f("ck_calibration_medians")),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_calibration_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "language", name=op.f("pk_calibration")),
        comment="How a cosine reads as a confidence, per encoder and query language",
        schema="catalog",
    )
    op.create_table(
        "clip",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="shot, speech or subclip"),
        sa.Column(
            "start_pts",
            sa.BigInteger(),
            nullable=False,
            comment="first moment, in the asset's time base",
        ),
        sa.Column(
            "end_pts",
            sa.BigInteger(),
            nullable=False,
            comment="end, exclusive, in the asset's time base",
        ),
        sa.Column("roll", sa.Text(), nullable=True, comment="A: somebody speaks; B: cutaway"),
        sa.Column("text", sa.Text(), nullable=True, comment="spoken words, or a subclip's name"),
        sa.Column("language", sa.Text(), nullable=True, comment="BCP 47 tag of the text"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('shot', 'speech', 'subclip')", name=op.f("ck_clip_kind")),
        sa.CheckConstraint("roll IN ('A', 'B')", name=op.f("ck_clip_roll")),
        sa.CheckConstraint("start_pts >= 0 AND end_pts >= start_pts", name=op.f("ck_clip_range")),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_clip_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clip")),
        comment="A half-open time range of one asset: a shot, a spoken segment or a logged subclip",
        schema="catalog",
    )
    op.create_index(
        "ix_clip_asset_id_kind_start_pts",
        "clip",
        ["asset_id", "kind", "start_pts"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_clip_shot_start",
        "clip",
        ["asset_id", "start_pts"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("kind = 'shot'"),
    )
    op.create_table(
        "location",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False, comment="below the root, as shown to people"),
        sa.Column(
            "raw_path",
            sa.LargeBinary(),
            nullable=False,
            comment="the path's bytes, as the system spells them",
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="when last read"),
        sa.Column(
            "modified_ns",
            sa.BigInteger(),
            nullable=False,
            comment="mtime in nanoseconds since the epoch",
        ),
        sa.Column(
            "online",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="whether the file was there when last looked for",
        ),
        sa.Column("error_code", sa.Text(), nullable=True, comment="why the file has no asset"),
        sa.Column("error_message", sa.Text(), nullable=True, comment="the same in words"),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when the file was last found",
        ),
        sa.CheckConstraint(
            "(asset_id IS NULL) = (error_code IS NOT NULL)", name=op.f("ck_location_asset_or_error")
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_location_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["root_id"],
            ["catalog.root.id"],
            name=op.f("fk_location_root_id_root"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("root_id", "raw_path", name=op.f("uq_location_root_id_raw_path")),
        comment="One file: a root and a path below it. Without an asset when it could not be identified",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_location_asset_id"), "location", ["asset_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "phrase",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="as catalog.normal_phrase() leaves it"
        ),
        sa.Column("vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_phrase_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "text", name=op.f("pk_phrase")),
        comment="A text and its vector, kept so that SQL can order by it",
        schema="catalog",
    )
    op.create_table(
        "stage",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="analyse or encode"),
        sa.Column(
            "state",
            sa.Text(),
            server_default=sa.text("'due'"),
            nullable=False,
            comment="due, running, done or failed",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="how often it was begun",
        ),
        sa.Column(
            "worker", sa.Text(), nullable=True, comment="host:process that is or was at work"
        ),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), nullable=True, comment="of the last attempt"
        ),
        sa.Column(
            "finished_at", sa.DateTime(timezone=True), nullable=True, comment="of the last attempt"
        ),
        sa.Column("error_code", sa.Text(), nullable=True, comment="why it failed, for programs"),
        sa.Column("error_message", sa.Text(), nullable=True, comment="why it failed, in words"),
        sa.Column(
            "retryable",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether trying again can help",
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (error_code IS NOT NULL)", name=op.f("ck_stage_reason")
        ),
        sa.CheckConstraint("name IN ('analyse', 'encode')", name=op.f("ck_stage_name")),
        sa.CheckConstraint(
            "state IN ('due', 'running', 'done', 'failed')", name=op.f("ck_stage_state")
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_stage_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("asset_id", "name", name=op.f("pk_stage")),
        comment="Where an asset stands in one stage of the work, and why it failed there",
        schema="catalog",
    )
    op.create_index(
        "ix_stage_open",
        "stage",
        ["name", "state"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "bin_item",
        sa.Column("bin_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="order within the bin"),
        sa.Column("clip_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True, comment="what the editor remarked"),
        sa.ForeignKeyConstraint(
            ["bin_id"], ["catalog.bin.id"], name=op.f("fk_bin_item_bin_id_bin"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"],
            ["catalog.clip.id"],
            name=op.f("fk_bin_item_clip_id_clip"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bin_id", "position", name=op.f("pk_bin_item")),
        comment="A clip in a bin, in its place",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_bin_item_clip_id"), "bin_item", ["clip_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "frame",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("clip_id", sa.BigInteger(), nullable=False),
        sa.Column("pts", sa.BigInteger(), nullable=False, comment="time of the picture itself"),
        sa.Column(
            "start_pts", sa.BigInteger(), nullable=False, comment="range the picture stands for"
        ),
        sa.Column(
            "end_pts", sa.BigInteger(), nullable=False, comment="end of that range, exclusive"
        ),
        sa.Column("picture", sa.Text(), nullable=False, comment="key in the frame store"),
        sa.Column("width", sa.Integer(), nullable=False, comment="pixels of the kept picture"),
        sa.Column("height", sa.Integer(), nullable=False, comment="pixels of the kept picture"),
        sa.Column(
            "collapsed",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="near-identical pictures this one stands for, beside itself",
        ),
        sa.CheckConstraint("start_pts <= end_pts AND pts >= 0", name=op.f("ck_frame_range")),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_frame_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"], ["catalog.clip.id"], name=op.f("fk_frame_clip_id_clip"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frame")),
        sa.UniqueConstraint("clip_id", "pts", name=op.f("uq_frame_clip_id_pts")),
        comment="One sampled picture of a shot, standing for a time range",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_frame_asset_id"), "frame", ["asset_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "embedding",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column("frame_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "clip_id", sa.BigInteger(), nullable=False, comment="the frame's, repeated for filters"
        ),
        sa.Column(
            "asset_id", sa.BigInteger(), nullable=False, comment="the frame's, repeated for filters"
        ),
        sa.Column("vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_embedding_encoder_id_encoder"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["frame_id"],
            ["catalog.frame.id"],
            name=op.f("fk_embedding_frame_id_frame"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "frame_id", name=op.f("pk_embedding")),
        comment="One encoder's unit vector of one frame; one partition per encoder",
        schema="catalog",
        postgresql_partition_by="LIST (encoder_id)",
    )
    op.create_index(
        op.f("ix_embedding_asset_id"), "embedding", ["asset_id"], unique=False, schema="catalog"
    )
    op.create_index(
        op.f("ix_embedding_frame_id"), "embedding", ["frame_id"], unique=False, schema="catalog"
    )
    op.execute(SPLIT_NAME)
    op.execute(ASSET_WORDS)
    for statement in WORDS_TRIGGERS:
        op.execute(statement)
    op.execute(ACTIVE_ENCODER)
    op.execute(NORMAL_PHRASE)
    op.execute(PHRASE)
    op.execute(TIMECODE)
    for statement in VIEWS:
        op.execute(statement)
    for named, comment in COMMENTS.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {named} IS '{quoted}'")
    op.execute(READER)


def downgrade() -> None:
    # Everything lies in the catalogue's own schema; the runner keeps the
    # version table there too, so it is emptied, not dropped.
    op.execute("DROP VIEW catalog.frames, catalog.shots")
    op.execute("DROP FUNCTION catalog.asset_words(catalog.asset)")
    for table in TABLES_IN_ORDER:
        op.execute(f"DROP TABLE catalog.{table} CASCADE")
    op.execute(
        "DROP FUNCTION IF EXISTS catalog.split_name, catalog.asset_set_words, catalog.asset_touch_words, "
        "catalog.tag_touch_words, catalog.active_encoder, catalog.phrase, catalog.normal_phrase, "
        "catalog.timecode_at"
    )
