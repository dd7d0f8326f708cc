"""Settings of roots.

How densely pictures are sampled can be said for each root.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "root",
        sa.Column(
            "sampling",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="how its pictures are sampled, as far as it differs from the root above it",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_root_sampling"), "root", "jsonb_typeof(sampling) = 'object'", schema="catalog"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_root_sampling"), "root", schema="catalog", type_="check")
    op.drop_column("root", "sampling", schema="catalog")
