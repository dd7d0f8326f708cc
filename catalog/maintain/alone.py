"""Upkeep of an encoder that one process does, and no second waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from catalog.db.engine import Database


@contextmanager
def alone(database: Database, work: int, encoder_id: int) -> Iterator[Connection | None]:
    """A connection whose statements each commit, for the block; None if another process is at it.

    An advisory lock of PostgreSQL's, which goes with the connection. ``work`` says what is done:
    any number, as long as it stays the same.
    """
    with database.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        key = {"a": work, "b": encoder_id}
        if not connection.execute(text("SELECT pg_try_advisory_lock(:a, :b)"), key).scalar():
            yield None
            return
        try:
            yield connection
        finally:
            # Whatever was set was this connection's own, and it goes back to the pool.
            connection.execute(text("RESET ALL"))
            connection.execute(text("SELECT pg_advisory_unlock(:a, :b)"), key)
