"""Slates and leaders, and flags that a person set.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BEFORE = "why the shot is left out of searches: black, bars; null: it is not"
_NOW = "why the shot is left out of searches: bars, black, leader, slate; null: it is not"


def upgrade() -> None:
    op.add_column(
        "clip",
        sa.Column(
            "flag_by_person",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a person said what the flag is; analysing again leaves it",
        ),
        schema="catalog",
    )
    op.alter_column("clip", "flag", comment=_NOW, existing_comment=_BEFORE, schema="catalog")
    op.drop_constraint(op.f("ck_clip_flag"), "clip", schema="catalog", type_="check")
    op.create_check_constraint(
        op.f("ck_clip_flag"),
        "clip",
        "flag IN ('bars', 'black', 'leader', 'slate')",
        schema="catalog",
    )


def downgrade() -> None:
    # Searched again, as before there were such flags.
    op.execute("UPDATE catalog.clip SET flag = NULL WHERE flag IN ('leader', 'slate')")
    op.drop_constraint(op.f("ck_clip_flag"), "clip", schema="catalog", type_="check")
    op.create_check_constraint(
        op.f("ck_clip_flag"), "clip", "flag IN ('black', 'bars')", schema="catalog"
    )
    op.alter_column("clip", "flag", comment=_BEFORE, existing_comment=_NOW, schema="catalog")
    op.drop_column("clip", "flag_by_person", schema="catalog")
