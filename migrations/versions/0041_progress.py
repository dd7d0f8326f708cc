"""How far a piece of work is, that takes long.

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "stage",
        sa.Column(
            "progress",
            sa.Double(),
            nullable=True,
            comment="share of the media that the attempt is through, 0 to 1;"
            " null: that is not told of this work",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_stage_progress"), "stage", "progress BETWEEN 0 AND 1", schema="catalog"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_stage_progress"), "stage", schema="catalog", type_="check")
    op.drop_column("stage", "progress", schema="catalog")
