"""When a file was last read through, so that the service reads the oldest again by itself.

Nobody is held up: columns are added in an instant, and what takes long with millions of files
(dates of those that were read, indexes) is done afterwards, without a lock on the table. Broken
off there, it is done again from the beginning.

Revision ID: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("location", "verified_at", sa.DateTime(timezone=True), "when all of the file was last read"),
    (
        "location",
        "verify_after",
        sa.DateTime(timezone=True),
        "not to be read through again before; null: any time",
    ),
    (
        "location",
        "verify_error",
        sa.Text(),
        "what was wrong when it was last to be read through",
    ),
    (
        "service",
        "verify_from",
        sa.DateTime(timezone=True),
        "when the pace allows the next file to be read through; null: now",
    ),
)
_INDEXES = {
    "ix_location_verified_at": "(verified, verified_at NULLS FIRST)"
    " WHERE online AND asset_id IS NOT NULL",
    "ix_location_verify_error": "(id) WHERE verify_error IS NOT NULL",
}
# It was read when it came to be known as this asset's, or later.
_DATED = """
UPDATE catalog.location SET verified_at = held_since
WHERE id BETWEEN :first AND :last AND verified AND asset_id IS NOT NULL AND verified_at IS NULL
"""
_AT_ONCE = 20_000


def upgrade() -> None:
    for table, name, kind, comment in _COLUMNS:
        column = sa.Column(name, kind, nullable=True, comment=comment)
        op.add_column(table, column, schema="catalog", if_not_exists=True)
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        # Whoever waits here for others' transactions to end holds up nobody.
        before = connection.execute(sa.text("SHOW lock_timeout")).scalar_one()
        op.execute("SET lock_timeout = '10min'")
        ends = connection.execute(sa.text("SELECT min(id), max(id) FROM catalog.location"))
        first, last = ends.one()
        for start in range(first or 0, (last or -1) + 1, _AT_ONCE):
            given = {"first": start, "last": start + _AT_ONCE - 1}
            connection.execute(sa.text(_DATED), given)
        for name, what in _INDEXES.items():
            # One that was broken off is there, and is of no use.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS catalog.{name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON catalog.location {what}")
        op.execute(f"SET lock_timeout = '{before}'")


def downgrade() -> None:
    for name in reversed(_INDEXES):
        op.drop_index(name, "location", schema="catalog")
    for table, name, _, _ in reversed(_COLUMNS):
        op.drop_column(table, name, schema="catalog")
