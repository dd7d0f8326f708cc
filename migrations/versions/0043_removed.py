"""What was forgotten, until no file of it is left in the frame store.

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_GRANT = """
DO $$ BEGIN
    GRANT SELECT ON catalog.removed TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "removed",
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="as of `asset`"),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when; hours later its files are looked for once more",
        ),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_removed")),
        schema="catalog",
        comment="Content that was forgotten; of what is kept of it, files may still lie in the frame store",
    )
    op.create_index(op.f("ix_removed_at"), "removed", ["at"], schema="catalog")
    op.execute(_GRANT)


def downgrade() -> None:
    op.drop_table("removed", schema="catalog")
