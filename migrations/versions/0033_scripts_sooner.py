"""Scripts: what is said has an index of its words of its own; vectors are sent as they lie there.

A word of a script is met in every shot under a spoken line as well as in the line. And pgvector
sends each number of a halfvec by itself, which takes longer than to read, join and copy it: the
same bytes as a bytea are sent at once. PostgreSQL has no such cast, but its own function from
bytea to bytea does not look at what is in them. Only a superuser may say so, and only where a
number's lower byte comes first do the bytes mean the same to us; elsewhere there is no such
function, and vectors are sent as before.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

VECTOR_BYTES = r"""
DO $do$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    CREATE FUNCTION catalog.vector_bytes(vector halfvec) RETURNS bytea
    LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteasend';
    IF catalog.vector_bytes('[1,2]') = '\x02000000003c0040' THEN
        COMMENT ON FUNCTION catalog.vector_bytes(halfvec) IS
        'a vector as it lies in memory: its dimension, a zero (2 bytes each), its halves; the lower byte first';
    ELSE
        DROP FUNCTION catalog.vector_bytes(halfvec);
    END IF;
END $do$
"""


def upgrade() -> None:
    op.create_index(
        "ix_clip_spoken_words",
        "clip",
        ["words"],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        # Spelt as only a script's statement is: in others it would be one choice more.
        postgresql_where=sa.text("kind IS NOT DISTINCT FROM 'speech'"),
    )
    op.execute(VECTOR_BYTES)


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS catalog.vector_bytes(halfvec)")
    op.drop_index("ix_clip_spoken_words", table_name="clip", schema="catalog")
