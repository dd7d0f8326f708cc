"""Writes that bear a key are done once, however often they are sent."""

from __future__ import annotations

from datetime import timedelta

from catalog.db.engine import Database
from catalog.errors import BeingDoneError, ConflictError
from catalog.store import tokens

KEPT = timedelta(hours=24)
# Whoever claimed a key and has not answered for so long has died.
LEASE = timedelta(minutes=10)


def claim(database: Database, principal: str, key: str, request: str) -> tuple[int, str] | None:
    """Claim the key for a request (its digest): its former answer, or None if it is to be done.

    Raises
    ------
    ConflictError
        If the key was used for another request.
    BeingDoneError
        If it is being done at this moment.
    """
    with database.session() as session:
        before = tokens.claim(session, principal, key, request, kept=KEPT, lease=LEASE)
        if before is None:
            return None
        if before.request != request:
            raise ConflictError(
                "The Idempotency-Key was used for another request.",
                remedy="Choose a new key for every write; send it again only with the same.",
            )
        if before.status is None or before.body is None:
            raise BeingDoneError(
                "The request with this Idempotency-Key is being worked on.",
                remedy="Send it again in a moment for its answer.",
                retry_after_s=1,
            )
        return before.status, before.body


def answered(database: Database, principal: str, key: str, status: int, body: str) -> None:
    """Keep the answer of a claimed write."""
    with database.session() as session:
        tokens.answered(session, principal, key, status, body)


def give_up(database: Database, principal: str, key: str) -> None:
    """Let go of a claimed key: nothing was done."""
    with database.session() as session:
        tokens.give_up(session, principal, key)
