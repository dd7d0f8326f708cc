"""What is due is sent again, what failed is tried again, and the service can be paused.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

GRANT = """
DO $$ BEGIN
    GRANT SELECT ON catalog.service TO catalog_reader;
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
    RAISE WARNING 'role catalog_reader not prepared: %', SQLERRM;
END $$
"""


def _columns() -> list[sa.Column]:
    return [
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="since when it waits, or last waited",
        ),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when workers were last told of it",
        ),
        sa.Column(
            "lost",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="workers that ended over it without a word, since it was last done",
        ),
        sa.Column(
            "tries",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="failures since it was last done",
        ),
        sa.Column(
            "retry_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when what failed is tried again by itself; null: only if a person asks",
        ),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column("stage", column, schema="catalog")
    op.create_check_constraint(
        op.f("ck_stage_retry"), "stage", "retry_at IS NULL OR state = 'failed'", schema="catalog"
    )
    op.create_table(
        "service",
        sa.Column(
            "single",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="true: there is but one row",
        ),
        sa.Column(
            "paused_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when workers leave work due; null: they work",
        ),
        sa.Column("paused_by", sa.Text(), nullable=True, comment="who said so, and why"),
        sa.CheckConstraint("single", name=op.f("ck_service_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_service")),
        schema="catalog",
        comment="The one row about the service as a whole",
    )
    op.execute("INSERT INTO catalog.service DEFAULT VALUES")
    op.execute(GRANT)


def downgrade() -> None:
    op.drop_table("service", schema="catalog")
    op.drop_constraint(op.f("ck_stage_retry"), "stage", schema="catalog", type_="check")
    for column in _columns():
        op.drop_column("stage", column.name, schema="catalog")
