"""Who may ask, what they did, and what was answered already."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.db.models.base import SCHEMA, Base, cascade, identity, now


class Token(Base):
    """An API token; only its digest is kept."""

    __tablename__ = "token"

    id: Mapped[int] = identity()
    name: Mapped[str] = mapped_column(comment="whose it is, or what for")
    role: Mapped[str] = mapped_column(comment="viewer, editor or admin")
    digest: Mapped[str] = mapped_column(comment="of the secret, which is not kept")
    collections: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="all that it lets see; null: everything"
    )
    created_at: Mapped[datetime] = now()
    expires_at: Mapped[datetime | None] = mapped_column(comment="null: never")
    used_at: Mapped[datetime | None] = mapped_column(comment="last use")
    revoked_at: Mapped[datetime | None] = mapped_column(comment="null: in force")

    __table_args__ = (
        UniqueConstraint("digest"),
        CheckConstraint("role IN ('viewer', 'editor', 'admin')", name="role"),
        CheckConstraint("collections IS NULL OR role <> 'admin'", name="collections"),
    )


class WebSession(Base):
    """A browser in which somebody has logged in with a token."""

    __tablename__ = "web_session"

    digest: Mapped[str] = mapped_column(
        primary_key=True, comment="of the cookie's secret, which is not kept"
    )
    token_id: Mapped[int] = cascade("token.id")
    created_at: Mapped[datetime] = now()
    expires_at: Mapped[datetime] = mapped_column(comment="when it has to be begun anew")

    __table_args__ = (Index(None, "token_id"),)


class Idempotency(Base):
    """A write that bore an Idempotency-Key, and its answer."""

    __tablename__ = "idempotency"

    principal: Mapped[str] = mapped_column(primary_key=True, comment="who asked")
    key: Mapped[str] = mapped_column(primary_key=True, comment="as the asker chose it")
    request: Mapped[str] = mapped_column(comment="digest of method, path and body")
    status: Mapped[int | None] = mapped_column(
        Integer, comment="of the answer; null: it is being worked on"
    )
    body: Mapped[str | None] = mapped_column(comment="of the answer, JSON")
    created_at: Mapped[datetime] = now()

    __table_args__ = (Index(None, "created_at"),)


class Audit(Base):
    """Something that somebody changed."""

    __tablename__ = "audit"

    id: Mapped[int] = identity()
    at: Mapped[datetime] = now(comment="when")
    actor: Mapped[str] = mapped_column(comment="user@host, or the name of a token")
    token_id: Mapped[int | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.token.id", ondelete="SET NULL"),
        comment="by which it was done; null: by nobody from outside",
    )
    action: Mapped[str] = mapped_column(comment="the verb")
    asset_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger),
        server_default=sql("'{}'::bigint[]"),
        comment="of the assets it was done to",
    )
    details: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"), comment="what was before, and what is now"
    )

    __table_args__ = (
        CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
        Index(None, "asset_ids", postgresql_using="gin"),
        Index(None, "token_id", postgresql_where=sql("token_id IS NOT NULL")),
    )
