"""Vectors of what is said.

Every encoder gives each spoken line a vector, beside those of the pictures. A sentence
encoder, which sees no pictures, may answer for speech in the active encoder's place.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
CREATE FUNCTION catalog.speech_encoder() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT id FROM catalog.encoder WHERE hears), catalog.active_encoder())
""",
    # The cost keeps the planner from calling this once per row where once will do.
    """
CREATE FUNCTION catalog.speech_phrase(phrase text) RETURNS halfvec
LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT COST 10000 AS $$
DECLARE
    found halfvec;
BEGIN
    SELECT p.vector INTO found FROM catalog.phrase p
    WHERE p.encoder_id = catalog.speech_encoder() AND p.text = catalog.normal_phrase($1);
    IF found IS NULL THEN
        RAISE EXCEPTION 'the phrase "%" has no vector under the encoder of speech', $1
        USING ERRCODE = 'no_data_found',
              HINT = 'Run the statement by: catalog sql "…", which encodes the phrases it finds.';
    END IF;
    RETURN found;
END $$
""",
    """
CREATE FUNCTION catalog.clip_text_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM catalog.speech_embedding WHERE clip_id = NEW.id;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER clip_text_changed AFTER UPDATE OF text, kind ON catalog.clip
FOR EACH ROW WHEN (OLD.kind = 'speech'
    AND (OLD.text IS DISTINCT FROM NEW.text OR NEW.kind <> 'speech'))
EXECUTE FUNCTION catalog.clip_text_changed()
""",
)

COMMENTS = {
    "FUNCTION catalog.speech_encoder()": "id of the encoder that answers for speech: a sentence encoder, else the active one",
    "FUNCTION catalog.speech_phrase(text)": "vector of a phrase under that encoder, to compare with catalog.speech; fails if it was never encoded",
    "FUNCTION catalog.clip_text_changed()": "forgets the vectors of a spoken line whose text was changed: it is encoded anew",
    "VIEW catalog.speech": "what is said in them, in seconds and timecode, with its vector under the encoder of speech",
}

OF_EACH_ENCODER = """
DO $$
DECLARE
    known record;
BEGIN
    FOR known IN SELECT id, dimension FROM catalog.encoder LOOP
        EXECUTE format(
            'CREATE TABLE catalog.%1$I PARTITION OF catalog.speech_embedding '
            '(CONSTRAINT %2$I CHECK (vector_dims(vector) = %3$s)) FOR VALUES IN (%4$s)',
            'speech_embedding_' || known.id, 'ck_speech_embedding_' || known.id || '_dimension',
            known.dimension, known.id);
        EXECUTE format('ALTER TABLE catalog.%I ALTER COLUMN vector SET STORAGE PLAIN',
            'speech_embedding_' || known.id);
    END LOOP;
END $$
"""

WITHOUT_SENTENCE_ENCODERS = """
DO $$
DECLARE
    known record;
BEGIN
    FOR known IN SELECT id FROM catalog.encoder WHERE NOT sees LOOP
        EXECUTE format('DROP TABLE catalog.%I', 'embedding_' || known.id);
        EXECUTE format('DROP TABLE catalog.%I', 'centre_' || known.id);
    END LOOP;
    DELETE FROM catalog.encoder WHERE NOT sees;
END $$
"""

SPEECH = """c.id AS clip_id, a.id AS asset_id, a.name, a.collection, a.recorded,
           c.text, coalesce(c.language, a.language) AS language, c.words,
           c.start_pts::float8 * a.time_base_num / a.time_base_den AS "start",
           c.end_pts::float8 * a.time_base_num / a.time_base_den AS "end",
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.start_pts, a.time_base_num, a.time_base_den) AS timecode_in,
           catalog.timecode_at(a.start_timecode, a.frame_rate_num, a.frame_rate_den,
               c.end_pts, a.time_base_num, a.time_base_den) AS timecode_out"""
SAID = """FROM catalog.clip c JOIN catalog.asset a ON a.id = c.asset_id"""
CURRENT = "WHERE c.kind = 'speech' AND a.superseded_by IS NULL"
VIEW = f"""CREATE OR REPLACE VIEW catalog.speech AS SELECT {SPEECH}, e.vector AS embedding {SAID}
    LEFT JOIN catalog.speech_embedding e
        ON e.clip_id = c.id AND e.encoder_id = catalog.speech_encoder()
    {CURRENT}"""
VIEW_BEFORE = f"CREATE VIEW catalog.speech AS SELECT {SPEECH} {SAID} {CURRENT}"

# The role may be missing where the server did not let us make it (see 0001).
READER = """
DO $$
BEGIN
    GRANT SELECT ON {what} TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.add_column(
        "encoder",
        sa.Column(
            "sees",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="encodes pictures and words; false: a sentence encoder, of speech alone",
        ),
        schema="catalog",
    )
    op.add_column(
        "encoder",
        sa.Column(
            "hears",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a sentence encoder that answers for speech in the active encoder's place; "
            "one at most",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_encoder_senses"), "encoder", "CASE WHEN sees THEN NOT hears ELSE NOT active END",
        schema="catalog",
    )  # fmt: skip
    op.create_index(
        "uq_encoder_hears",
        "encoder",
        ["hears"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("hears"),
    )
    op.create_index(
        "ix_clip_speech",
        "clip",
        ["id"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("kind = 'speech'"),
    )
    _create_table()
    for statement in (*FUNCTIONS, OF_EACH_ENCODER, VIEW):
        op.execute(statement)
    for named, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {named} IS '{comment.replace(chr(39), chr(39) * 2)}'")
    op.execute(READER.format(what="catalog.speech_embedding"))


def _create_table() -> None:
    op.create_table(
        "speech_embedding",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "asset_id", sa.BigInteger(), nullable=False, comment="the clip's, repeated for filters"
        ),
        sa.Column(
            "vector", HALFVEC(), nullable=False, comment="of unit length, in half precision"
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"],
            ["catalog.clip.id"],
            name=op.f("fk_speech_embedding_clip_id_clip"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_speech_embedding_encoder_id_encoder"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "clip_id", name=op.f("pk_speech_embedding")),
        schema="catalog",
        comment="One encoder's unit vector of one spoken line; one partition per encoder",
        postgresql_partition_by="LIST (encoder_id)",
    )
    for column in ("asset_id", "clip_id"):
        op.create_index(
            op.f(f"ix_speech_embedding_{column}"),
            "speech_embedding",
            [column],
            unique=False,
            schema="catalog",
        )


def downgrade() -> None:
    op.execute("DROP VIEW catalog.speech")
    op.execute(VIEW_BEFORE)
    op.execute(
        "COMMENT ON VIEW catalog.speech IS 'what is said in them, in seconds and timecode'"
    )
    op.execute(READER.format(what="catalog.speech"))
    op.execute("DROP TRIGGER clip_text_changed ON catalog.clip")
    op.execute("DROP FUNCTION catalog.clip_text_changed(), catalog.speech_phrase(text), "
               "catalog.speech_encoder()")  # fmt: skip
    op.drop_table("speech_embedding", schema="catalog")
    op.drop_index("ix_clip_speech", table_name="clip", schema="catalog")
    op.execute(WITHOUT_SENTENCE_ENCODERS)
    op.drop_index("uq_encoder_hears", table_name="encoder", schema="catalog")
    op.drop_constraint(op.f("ck_encoder_senses"), "encoder", schema="catalog", type_="check")
    op.drop_column("encoder", "hears", schema="catalog")
    op.drop_column("encoder", "sees", schema="catalog")
