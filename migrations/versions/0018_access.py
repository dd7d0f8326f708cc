"""Access and hand-made selections.

What a token lets see, browsers that are logged in, writes that were answered already, and
who changed what. Items of a bin get an id of their own, which moving does not change.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def moment(name: str, comment: str | None = None) -> sa.Column:
    return sa.Column(
        name, MOMENT, server_default=sa.text("now()"), nullable=False, comment=comment
    )


def token_of(table: str, **options: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["token_id"], ["catalog.token.id"], name=op.f(f"fk_{table}_token_id_token"), **options
    )


def upgrade() -> None:
    op.add_column(
        "token",
        sa.Column(
            "collections",
            postgresql.ARRAY(sa.Text()),
            comment="all that it lets see; null: everything",
        ),
        schema="catalog",
    )
    op.create_check_constraint(
        op.f("ck_token_collections"),
        "token",
        "collections IS NULL OR role <> 'admin'",
        schema="catalog",
    )
    op.create_table(
        "web_session",
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="of the cookie's secret, which is not kept",
        ),
        sa.Column("token_id", sa.BigInteger(), nullable=False),
        moment("created_at"),
        sa.Column("expires_at", MOMENT, nullable=False, comment="when it has to be begun anew"),
        token_of("web_session", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_web_session")),
        comment="A browser in which somebody has logged in with a token",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_web_session_token_id"), "web_session", ["token_id"], schema="catalog"
    )
    op.create_table(
        "idempotency",
        sa.Column("principal", sa.Text(), nullable=False, comment="who asked"),
        sa.Column("key", sa.Text(), nullable=False, comment="as the asker chose it"),
        sa.Column(
            "request", sa.Text(), nullable=False, comment="digest of method, path and body"
        ),
        sa.Column("status", sa.Integer(), comment="of the answer; null: it is being worked on"),
        sa.Column("body", sa.Text(), comment="of the answer, JSON"),
        moment("created_at"),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("pk_idempotency")),
        comment="A write that bore an Idempotency-Key, and its answer",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_idempotency_created_at"), "idempotency", ["created_at"], schema="catalog"
    )
    _audit()
    _bins()


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        moment("at", "when"),
        sa.Column(
            "actor", sa.Text(), nullable=False, comment="user@host, or the name of a token"
        ),
        sa.Column(
            "token_id",
            sa.BigInteger(),
            comment="by which it was done; null: by nobody from outside",
        ),
        sa.Column("action", sa.Text(), nullable=False, comment="the verb"),
        sa.Column(
            "asset_ids",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'::bigint[]"),
            nullable=False,
            comment="of the assets it was done to",
        ),
        sa.Column(
            "details",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="what was before, and what is now",
        ),
        sa.CheckConstraint("jsonb_typeof(details) = 'object'", name=op.f("ck_audit_details")),
        token_of("audit", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        comment="Something that somebody changed",
        schema="catalog",
    )
    op.create_index(
        op.f("ix_audit_asset_ids"),
        "audit",
        ["asset_ids"],
        schema="catalog",
        postgresql_using="gin",
    )
    op.create_index(
        op.f("ix_audit_token_id"),
        "audit",
        ["token_id"],
        schema="catalog",
        postgresql_where=sa.text("token_id IS NOT NULL"),
    )


def _bins() -> None:
    op.add_column("bin", sa.Column("note", sa.Text(), comment="what it is for"), schema="catalog")
    op.add_column(
        "bin",
        moment("changed_at", "when it, or what is in it, was last changed"),
        schema="catalog",
    )
    op.drop_constraint(op.f("pk_bin_item"), "bin_item", schema="catalog", type_="primary")
    op.add_column(
        "bin_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        schema="catalog",
    )
    op.create_primary_key(op.f("pk_bin_item"), "bin_item", ["id"], schema="catalog")
    op.create_unique_constraint(
        op.f("uq_bin_item_bin_id_position"),
        "bin_item",
        ["bin_id", "position"],
        schema="catalog",
        deferrable=True,
        initially="DEFERRED",
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("uq_bin_item_bin_id_position"), "bin_item", schema="catalog", type_="unique"
    )
    op.drop_constraint(op.f("pk_bin_item"), "bin_item", schema="catalog", type_="primary")
    op.drop_column("bin_item", "id", schema="catalog")
    op.create_primary_key(
        op.f("pk_bin_item"), "bin_item", ["bin_id", "position"], schema="catalog"
    )
    op.drop_column("bin", "changed_at", schema="catalog")
    op.drop_column("bin", "note", schema="catalog")
    for table in ("audit", "idempotency", "web_session"):
        op.drop_table(table, schema="catalog")
    op.drop_constraint(op.f("ck_token_collections"), "token", schema="catalog", type_="check")
    op.drop_column("token", "collections", schema="catalog")
