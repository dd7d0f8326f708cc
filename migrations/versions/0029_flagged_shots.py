"""The few shots that searches leave out are known by an index.

A search of many shots need not look at each to know that it is no black, bars, leader or slate.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_clip_flagged",
        "clip",
        ["id"],
        schema="catalog",
        postgresql_where=sa.text("flag IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_clip_flagged", table_name="clip", schema="catalog")
