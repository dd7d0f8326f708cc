"""Proxies by root.

Whether proxies are made of all that lies in a root.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "root",
        sa.Column(
            "proxy",
            sa.Text(),
            nullable=True,
            comment="always or never: whether proxies are made unasked;"
            " null: as the root above it says",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_root_proxy"), "root", "proxy IN ('always', 'never')", schema="catalog"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_root_proxy"), "root", schema="catalog", type_="check")
    op.drop_column("root", "proxy", schema="catalog")
