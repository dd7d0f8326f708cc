"""Who works on an asset, who watches a root: locks that go when their holders go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from sqlalchemy import BigInteger, Connection, Engine, Select, column, func, select, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session

from catalog.db.availability import translated

# The upper bits keep these keys apart from other users of advisory locks.
_ASSET_SPACE = 0xCA7A << 48
_ROOT_SPACE = 0xCA7B << 48
_VERIFY_SPACE = 0xCA7C << 48


LEASE_S = 300.0
"""A process that stands still for so long has lost what it holds."""


@contextmanager
def asset_lock(engine: Engine, asset_id: int, *, lease_s: float = LEASE_S) -> Iterator[bool]:
    """Hold the asset for the block; False if another process holds it.

    A session-level advisory lock: PostgreSQL lets go of it when the connection
    ends, so a killed worker holds nothing back and no lease must be waited for.
    Only a process that is stopped, or a machine that hangs, leaves its connection
    open: PostgreSQL ends one that is silent for ``lease_s`` seconds, and a thread
    here keeps it from being silent.
    The connection is in autocommit, so hours of decoding keep no snapshot open.
    """
    with _lock(engine, _key(_ASSET_SPACE, asset_id), lease_s) as held:
        yield held


@contextmanager
def verification_lock(engine: Engine) -> Iterator[bool]:
    """Be the one who reads files through in the background, for the block; False if another is."""
    with _lock(engine, _key(_VERIFY_SPACE, 0), LEASE_S) as held:
        yield held


def verification_held(session: Session) -> bool:
    """Whether a process of this database does that now."""
    held = _held(_VERIFY_SPACE, "number")
    return session.execute(held.limit(1)).first() is not None


@contextmanager
def _lock(engine: Engine, key: int, lease_s: float) -> Iterator[bool]:
    with (
        translated(engine.url),
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):
        asked = {"k": key, "ms": str(int(lease_s * 1000))}
        limit_before, held = connection.execute(_LOCK, asked).one()
        if held is None:
            yield False
            return
        try:
            with _not_silent(connection, lease_s):
                yield True
        finally:
            _unlock(connection, key, limit_before)


def lease(session: Session, lease_s: float = LEASE_S) -> None:
    """End this transaction, and let go of its rows, if its process stands still for so long."""
    limit = func.set_config("idle_in_transaction_session_timeout", str(int(lease_s * 1000)), True)
    session.execute(select(limit))


# Lock and limit in one statement: this is done for every asset.
_LOCK = text("""
    SELECT current_setting('idle_session_timeout'),
           CASE WHEN pg_try_advisory_lock(:k)
                THEN set_config('idle_session_timeout', :ms, false) END
""")
_UNLOCK = text("SELECT pg_advisory_unlock(:k), set_config('idle_session_timeout', :ms, false)")


@contextmanager
def _not_silent(connection: Connection, lease_s: float) -> Iterator[None]:
    """Use the connection from a thread now and then, and from nowhere else, for the block."""
    over = Event()

    def speak() -> None:
        try:
            while not over.wait(lease_s / 5):
                connection.execute(text("SELECT 1"))
        except DBAPIError:
            return  # it is lost: whoever finishes the work finds out whose it is

    thread = Thread(target=speak, name="asset lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def held_assets() -> Select[int]:
    """A query: the assets that a process of this database holds now."""
    return _held(_ASSET_SPACE, "asset_id")


def held_roots() -> Select[int]:
    """A query: the roots that a process of this database watches now."""
    return _held(_ROOT_SPACE, "root_id")


def is_held(session: Session, halves: tuple[int, int]) -> bool:
    """Whether a process of this database holds the advisory lock of this key of two halves."""
    asked = text("""
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
            AND classid = :first AND objid = :second
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    """)
    first, second = halves
    return bool(session.execute(asked, {"first": first, "second": second}).scalar_one())


def _held(space: int, name: str) -> Select[int]:
    rows = text("""
        SELECT ((classid::bigint & 65535) << 32) | objid::bigint AS number
        FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid::bigint >> 16 = :space
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """)
    held = rows.bindparams(space=space >> 48).columns(column("number", BigInteger))
    return select(held.subquery("held").c.number.label(name))


def _unlock(connection: Connection, key: int, limit_before: str) -> None:
    try:
        connection.execute(_UNLOCK, {"k": key, "ms": limit_before})
    except (DBAPIError, PendingRollbackError):
        # The connection is lost, and the lock with it; what was done under it
        # has been committed or has failed on its own.
        connection.invalidate()


class WatchLocks:
    """The roots that one watcher watches: a lock for each, all on one connection.

    Every call says by `DatabaseUnavailableError` that the connection, and so every
    lock, is lost; the next takes a new one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def take(self, root_id: int) -> bool:
        """Whether the root is ours now; if not, another watcher has it."""
        return self._ask("SELECT pg_try_advisory_lock(:k)", _key(_ROOT_SPACE, root_id))

    def give_back(self, root_id: int) -> None:
        """Leave the root to others."""
        self._ask("SELECT pg_advisory_unlock(:k)", _key(_ROOT_SPACE, root_id))

    def check(self) -> None:
        """Make sure that the connection stands, and with it the locks."""
        self._ask("SELECT :k = 0", 0)

    def close(self) -> None:
        """Give back all."""
        if self._connection is not None:
            # Said, for the server notices a while later that a session is over; a lost one
            # holds nothing.
            with suppress(DBAPIError, PendingRollbackError):
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _ask(self, statement: str, key: int) -> bool:
        with translated(self._engine.url):
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(
                        isolation_level="AUTOCOMMIT"
                    )
                return bool(self._connection.execute(text(statement), {"k": key}).scalar())
            except DBAPIError:
                self.close()
                raise


def _key(space: int, number: int) -> int:
    return (space | number) - (1 << 64)  # bigint is signed
