"""Sidecars.

What files beside an asset's, and the texts within it, say of it; the keyword
text of clips, so that a shot is found by what is said and logged over it.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A shot's text is all that overlaps it, in order: a phrase may go on from one subtitle to the next.
CLIP_WORDS = """
CREATE FUNCTION catalog.clip_words(c catalog.clip) RETURNS tsvector
LANGUAGE sql STABLE
RETURN setweight(to_tsvector('simple', left(coalesce(catalog.split_name(
    CASE WHEN c.kind <> 'shot' THEN c.text
    ELSE (SELECT string_agg(o.text, ' ' ORDER BY o.start_pts, o.id) FROM catalog.clip o
          WHERE o.asset_id = c.asset_id AND o.kind IN ('speech', 'subclip')
            AND o.start_pts < c.end_pts AND o.end_pts > c.start_pts)
    END), ''), 100000)), 'C')
"""

CLIP_TRIGGERS = (
    """
    CREATE FUNCTION catalog.clip_set_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.words := catalog.clip_words(NEW);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER clip_words BEFORE INSERT
        OR UPDATE OF asset_id, kind, text, start_pts, end_pts ON catalog.clip
    FOR EACH ROW EXECUTE FUNCTION catalog.clip_set_words()
    """,
    # One asset at a time: the planner knows nothing of a transition table, and
    # would read all clips to join it.
    """
    CREATE FUNCTION catalog.spread_words(of_asset bigint) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog.clip SET words = fresh.words
        FROM (SELECT s.id, catalog.clip_words(s) AS words FROM catalog.clip s
              WHERE s.asset_id = of_asset AND s.kind = 'shot') fresh
        WHERE clip.id = fresh.id AND clip.words <> fresh.words;
        UPDATE catalog.asset SET name = name WHERE id = of_asset AND kind = 'audio';
    END $$
    """,
    """
    CREATE FUNCTION catalog.clip_spread_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM catalog.spread_words(c.asset_id)
        FROM (SELECT DISTINCT asset_id FROM changed WHERE kind <> 'shot') c;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER clip_words_insert AFTER INSERT ON catalog.clip
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.clip_spread_words()
    """,
    """
    CREATE TRIGGER clip_words_delete AFTER DELETE ON catalog.clip
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION catalog.clip_spread_words()
    """,
    """
    CREATE FUNCTION catalog.clip_touch_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM catalog.spread_words(OLD.asset_id);
        IF NEW.asset_id <> OLD.asset_id THEN
            PERFORM catalog.spread_words(NEW.asset_id);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER clip_words_update
    AFTER UPDATE OF asset_id, kind, text, start_pts, end_pts ON catalog.clip
    FOR EACH ROW WHEN (OLD.kind <> 'shot' OR NEW.kind <> 'shot')
    EXECUTE FUNCTION catalog.clip_touch_words()
    """,
)

ASSET_WORDS_HEAD = """
CREATE OR REPLACE FUNCTION catalog.asset_words(a catalog.asset) RETURNS tsvector
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

# A sound has no shots that could carry what is said in it.
ASSET_WORDS_SPOKEN = """
    || CASE WHEN a.kind = 'audio' THEN
        setweight(to_tsvector('simple', left(coalesce(catalog.split_name(
            (SELECT string_agg(c.text, ' ' ORDER BY c.start_pts, c.id)
             FROM catalog.clip c WHERE c.asset_id = a.id)), ''), 100000)), 'C')
       ELSE ''::tsvector END
"""

ASSET_TRIGGER = """
CREATE TRIGGER asset_words BEFORE INSERT
    OR UPDATE OF name, kind, title, description, collection, metadata ON catalog.asset
FOR EACH ROW EXECUTE FUNCTION catalog.asset_set_words()
"""

ASSET_TRIGGER_BEFORE = """
CREATE TRIGGER asset_words BEFORE INSERT
    OR UPDATE OF name, title, description, collection, metadata ON catalog.asset
FOR EACH ROW EXECUTE FUNCTION catalog.asset_set_words()
"""

COMMENTS = {
    "FUNCTION catalog.clip_words(catalog.clip)": "keyword text of a clip: its own; of a shot, what is said and logged over it",
    "FUNCTION catalog.clip_set_words()": "keeps clip.words when the clip changes",
    "FUNCTION catalog.spread_words(bigint)": "makes the words of an asset's shots (of a sound, its own) anew from its speech and subclips",
    "FUNCTION catalog.clip_spread_words()": "has words made anew when speech or subclips come or go",
    "FUNCTION catalog.clip_touch_words()": "has words made anew when speech or a subclip changes",
    "FUNCTION catalog.asset_words(catalog.asset)": "keyword text of an asset: names A, tags B, description, collection and what is said in a sound C, paths and metadata D",
}

# As in 0001: a hosted server may have no such role.
READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.sidecar TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "sidecar",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="absolute, as shown to people; of embedded texts, the file",
        ),
        sa.Column(
            "raw_path",
            sa.LargeBinary(),
            nullable=False,
            comment="the path's bytes; empty: embedded texts",
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="xmp, json, csv, ale, edl, subtitles or embedded",
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False, comment="when last read"),
        sa.Column(
            "modified_ns",
            sa.BigInteger(),
            nullable=False,
            comment="mtime in nanoseconds since the epoch",
        ),
        sa.Column(
            "said",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="columns, tags and metadata it names; its clips refer to it",
        ),
        sa.Column("error_code", sa.Text(), nullable=True, comment="why it could not be read"),
        sa.Column("error_message", sa.Text(), nullable=True, comment="the same in words"),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when it was last read",
        ),
        sa.CheckConstraint(
            "kind IN ('xmp', 'json', 'csv', 'ale', 'edl', 'subtitles', 'embedded')",
            name=op.f("ck_sidecar_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_sidecar_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecar")),
        sa.UniqueConstraint("asset_id", "raw_path", name=op.f("uq_sidecar_asset_id_raw_path")),
        comment="A file beside an asset's, or the texts within it, and what it says of the asset",
        schema="catalog",
    )
    op.add_column(
        "asset",
        sa.Column(
            "sidecars",
            postgresql.JSONB(),
            nullable=True,
            comment="seen: what lay beside its files when last read; own: what the file itself said",
        ),
        schema="catalog",
    )
    op.add_column(
        "asset_tag",
        sa.Column(
            "from_sidecar",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a sidecar said so, and no person",
        ),
        schema="catalog",
    )
    op.add_column(
        "clip",
        sa.Column(
            "sidecar_id",
            sa.BigInteger(),
            nullable=True,
            comment="what said so; null: a person, or the cut detector",
        ),
        schema="catalog",
    )
    op.add_column(
        "clip",
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            server_default=sa.text("''::tsvector"),
            nullable=False,
            comment="keyword text: its own; of a shot, what is said and logged over it",
        ),
        schema="catalog",
    )
    op.create_foreign_key(
        op.f("fk_clip_sidecar_id_sidecar"),
        "clip",
        "sidecar",
        ["sidecar_id"],
        ["id"],
        source_schema="catalog",
        referent_schema="catalog",
        ondelete="CASCADE",
    )
    op.create_index(
        op.f("ix_clip_sidecar_id"),
        "clip",
        ["sidecar_id"],
        schema="catalog",
        postgresql_where=sa.text("sidecar_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_clip_words"), "clip", ["words"], schema="catalog", postgresql_using="gin"
    )
    op.execute(CLIP_WORDS)
    for statement in CLIP_TRIGGERS:
        op.execute(statement)
    op.execute(ASSET_WORDS_HEAD + ASSET_WORDS_SPOKEN)
    op.execute("DROP TRIGGER asset_words ON catalog.asset")
    op.execute(ASSET_TRIGGER)
    for named, comment in COMMENTS.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON {named} IS '{quoted}'")
    # Speech and subclips that were there before: their own words, then their shots'.
    op.execute("UPDATE catalog.clip SET text = text WHERE kind <> 'shot'")
    op.execute(READER)


def downgrade() -> None:
    op.execute(
        "DROP TRIGGER clip_words ON catalog.clip; "
        "DROP TRIGGER clip_words_insert ON catalog.clip; "
        "DROP TRIGGER clip_words_delete ON catalog.clip; "
        "DROP TRIGGER clip_words_update ON catalog.clip; "
        "DROP TRIGGER asset_words ON catalog.asset"
    )
    op.execute(
        "DROP FUNCTION catalog.clip_set_words, catalog.clip_spread_words, "
        "catalog.clip_touch_words, catalog.spread_words, catalog.clip_words"
    )
    op.execute(ASSET_WORDS_HEAD)
    op.execute(ASSET_TRIGGER_BEFORE)
    op.execute(
        "COMMENT ON FUNCTION catalog.asset_words(catalog.asset) IS "
        "'keyword text of an asset: names A, tags B, description and collection C, "
        "paths and metadata D'"
    )
    # What sidecars said goes with the table that knows it was they.
    op.execute("DELETE FROM catalog.clip WHERE sidecar_id IS NOT NULL")
    op.drop_column("clip", "words", schema="catalog")
    op.drop_column("clip", "sidecar_id", schema="catalog")
    op.drop_column("asset_tag", "from_sidecar", schema="catalog")
    op.drop_column("asset", "sidecars", schema="catalog")
    op.drop_table("sidecar", schema="catalog")
