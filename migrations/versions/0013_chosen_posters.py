"""Posters that a person chose outlive another analysis.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "frame",
        sa.Column(
            "poster_by_person",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a person chose it; analysing again leaves it",
        ),
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_column("frame", "poster_by_person", schema="catalog")
