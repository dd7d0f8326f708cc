"""The verbs of ``catalog token``, and who comes by which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from catalog.db.engine import Database
from catalog.domain.actor import Actor
from catalog.maintain import once, tokens


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody whose token holds: what they may, and who they are to the catalogue."""

    role: str
    actor: Actor


class TokenVerbs:
    """``catalog.token.create(name, role)``, ``.list()``, ``.revoke(id)``; and what servers ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        role: str = "viewer",
        *,
        days: float | None = None,
        collections: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Make a token. ``token`` in the answer is the secret; only its digest is kept.

        Parameters
        ----------
        name:
            Whose it is, or what for.
        role:
            ``viewer``, ``editor`` (also changes) or ``admin`` (may all).
        days:
            For how long it holds; None: until it is revoked.
        collections:
            All that it lets see; None: everything. Not for an admin.

        Raises
        ------
        InvalidInputError
            If one of these cannot be used.
        """
        return tokens.create(self._database, name, role, days=days, collections=collections)

    def list(self) -> list[dict[str, Any]]:
        """Every token, the newest first, with when it was last used; never the secret."""
        return tokens.list_all(self._database)

    def revoke(self, token: int) -> int:
        """End a token at once, with the browsers logged in by it; its id.

        Raises
        ------
        NotFoundError
            If there is none that holds.
        """
        return tokens.revoke(self._database, token)

    def has_admin(self) -> bool:
        """Whether there is a token in force that may all."""
        return tokens.has_admin(self._database)

    def admit(self, secret: str) -> Admitted | None:
        """Who comes with this token; None: it holds not."""
        row = tokens.by_token(self._database, secret)
        return None if row is None else Admitted(row.role, tokens.actor_of(row))

    def admit_session(self, secret: str) -> Admitted | None:
        """Whose browser's session this is; None: it, or its token, holds no longer."""
        row = tokens.by_session(self._database, secret)
        return None if row is None else Admitted(row.role, tokens.actor_of(row))

    def log_in(self, secret: str) -> tuple[str, Admitted] | None:
        """Begin a browser's session with a token: its own secret, a new one each time."""
        begun = tokens.log_in(self._database, secret)
        if begun is None:
            return None
        session, row = begun
        return session, Admitted(row.role, tokens.actor_of(row))

    def log_out(self, session: str) -> None:
        """End a browser's session."""
        tokens.log_out(self._database, session)

    @property
    def session_lasts(self) -> timedelta:
        """How long a browser's session lasts."""
        return tokens.SESSION_LASTS

    def claim_write(self, principal: str, key: str, request: str) -> tuple[int, str] | None:
        """Claim an Idempotency-Key; the answer that was given before, or None: it is ours.

        Raises
        ------
        ConflictError
            If the key was used for another request, or that one is still being worked on.
        """
        return once.claim(self._database, principal, key, request)

    def answered(self, principal: str, key: str, status: int, body: str) -> None:
        """Keep the answer of a claimed write for a day."""
        once.answered(self._database, principal, key, status, body)

    def give_up(self, principal: str, key: str) -> None:
        """Let go of a claimed key: nothing was done."""
        once.give_up(self._database, principal, key)
