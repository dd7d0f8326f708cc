"""Tokens, logged-in browsers, and writes that were answered: digests, never secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from catalog.db.models import Idempotency, Token, WebSession

# A token that is used all day is written to once a minute.
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in force. ``collections`` None: it lets see everything."""

    id: int
    name: str
    role: str
    collections: tuple[str, ...] | None
    used_at: datetime | None


_IN_FORCE = and_(
    Token.revoked_at.is_(None), or_(Token.expires_at.is_(None), Token.expires_at > func.now())
)
_COLUMNS = (Token.id, Token.name, Token.role, Token.collections, Token.used_at)


def add_token(
    session: Session,
    *,
    name: str,
    role: str,
    digest: str,
    collections: Sequence[str] | None,
    expires_at: datetime | None,
) -> int:
    """Enter a token; its id."""
    values: dict[str, Any] = {
        "name": name,
        "role": role,
        "digest": digest,
        "collections": None if collections is None else list(collections),
        "expires_at": expires_at,
    }
    return int(session.execute(insert(Token).values(values).returning(Token.id)).scalar_one())


def list_tokens(session: Session) -> list[dict[str, Any]]:
    """Every token that ever was, the newest first, without its digest."""
    state = and_(Token.revoked_at.is_(None), _IN_FORCE).label("in_force")
    columns = (
        *(Token.id, Token.name, Token.role, Token.collections),
        *(Token.created_at, Token.expires_at, Token.used_at, Token.revoked_at),
    )
    rows = session.execute(select(*columns, state).order_by(Token.id.desc()))
    return [dict(row._mapping) for row in rows]


def in_force(session: Session, digest: str) -> TokenRow | None:
    """The token with this digest, if it holds; that it was used is noted."""
    row = session.execute(select(*_COLUMNS).where(Token.digest == digest, _IN_FORCE)).one_or_none()
    return None if row is None else _used(session, row)


def any_in_force(session: Session, role: str) -> bool:
    """Whether a token of this role holds."""
    statement = select(Token.id).where(Token.role == role, _IN_FORCE).limit(1)
    return session.execute(statement).first() is not None


def revoke(session: Session, token_id: int) -> str | None:
    """End a token, and the browsers logged in with it; its name, None if it was not in force."""
    ended = update(Token).where(Token.id == token_id, Token.revoked_at.is_(None))
    name = session.execute(ended.values(revoked_at=func.now()).returning(Token.name)).scalar()
    session.execute(delete(WebSession).where(WebSession.token_id == token_id))
    return name


def _used(session: Session, row: Any) -> TokenRow:  # noqa: ANN401  # a row of _COLUMNS
    due = or_(Token.used_at.is_(None), Token.used_at < func.now() - _NOTED_EVERY)
    session.execute(update(Token).where(Token.id == row.id, due).values(used_at=func.now()))
    names = None if row.collections is None else tuple(row.collections)
    return TokenRow(row.id, row.name, row.role, names, row.used_at)


# --- browsers ---------------------------------------------------------------------------


def add_session(session: Session, digest: str, token_id: int, lasts: timedelta) -> None:
    """Enter a browser that has logged in; those whose time is over are forgotten."""
    session.execute(delete(WebSession).where(WebSession.expires_at < func.now()))
    values = {"digest": digest, "token_id": token_id, "expires_at": func.now() + lasts}
    session.execute(insert(WebSession).values(values))


def session_token(session: Session, digest: str) -> TokenRow | None:
    """The token a browser has logged in with, if both hold."""
    statement = (
        select(*_COLUMNS)
        .join(WebSession, WebSession.token_id == Token.id)
        .where(WebSession.digest == digest, WebSession.expires_at > func.now(), _IN_FORCE)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else _used(session, row)


def end_session(session: Session, digest: str) -> None:
    """Log a browser out."""
    session.execute(delete(WebSession).where(WebSession.digest == digest))


# --- writes that were answered ------------------------------------------------------------


def claim(
    session: Session, principal: str, key: str, request: str, *, kept: timedelta, lease: timedelta
) -> Idempotency | None:
    """Claim a key for this write: None if it is ours now, else the row of who had it before.

    Rows older than ``kept`` are forgotten; of those without an answer, older than ``lease``.
    """
    age = func.now() - Idempotency.created_at
    old = or_(age > kept, and_(Idempotency.status.is_(None), age > lease))
    session.execute(delete(Idempotency).where(old))
    mine = upsert(Idempotency).values(principal=principal, key=key, request=request)
    claimed = session.execute(mine.on_conflict_do_nothing().returning(Idempotency.key)).scalar()
    return None if claimed is not None else session.get(Idempotency, (principal, key))


def answered(session: Session, principal: str, key: str, status: int, body: str) -> None:
    """Keep the answer of a claimed write."""
    mine = and_(Idempotency.principal == principal, Idempotency.key == key)
    session.execute(update(Idempotency).where(mine).values(status=status, body=body))


def give_up(session: Session, principal: str, key: str) -> None:
    """Let go of a claimed key: nothing was done."""
    mine = and_(Idempotency.principal == principal, Idempotency.key == key)
    session.execute(delete(Idempotency).where(mine))
