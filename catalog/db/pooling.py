"""Is a connection that waited in the pool still there? It is asked where there is reason to."""

from __future__ import annotations

import select
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

_CHECKED_IN = "checked_in_at"
# A small asset takes a dozen sessions: asking in each of them whether the server is there
# would be a fourth of all that is sent.
_TRUSTED_S = 1.0


def check_what_waited(engine: Engine) -> None:
    """Ask the server at checkout, if the connection waited for long or the server said something.

    A server that ends closes its connections, which shows without asking; one that
    vanished from the network shows to who asks. All others are trusted then no more.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_CHECKED_IN] = monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(
        connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        since = record.info.get(_CHECKED_IN)
        if since is None or (monotonic() - since < _TRUSTED_S and not _spoke(connection)):
            return
        try:
            engine.dialect.do_ping(connection)  # type: ignore[arg-type]  # psycopg's is one
        except psycopg.Error as error:
            raise InvalidatePoolError(str(error)) from error


def _spoke(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has sent what nobody asked for: a notice, or its farewell."""
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (psycopg.Error, OSError, ValueError):  # closed: asking tells so
        return True
