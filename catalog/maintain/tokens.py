"""Tokens: secrets that let somebody in from outside, kept as digests alone.

A token is 256 random bits, so that a plain SHA-256 is digest enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.db.engine import Database
from catalog.domain.actor import Actor
from catalog.domain.labels import clean_label
from catalog.errors import InvalidInputError, NotFoundError
from catalog.store import audit, tokens
from catalog.store.tokens import TokenRow

ROLES = ("viewer", "editor", "admin")
PREFIX = "cat_"
"""How tokens begin: what scans for leaked secrets finds them by it."""
LONGEST_DAYS = 3660
# A working day, and then some: it is begun anew the next morning.
SESSION_LASTS = timedelta(hours=16)


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def create(
    database: Database,
    name: str,
    role: str,
    *,
    days: float | None = None,
    collections: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Make a token; ``token`` in the answer is the secret, and is never to be had again.

    Raises
    ------
    InvalidInputError
        If there is no such role, or name, days or collections cannot be used.
    """
    if role not in ROLES:
        raise InvalidInputError(
            f"{role[:40]!r} is no role; expected one of {', '.join(ROLES)}.",
            remedy="A viewer looks, an editor also changes, an admin may all.",
        )
    mine = None if not collections else [clean_label(c, "collection") for c in collections]
    if mine is not None and role == "admin":
        raise InvalidInputError(
            "An admin sees everything; collections were given.",
            remedy="Make the token for a viewer or an editor, or leave the collections out.",
        )
    clean = clean_label(name, "token's name")
    expires = _expiry(days)
    secret = PREFIX + secrets.token_urlsafe(32)
    with database.session() as session:
        made = tokens.add_token(
            session,
            name=clean,
            role=role,
            digest=digest(secret),
            collections=mine,
            expires_at=expires,
        )
        facts = {"name": clean, "role": role, "collections": mine}
        audit.note(session, "token.create", token=made, now=facts)
    expiry = None if expires is None else expires.isoformat()
    return {"id": made, **facts, "expires_at": expiry, "token": secret}


def list_all(database: Database) -> list[dict[str, Any]]:
    """Every token, the newest first: never its secret, which nobody has."""
    with database.session() as session:
        rows = tokens.list_tokens(session)
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def revoke(database: Database, token_id: int) -> int:
    """End a token at once, and the browsers logged in with it; its id.

    Raises
    ------
    NotFoundError
        If there is none, or it was revoked before.
    """
    with database.session() as session:
        name = tokens.revoke(session, token_id)
        if name is None:
            raise NotFoundError(
                f"There is no token {token_id} that could be revoked.",
                remedy="List them with `catalog token list`.",
            )
        audit.note(session, "token.revoke", token=token_id, before={"name": name})
    return token_id


def has_admin(database: Database) -> bool:
    """Whether somebody could log in and do everything."""
    with database.session() as session:
        return tokens.any_in_force(session, "admin")


def by_token(database: Database, secret: str) -> TokenRow | None:
    """The token with this secret, if it holds."""
    if not secret.startswith(PREFIX):
        return None
    with database.session() as session:
        return tokens.in_force(session, digest(secret))


def log_in(database: Database, secret: str) -> tuple[str, TokenRow] | None:
    """Begin a browser's session with a token: the session's secret, new each time."""
    with database.session() as session:
        found = tokens.in_force(session, digest(secret)) if secret.startswith(PREFIX) else None
        if found is None:
            return None
        begun = secrets.token_urlsafe(32)
        tokens.add_session(session, digest(begun), found.id, SESSION_LASTS)
    return begun, found


def by_session(database: Database, secret: str) -> TokenRow | None:
    """The token a browser has logged in with, if session and token hold."""
    with database.session() as session:
        return tokens.session_token(session, digest(secret))


def log_out(database: Database, secret: str) -> None:
    """End a browser's session."""
    with database.session() as session:
        tokens.end_session(session, digest(secret))


def actor_of(row: TokenRow) -> Actor:
    """Who comes by this token."""
    mine = None if row.collections is None else frozenset(row.collections)
    return Actor(row.name, row.id, mine)


def _expiry(days: float | None) -> datetime | None:
    if days is None:
        return None
    if not 0 < days <= LONGEST_DAYS:
        raise InvalidInputError(
            f"A token cannot hold for {days:g} days; expected more than 0, at most {LONGEST_DAYS}.",
            remedy="Leave it out for a token that holds until it is revoked.",
        )
    return datetime.now(UTC) + timedelta(days=days)
