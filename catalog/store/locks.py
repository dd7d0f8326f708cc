"""Who works on an asset: a lock that goes when its holder goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Connection, Engine, Select, column, select, text
from sqlalchemy.exc import DBAPIError

from catalog.db.engine import translated

# The upper bits keep these keys apart from other users of advisory locks.
_ASSET_SPACE = 0xCA7A << 48


@contextmanager
def asset_lock(engine: Engine, asset_id: int) -> Iterator[bool]:
    """Hold the asset for the block; False if another process holds it.

    A session-level advisory lock: PostgreSQL lets go of it when the connection
    ends, so a killed worker holds nothing back and no lease must be waited for.
    The connection is in autocommit, so hours of decoding keep no snapshot open.
    """
    key = (_ASSET_SPACE | asset_id) - (1 << 64)  # bigint is signed
    with (
        translated(engine.url),
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        held = bool(
            connection.execute(text("SELECT pg_try_advisory_lock(:k)"), {"k": key}).scalar()
        )
        try:
            yield held
        finally:
            if held:
                _unlock(connection, key)


def held_assets() -> Select[tuple[int]]:
    """A query: the assets that a process of this database holds now."""
    rows = text("""
        SELECT ((classid::bigint & 65535) << 32) | objid::bigint AS asset_id
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid::bigint >> 16 = :space
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """)
    held = rows.bindparams(space=_ASSET_SPACE >> 48).columns(column("asset_id", BigInteger))
    return select(held.subquery("held").c.asset_id)


def _unlock(connection: Connection, key: int) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": key})
    except DBAPIError:
        # The connection is lost, and the lock with it; what was done under it
        # has been committed or has failed on its own.
        connection.invalidate()
