"""Watch folders.

How a root is watched and which folder it was when its storage was last seen; when a watcher
found an asset's file settled, and when the asset was searchable for the first time.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def columns() -> list[tuple[str, sa.Column]]:
    """Table and column of all that is new; made anew, for a column belongs to one table."""
    return [
        (
            "root",
            sa.Column(
                "watch",
                postgresql.JSONB(),
                server_default=sa.text("'{}'::jsonb"),
                nullable=False,
                comment="how it is watched, as far as it differs from the default",
            ),
        ),
        (
            "root",
            sa.Column(
                "device",
                sa.BigInteger(),
                comment="of the file system, when it was last known to be the right one",
            ),
        ),
        ("root", sa.Column("inode", sa.BigInteger(), comment="which folder it was there")),
        (
            "root",
            sa.Column(
                "paused_at",
                MOMENT,
                comment="since when its storage is away; null: it is there, or nobody watches it",
            ),
        ),
        ("root", sa.Column("paused_why", sa.Text(), comment="how that shows, in words")),
        (
            "asset",
            sa.Column(
                "settled_at",
                MOMENT,
                comment="when a watcher found its first file settled; null: no watcher brought it",
            ),
        ),
        (
            "stage",
            sa.Column(
                "first_done_at",
                MOMENT,
                comment="when it was done for the first time; of encode: searchable since",
            ),
        ),
    ]


CHECKS = (
    ("watch", "jsonb_typeof(watch) = 'object'"),
    ("paused", "(paused_at IS NULL) = (paused_why IS NULL)"),
)


def upgrade() -> None:
    for table, column in columns():
        op.add_column(table, column, schema="catalog")
    for name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_root_{name}"), "root", condition, schema="catalog")
    # The best that is known of what was done before.
    op.execute("UPDATE catalog.stage SET first_done_at = finished_at WHERE state = 'done'")


def downgrade() -> None:
    for name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_root_{name}"), "root", schema="catalog", type_="check")
    for table, column in reversed(columns()):
        op.drop_column(table, column.name, schema="catalog")
