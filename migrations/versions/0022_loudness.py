"""How loud the sound of assets is.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COLUMNS = {
    "loudness": "integrated loudness in LUFS (EBU R 128); null: nothing to hear, or not measured",
    "loudness_range": "between its soft and its loud parts, in LU (EBU Tech 3342)",
    "true_peak": "of the highest channel in dBTP; -120 is digital silence; null: not measured",
}


def upgrade() -> None:
    for name, comment in _COLUMNS.items():
        op.add_column("asset", sa.Column(name, sa.Double(), comment=comment), schema="catalog")
    op.create_index(op.f("ix_asset_loudness"), "asset", ["loudness"], schema="catalog")


def downgrade() -> None:
    op.drop_index(op.f("ix_asset_loudness"), table_name="asset", schema="catalog")
    for name in reversed(_COLUMNS):
        op.drop_column("asset", name, schema="catalog")
