"""When a file was last read through, so that the service reads the oldest again by itself.

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
    ("verified_at", sa.DateTime(timezone=True), "when all of the file was last read"),
    ("verify_after", sa.DateTime(timezone=True), "not to be read through again before; null: any time"),
    ("verify_error", sa.Text(), "what was wrong when it was last to be read through"),
)


def upgrade() -> None:
    for name, kind, comment in _COLUMNS:
        column = sa.Column(name, kind, nullable=True, comment=comment)
        op.add_column("location", column, schema="catalog")
    op.add_column(
        "service",
        sa.Column(
            "verify_from",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the pace allows the next file to be read through; null: now",
        ),
        schema="catalog",
    )
    # It was read when it came to be known as this asset's, or later.
    op.execute(
        "UPDATE catalog.location SET verified_at = held_since"
        " WHERE verified AND asset_id IS NOT NULL"
    )
    op.create_index(
        "ix_location_verified_at",
        "location",
        ["verified", sa.text("verified_at NULLS FIRST")],
        schema="catalog",
        postgresql_where=sa.text("online AND asset_id IS NOT NULL"),
    )
    op.create_index(
        "ix_location_verify_error",
        "location",
        ["id"],
        schema="catalog",
        postgresql_where=sa.text("verify_error IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_location_verify_error", "location", schema="catalog")
    op.drop_index("ix_location_verified_at", "location", schema="catalog")
    op.drop_column("service", "verify_from", schema="catalog")
    for name, _, _ in _COLUMNS:
        op.drop_column("location", name, schema="catalog")
