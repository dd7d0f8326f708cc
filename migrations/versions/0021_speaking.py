"""Where somebody speaks in an asset.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "asset",
        sa.Column(
            "speaking",
            postgresql.INT8MULTIRANGE(),
            comment="where somebody speaks, in the asset's time base;"
            " null: never measured; empty: nobody speaks",
        ),
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_column("asset", "speaking", schema="catalog")
