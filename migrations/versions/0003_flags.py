"""Flags of shots.

Shots of black and of colour bars are told from the others, and left out of
searches unless they are asked for.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "clip",
        sa.Column(
            "flag",
            sa.Text(),
            nullable=True,
            comment="why the shot is left out of searches: black, bars; null: it is not",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_clip_flag"), "clip", "flag IN ('black', 'bars')", schema="catalog"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_clip_flag"), "clip", schema="catalog", type_="check")
    op.drop_column("clip", "flag", schema="catalog")
