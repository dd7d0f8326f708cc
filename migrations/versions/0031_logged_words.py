"""The words of what is logged have an index of their own.

A script asks which shots are logged with its words; in the index of all clips each of them is met
a thousand times in what is said.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_clip_logged_words",
        "clip",
        ["words"],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("kind = 'subclip'"),
    )


def downgrade() -> None:
    op.drop_index("ix_clip_logged_words", table_name="clip", schema="catalog")
