"""Encoding is due from the moment an asset is analysed.

Until now its row came with its end, so that whoever asked what waits had to look at every asset.

Revision ID: 0028
Revises: 0027
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        INSERT INTO catalog.stage (asset_id, name)
        SELECT asset_id, 'encode' FROM catalog.stage
        WHERE name = 'analyse' AND state = 'done'
        ON CONFLICT DO NOTHING
    """)


def downgrade() -> None:
    op.execute("DELETE FROM catalog.stage WHERE name = 'encode' AND state = 'due' AND attempts = 0")
