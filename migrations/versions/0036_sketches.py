"""Sketches: an asset's centres in few numbers, in one row.

A filter that keeps very many centres far from the query is answered by a scan of them. Most of
it is a row and a vector met for each; a first look at sketches leaves only the nearest for that.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_BEFORE = """
CREATE OR REPLACE FUNCTION catalog.make_centres(of_encoder integer, of_clips bigint[]) RETURNS void
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

# Statements of their own: they see what was marked by then. Mostly there is nothing to mark, and
# no row is locked, for assets are sketched long after their vectors were written. All who write
# sketches lock them in the order of their assets.
_FORGET_SKETCHES = """;
    PERFORM FROM sketch
    WHERE encoder_id = of_encoder AND basis_id IS NOT NULL
      AND asset_id IN (SELECT c.asset_id FROM clip c WHERE c.id = ANY (of_clips))
    ORDER BY asset_id FOR NO KEY UPDATE;
    IF FOUND THEN
        UPDATE sketch SET basis_id = NULL, clips = NULL, vectors = NULL
        WHERE encoder_id = of_encoder AND basis_id IS NOT NULL
          AND asset_id IN (SELECT c.asset_id FROM clip c WHERE c.id = ANY (of_clips));
    END IF;
END $$
"""

_READER = """
DO $$
BEGIN
    GRANT SELECT ON catalog.sketch, catalog.sketch_basis TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "sketch_basis",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column(
            "directions",
            sa.LargeBinary(),
            nullable=False,
            comment="orthonormal rows, the most telling first: float32, little-endian",
        ),
        sa.Column(
            "moments",
            sa.LargeBinary(),
            nullable=False,
            comment="mean square of the centres along each direction: float32, little-endian",
        ),
        sa.Column(
            "numbers",
            sa.Integer(),
            nullable=False,
            comment="how many directions a sketch tells of",
        ),
        sa.Column(
            "made_of",
            sa.BigInteger(),
            nullable=False,
            comment="centres there were when it was made, about",
        ),
        sa.Column(
            "filled_at",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="centres there were when all had been sketched, about",
        ),
        sa.Column(
            "awaits",
            sa.BigInteger(),
            nullable=True,
            comment="sketches are being made: once all transactions before this one have ended",
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_sketch_basis_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sketch_basis")),
        schema="catalog",
        comment="The directions in which an encoder's centres differ most; sketches tell of the "
        "first ones",
    )
    op.create_index(
        op.f("ix_sketch_basis_encoder_id"), "sketch_basis", ["encoder_id"], schema="catalog"
    )
    op.create_table(
        "sketch",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("encoder_id", sa.Integer(), nullable=False),
        sa.Column(
            "basis_id",
            sa.Integer(),
            nullable=True,
            comment="whose directions it tells of; negative: it is being made; "
            "null: the centres have changed",
        ),
        sa.Column(
            "clips",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=True,
            comment="of each centre its clip",
        ),
        sa.Column(
            "vectors",
            postgresql.ARRAY(HALFVEC()),
            nullable=True,
            comment="of each centre how far it goes in the basis's first directions",
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["catalog.asset.id"],
            name=op.f("fk_sketch_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["encoder_id"],
            ["catalog.encoder.id"],
            name=op.f("fk_sketch_encoder_id_encoder"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("asset_id", "encoder_id", name=op.f("pk_sketch")),
        schema="catalog",
        comment="An asset's centres in few numbers, in one row, for a first look at very many",
    )
    op.create_index(
        "ix_sketch_made", "sketch", ["encoder_id", "asset_id", "basis_id"], schema="catalog"
    )
    # Numbers without a pattern do not compress, and what fits a page is read with its row.
    op.execute(
        "ALTER TABLE catalog.sketch ALTER COLUMN clips SET STORAGE EXTERNAL, "
        "ALTER COLUMN vectors SET STORAGE EXTERNAL"
    )
    op.execute("ALTER TABLE catalog.sketch SET (toast_tuple_target = 8160)")
    body, _, _ = _BEFORE.rpartition(";\nEND $$")
    op.execute(body + _FORGET_SKETCHES)
    op.execute(_READER)


def downgrade() -> None:
    op.execute(_BEFORE)
    op.drop_table("sketch", schema="catalog")
    op.drop_table("sketch_basis", schema="catalog")
