"""What was done lately is known by an index.

Rates and timings of the last hour and day are asked for every minute by whoever watches the
service; of a million assets few were done since.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_stage_done_lately",
        "stage",
        ["finished_at"],
        schema="catalog",
        postgresql_where=sa.text("state = 'done'"),
    )


def downgrade() -> None:
    op.drop_index("ix_stage_done_lately", table_name="stage", schema="catalog")
