"""Statements noted while they are sent, and how long each took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

_BEGINNING = 70


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement, by its beginning, and the milliseconds until it was answered."""

    sql: str
    ms: float

    def as_json(self) -> dict[str, Any]:
        """JSON form: ``sql``, ``ms``."""
        return {"sql": self.sql, "ms": round(self.ms, 2)}


_NOTED: ContextVar[list[Sent] | None] = ContextVar("noted", default=None)


@contextmanager
def noted() -> Iterator[list[Sent]]:
    """What sessions begun in the block send; those of other threads are not heard."""
    into: list[Sent] = []
    token = _NOTED.set(into)
    try:
        yield into
    finally:
        _NOTED.reset(token)


def listen(session: Session) -> None:
    """Note what the session sends, if anybody wants to know; it is connected then."""
    into = _NOTED.get()
    if into is None:
        return
    began = 0.0

    def before(*_: object) -> None:
        nonlocal began
        began = perf_counter()

    def after(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        shown = " ".join(sql.split())
        cut = f"{shown[:_BEGINNING]}…" if len(shown) > _BEGINNING else shown
        into.append(Sent(cut, (perf_counter() - began) * 1000))

    # Of this session's connection alone, which is its own until it ends.
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
