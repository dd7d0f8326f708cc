"""Centres.

One vector for the frames of a shot that lie close together, kept by a trigger.
Wide searches ask these, which are fewer than the frames, and then look at the
frames of the shots they found. The index over every frame goes.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# The frames come in the order of time; each run of them that stays within the
# reach of its first has one centre.
CENTRES_OF = """
CREATE FUNCTION catalog.centres_of(vectors halfvec[], reach double precision DEFAULT 0.05)
RETURNS TABLE (part integer, centre halfvec)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT SET search_path = catalog, public AS $$
DECLARE
    each halfvec;
    opening halfvec;
    total vector;
BEGIN
    part := 0;
    FOREACH each IN ARRAY vectors LOOP
        IF opening IS NULL THEN
            opening := each;
            total := each::vector;
        -- False where a vector of zeros has no direction: it stays with the others.
        ELSIF (opening <=> each) > reach AND (opening <=> each) <> 'NaN' THEN
            centre := l2_normalize(total)::halfvec;
            RETURN NEXT;
            part := part + 1;
            opening := each;
            total := each::vector;
        ELSE
            total := total + each::vector;
        END IF;
    END LOOP;
    IF opening IS NOT NULL THEN
        centre := l2_normalize(total)::halfvec;
        RETURN NEXT;
    END IF;
END $$
"""

# Two writers may bring frames of one shot: the second waits at the clip's row,
# and its next statement sees what the first has brought.
MAKE_CENTRES = """
CREATE FUNCTION catalog.make_centres(of_encoder integer, of_clips bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = catalog, public AS $$
BEGIN
    PERFORM FROM clip WHERE id = ANY (of_clips) ORDER BY id FOR NO KEY UPDATE;
    WITH gathered AS MATERIALIZED (
        SELECT e.clip_id, min(e.asset_id) AS asset_id,
               array_agg(e.vector ORDER BY e.frame_id) AS vectors
        FROM embedding e
        WHERE e.encoder_id = of_encoder AND e.clip_id = ANY (of_clips)
        GROUP BY e.clip_id
    ), wanted AS MATERIALIZED (
        SELECT g.clip_id, g.asset_id, c.part, c.centre
        FROM gathered g CROSS JOIN LATERAL centres_of(g.vectors) c
    ), written AS (
        INSERT INTO centre AS old (encoder_id, clip_id, part, asset_id, vector)
        SELECT of_encoder, w.clip_id, w.part, w.asset_id, w.centre FROM wanted w
        ON CONFLICT (encoder_id, clip_id, part) DO UPDATE SET vector = excluded.vector
        WHERE old.vector <> excluded.vector
    )
    DELETE FROM centre c
    WHERE c.encoder_id = of_encoder AND c.clip_id = ANY (of_clips)
      AND NOT EXISTS (SELECT FROM wanted w WHERE w.clip_id = c.clip_id AND w.part = c.part);
END $$
"""

EMBEDDING_ADDED = """
CREATE FUNCTION catalog.embedding_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM catalog.make_centres(a.encoder_id, array_agg(DISTINCT a.clip_id))
    FROM added a GROUP BY a.encoder_id;
    RETURN NULL;
END $$
"""

TRIGGER = """
CREATE TRIGGER embedding_added AFTER INSERT ON {table}
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION catalog.embedding_added()
"""

# A statement that names the partition fires the partition's own trigger only.
OF_EACH_ENCODER = """
DO $$
DECLARE
    known record;
BEGIN
    FOR known IN
        SELECT e.id, e.dimension, p.relname FROM catalog.encoder e
        JOIN pg_class p ON p.relname = 'embedding_' || e.id
            AND p.relnamespace = 'catalog'::regnamespace
    LOOP
        EXECUTE format(
            'CREATE TABLE catalog.%1$I PARTITION OF catalog.centre '
            '(CONSTRAINT %2$I CHECK (vector_dims(vector) = %3$s)) FOR VALUES IN (%4$s)',
            'centre_' || known.id, 'ck_centre_' || known.id || '_dimension',
            known.dimension, known.id);
        EXECUTE format('ALTER TABLE catalog.%I ALTER COLUMN vector SET STORAGE PLAIN',
            'centre_' || known.id);
        EXECUTE format('DROP INDEX IF EXISTS catalog.%I', 'ix_' || known.relname || '_hnsw');
        PERFORM catalog.make_centres(known.id, array_agg(DISTINCT clip_id))
        FROM catalog.embedding WHERE encoder_id = known.id;
        EXECUTE format(
            'CREATE TRIGGER embedding_added AFTER INSERT ON catalog.%I REFERENCING NEW TABLE AS '
            'added FOR EACH STATEMENT EXECUTE FUNCTION catalog.embedding_added()', known.relname);
    END LOOP;
END $$
"""

COMMENTS = {
    "centres_of(halfvec[], double precision)": "the middle of each run of vectors that stay within the reach (cosine distance) of its first",
    "make_centres(integer, bigint[])": "makes the centres of these clips anew from the vectors of their frames",
    "embedding_added()": "keeps the centres of the clips whose frames got a vector",
}

# The role may be missing where the server did not let us make it (see 0001).
READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.centre TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_index(
        op.f("ix_embedding_clip_id"), "embedding", ["clip_id"], unique=False, schema="catalog"
    )
    op.create_table(
        "centre",
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column("clip_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "part",
            sa.Integer(),
            nullable=False,
            comment="which run of like frames of the clip, from 0",
        ),
        sa.Column(
            "asset_id", sa.BigInteger(), nullable=False, comment="the clip's, repeated for filters"
        ),
        sa.Column(
            "vector",
            HALFVEC(),
            nullable=False,
            comment="mean direction of the run, of unit length, in half precision",
        ),
        sa.ForeignKeyConstraint(
            ["clip_id"],
            ["catalog.clip.id"],
            name=op.f("fk_centre_clip_id_clip"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_centre_encoder_id_encoder"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("encoder_id", "clip_id", "part", name=op.f("pk_centre")),
        schema="catalog",
        comment="For wide searches: one vector for the frames of a shot that lie close together",
        postgresql_partition_by="LIST (encoder_id)",
    )
    op.create_index(
        op.f("ix_centre_asset_id"), "centre", ["asset_id"], unique=False, schema="catalog"
    )
    op.create_index(op.f("ix_centre_clip_id"), "centre", ["clip_id"], unique=False, schema="catalog")
    for statement in (CENTRES_OF, MAKE_CENTRES, EMBEDDING_ADDED):
        op.execute(statement)
    op.execute(TRIGGER.format(table="catalog.embedding"))
    op.execute(OF_EACH_ENCODER)
    for function, comment in COMMENTS.items():
        op.execute(f"COMMENT ON FUNCTION catalog.{function} IS '{comment}'")
    op.execute(READER)


def downgrade() -> None:
    # The partitions' own triggers go with the function they call.
    op.execute("DROP FUNCTION catalog.embedding_added() CASCADE")
    op.execute("DROP FUNCTION catalog.make_centres(integer, bigint[])")
    op.execute("DROP FUNCTION catalog.centres_of(halfvec[], double precision)")
    op.drop_table("centre", schema="catalog")
    op.drop_index(op.f("ix_embedding_clip_id"), table_name="embedding", schema="catalog")
