"""SQL as an interface.

Views of assets and of what is said, and a procedure that has a running service
encode a phrase: it asks over NOTIFY and waits until the vector is there.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

VIEWS = (
    """
    CREATE VIEW catalog.assets AS
    SELECT a.id AS asset_id, a.name, a.kind, a.title, a.description, a.collection, a.recorded,
           a.created_at AS added, a.codec, a.container, a.width, a.height, a.duration,
           a.frame_rate_num::float8 / a.frame_rate_den AS fps, a.size_bytes, a.language,
           a.start_timecode, a.audio_codec, a.audio_channels, a.metadata, a.words,
           ARRAY(SELECT t.name FROM catalog.asset_tag x JOIN catalog.tag t ON t.id = x.tag_id
                 WHERE x.asset_id = a.id ORDER BY t.name) AS tags,
           (SELECT min(l.path) FROM catalog.location l
            WHERE l.asset_id = a.id AND l.online) AS path
    FROM catalog.asset a
    WHERE a.kind IS NOT NULL
    """,
    """
    CREATE VIEW catalog.speech AS
    SELECT c.id AS clip_id, a.id AS asset_id, a.name, a.collection, a.recorded,
           c.text, coalesce(c.language, a.language) AS language, c.words,
           c.start_pts::float8 * a.time_base_num / a.time_base_den AS "start",
           c.end_pts::float8 * a.time_base_num / a.time_base_den AS "end",
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.start_pts, a.time_base_num, a.time_base_den) AS timecode_in,
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.end_pts, a.time_base_num, a.time_base_den) AS timecode_out
    FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id
    WHERE c.kind = 'speech'
    """,
)

# Whoever may call the procedure need not be able to read the table.
PHRASE_KNOWN = """
CREATE FUNCTION catalog.phrase_known(phrase text) RETURNS boolean
LANGUAGE sql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM catalog.phrase p JOIN catalog.encoder e ON e.id = p.encoder_id
        WHERE e.active AND p.text = catalog.normal_phrase($1))
$$
"""

# A service that answers holds an advisory lock, so that nobody waits where nobody answers.
# The notice is repeated: the service may just be starting. It is sent when the procedure
# commits, which is why it cannot be called inside a transaction.
ENCODE_PHRASE = """
CREATE PROCEDURE catalog.encode_phrase(phrase text, timeout_s double precision DEFAULT 30)
LANGUAGE plpgsql AS $$
DECLARE
    wanted text := catalog.normal_phrase(phrase);
    until timestamptz := clock_timestamp() + make_interval(secs => least(greatest(timeout_s, 0), 600));
    round integer := 0;
BEGIN
    IF wanted IS NULL OR wanted = '' OR octet_length(wanted) > 2000 THEN
        RAISE EXCEPTION 'a phrase of % bytes cannot be encoded; expected 1 to 2000',
            coalesce(octet_length(wanted), 0) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    WHILE NOT catalog.phrase_known(wanted) LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_locks
                       WHERE locktype = 'advisory' AND granted AND database =
                           (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                       AND classid = 1885893219 AND objid = 1) THEN
            RAISE EXCEPTION 'no service is running that could encode "%"', wanted
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Start one: catalog serve-phrases (catalog up has it); or run the statement by: catalog sql "…", which encodes the phrases it finds.';
        END IF;
        IF clock_timestamp() > until THEN
            RAISE EXCEPTION 'the phrase "%" was not encoded within % s', wanted, timeout_s
            USING ERRCODE = 'query_canceled',
                  HINT = 'The service may be busy, or lack the weights of the encoder: see its log.';
        END IF;
        IF round % 50 = 0 THEN
            PERFORM pg_catalog.pg_notify('catalog_phrase', wanted);
        END IF;
        round := round + 1;
        COMMIT;
        PERFORM pg_catalog.pg_sleep(0.02);
    END LOOP;
END $$
"""

COMMENTS = {
    "VIEW catalog.assets": "every analysed asset, with tags and a path",
    "VIEW catalog.speech": "what is said, in seconds and timecode",
    "FUNCTION catalog.phrase_known(text)": "whether the phrase has a vector under the active encoder",
    "PROCEDURE catalog.encode_phrase(text, double precision)": "has a running service make the vector of a phrase, and waits for it",
}

GRANTS = """
DO $$ BEGIN
    GRANT SELECT ON catalog.assets, catalog.speech TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    for statement in (*VIEWS, PHRASE_KNOWN, ENCODE_PHRASE, GRANTS):
        op.execute(statement)
    for named, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {named} IS '{comment}'")


def downgrade() -> None:
    # Made by the program when it opens the catalogue; see catalog/store/search/function.py.
    op.execute("""
        DO $$ DECLARE f regprocedure; BEGIN
            FOR f IN SELECT oid FROM pg_proc WHERE proname = 'search'
                     AND pronamespace = 'catalog'::regnamespace LOOP
                EXECUTE format('DROP FUNCTION %s', f);
            END LOOP;
        END $$
    """)
    op.execute("DROP PROCEDURE catalog.encode_phrase(text, double precision)")
    op.execute("DROP FUNCTION catalog.phrase_known(text)")
    op.execute("DROP VIEW catalog.speech, catalog.assets")
