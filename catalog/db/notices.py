"""Notices of PostgreSQL: listen to a channel, and let others see that somebody does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from catalog.db.availability import translated
from catalog.db.engine import Database
from catalog.errors import DatabaseUnavailableError

# As catalog.encode_phrase() looks for it: the key's two halves.
PHRASE_LOCK = (1885893219, 1)


@contextmanager
def listening(
    database: Database, channel: str, lock: tuple[int, int] | None = None
) -> Iterator[Listener]:
    """Listen, on a connection of our own, holding a shared advisory lock (if any) meanwhile.

    Raises
    ------
    DatabaseUnavailableError
        If the server cannot be reached.
    """
    with translated(database.url):
        pooled = database.engine.raw_connection()
    connection = pooled.driver_connection
    assert isinstance(connection, psycopg.Connection)  # noqa: S101
    pooled.detach()  # it waits as long as the service runs
    try:
        with translated(database.url):
            connection.autocommit = True
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            if lock is not None:
                connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", lock)
        yield Listener(connection)
    finally:
        pooled.close()


class Listener:
    """Waits for notices; made by :func:`listening`."""

    def __init__(self, connection: psycopg.Connection[object]) -> None:
        self._connection = connection

    def wait(self, stop: threading.Event, look_s: float = 1.0) -> list[str]:
        """What was said, each once, as soon as anything is; nothing once ``stop`` is set.

        Raises
        ------
        DatabaseUnavailableError
            If the connection broke.
        """
        said: dict[str, None] = {}
        try:
            while not said and not stop.is_set():
                # What has come meanwhile comes with it: many askers, one batch.
                for notice in self._connection.notifies(timeout=look_s, stop_after=1):
                    said[notice.payload] = None
        except psycopg.OperationalError as error:
            raise DatabaseUnavailableError(
                f"The connection that waits for notices broke: {error}.",
                remedy="Start the service again once the database is back.",
            ) from error
        return list(said)
