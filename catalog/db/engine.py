"""Connections: from the settings to sessions, and what the server must be."""

from __future__ import annotations

import copy
import os
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import psycopg
from psycopg.types import TypeInfo
from sqlalchemy import URL, Connection, Engine, Pool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from catalog.db import vectors
from catalog.db.availability import translated
from catalog.db.embedded import EmbeddedPostgres
from catalog.db.noted import listen
from catalog.db.pooling import check_what_waited
from catalog.db.reader import ReadOnlyConnection, connect_reader
from catalog.domain.actor import Actor, whoever_runs_this
from catalog.errors import DatabaseConflictError, DatabaseUnsuitableError, InvalidSettingError
from catalog.settings import Settings

DRIVER = "postgresql+psycopg"
ACTOR = "actor"
"""Where a session keeps who is at work in it: a `catalog.domain.actor.Actor`."""
SERVER_MIN = 16
PGVECTOR_MIN = (0, 8)
COMPOSE_IMAGE = "pgvector/pgvector:0.8.1-pg17-bookworm"
CONNECT_TIMEOUT_S = 10

_Done = TypeVar("_Done")
# Of two that deadlock one goes on: who is ended this often meets somebody else each time.
_ATTEMPTS = 5

_SESSION_SETTINGS = {
    "search_path": "catalog,public",
    "jit": "off",
    "timezone": "UTC",
    # Of a process that stands still in the middle of a transaction: others want its rows.
    "idle_in_transaction_session_timeout": "30min",
}


def parse_url(url: str) -> URL:
    """The URL as SQLAlchemy with psycopg 3 wants it.

    Raises
    ------
    InvalidSettingError
        If it is no URL of a PostgreSQL database. The message never repeats a password.
    """
    remedy = "Write it as postgresql://user:password@host:5432/database."
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):
        # "from None": the parser's own message may repeat the URL, password and all.
        raise InvalidSettingError("CATALOG_DATABASE_URL is not a URL.", remedy=remedy) from None
    if parsed.drivername not in {"postgres", "postgresql", DRIVER}:
        raise InvalidSettingError(
            f"CATALOG_DATABASE_URL begins with {parsed.drivername}://, not postgresql://.",
            remedy=remedy,
        )
    return parsed.set(drivername=DRIVER)


def create_engine_for(
    url: URL | str,
    *,
    poolclass: type[Pool] | None = None,
    **options: Any,  # noqa: ANN401  # SQLAlchemy's
) -> Engine:
    """An engine whose connections see ``catalog`` and ``public``, in UTC, and speak ``halfvec``.

    Nothing is connected yet. ``options`` go to :func:`sqlalchemy.create_engine`.
    """
    url = parse_url(url) if isinstance(url, str) else url
    given = url.query.get("options") or ""
    settings = " ".join(f"-c {name}={value}" for name, value in _SESSION_SETTINGS.items())
    arguments: dict[str, Any] = {"options": f"{settings} {given}".strip()}
    if "application_name" not in url.query:
        arguments["application_name"] = "catalog"
    if "connect_timeout" not in url.query:
        arguments["connect_timeout"] = CONNECT_TIMEOUT_S
    engine = create_engine(url, poolclass=poolclass, connect_args=arguments, **options)
    check_what_waited(engine)
    _teach_vectors(engine)
    _forget_in_children(engine)
    return engine


def _teach_vectors(engine: Engine) -> None:
    known: list[TypeInfo] = []  # asked once per engine, not once per connection

    # At checkout, not at connect: a connection may be older than the extension.
    @event.listens_for(engine, "checkout")
    def on_checkout(
        connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        if "halfvec" in record.info:
            return
        info = known[0] if known else vectors.fetch_type(connection)
        connection.rollback()
        if info is not None:
            known[:] = [info]
            vectors.register(connection, info)
            record.info["halfvec"] = True


def _forget_in_children(engine: Engine) -> None:
    """A forked child must not write on its parent's sockets (Celery's prefork pool)."""
    reference = weakref.ref(engine)

    def forget() -> None:
        if (inherited := reference()) is not None:
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself; ``installed`` and ``available`` are pgvector's versions."""

    version_num: int
    encoding: str
    installed: str | None
    available: str | None


def probe_server(connection: Connection) -> ServerFacts:
    """Ask the server what it is."""
    statement = """
        SELECT current_setting('server_version_num')::int,
               current_setting('server_encoding'),
               (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
               (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')
    """
    return ServerFacts(*connection.execute(text(statement)).one())


def check_server(connection: Connection) -> None:
    """Check that the server can hold a catalogue.

    Raises
    ------
    DatabaseUnsuitableError
        If PostgreSQL is older than 16, does not store UTF-8, or pgvector is
        missing or older than 0.8; the remedy says what to install or to run.
    """
    facts = probe_server(connection)
    major = facts.version_num // 10000
    if major < SERVER_MIN:
        raise DatabaseUnsuitableError(
            f"The server is PostgreSQL {major}; {SERVER_MIN} or newer is needed.",
            remedy=f"Upgrade it, or use the image {COMPOSE_IMAGE}.",
        )
    if facts.encoding != "UTF8":
        raise DatabaseUnsuitableError(
            f"The database stores text as {facts.encoding}, not UTF8.",
            remedy="Create it anew: createdb --template=template0 --encoding=UTF8.",
        )
    _check_pgvector(major, facts.installed, facts.available)


def _check_pgvector(major: int, installed: str | None, available: str | None) -> None:
    wanted = ".".join(map(str, PGVECTOR_MIN))
    package = (
        f"Install pgvector {wanted} or newer on the database server (Debian and Ubuntu: "
        f"apt install postgresql-{major}-pgvector), or use the image {COMPOSE_IMAGE}."
    )
    if installed is None and available is None:
        raise DatabaseUnsuitableError("The server has no pgvector.", remedy=package)
    if _version(installed or available) >= PGVECTOR_MIN:
        return
    if installed is not None and _version(available) >= PGVECTOR_MIN:
        package = f"In this database, run: ALTER EXTENSION vector UPDATE (to {available})."
    raise DatabaseUnsuitableError(
        f"pgvector is {installed or available}; {wanted} or newer is needed.", remedy=package
    )


def _version(written: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", written or "0"))


class Database:
    """An open database: the pool, and our share in the embedded server.

    Open it with :meth:`open`; use it as a context manager or :meth:`close` it.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        server: EmbeddedPostgres | None = None,
        reader_url: str | None = None,
    ) -> None:
        self.engine = engine
        self.server = server
        self.actor = whoever_runs_this()
        self._reader_url = reader_url
        self._after_commit: list[Callable[[Mapping[Any, Any]], None]] = []

    @property
    def url(self) -> URL:
        """Where the database is. It holds the password: do not log it."""
        return self.engine.url

    @classmethod
    def open(cls, settings: Settings, *, reader_url: str | None = None) -> Self:
        """Start or join the embedded server, or connect to ``settings.database_url``.

        The schema may still have to be migrated; see :mod:`catalog.db.migrate`.
        ``reader_url`` is a login for ``catalog sql`` where the server does not let us
        prepare one (docs/database.md).

        Raises
        ------
        InvalidSettingError
            If the URL is none.
        DatabaseUnavailableError
            If the server cannot be started or reached.
        DatabaseUnsuitableError
            If it is too old, or pgvector is missing or too old.
        """
        server: EmbeddedPostgres | None = None
        if settings.database_url is None:
            server = EmbeddedPostgres(settings.postgres_dir)
            url = parse_url(server.start())
        else:
            url = parse_url(settings.database_url)
        database = cls(create_engine_for(url), server=server, reader_url=reader_url)
        try:
            with database.connect() as connection:
                check_server(connection)
        except BaseException:
            database.close()
            raise
        return database

    def seen_by(self, actor: Actor) -> Self:
        """The same database as somebody uses it: their sessions bear their name.

        It shares the pool; closing it is for whoever opened this one.
        """
        view = copy.copy(self)
        view.actor = actor
        return view

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection, rolled back at the end; ``session()`` is for work.

        Raises
        ------
        DatabaseUnavailableError
            If the server cannot be reached.
        """
        with translated(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One unit of work: committed if the block ends, rolled back if it raises.

        Nothing else in the catalogue commits.

        Raises
        ------
        DatabaseUnavailableError
            If the server cannot be reached or the connection breaks.
        """
        with (
            translated(self.url),
            Session(self.engine, expire_on_commit=False, info={ACTOR: self.actor}) as session,
            session.begin(),
        ):
            listen(session)
            yield session
        for told in self._after_commit:
            told(session.info)

    def in_session(self, work: Callable[[Session], _Done]) -> _Done:
        """Do a unit of work in a session of its own, and again if another stood in its way.

        Of two transactions that wait for each other PostgreSQL ends one, and nothing of it is
        kept. So ``work`` may be called several times, and has to do the same each time.

        Raises
        ------
        DatabaseConflictError
            If it was ended for others each time.
        DatabaseUnavailableError
            If the server cannot be reached or the connection breaks.
        """
        for _ in range(_ATTEMPTS - 1):
            with suppress(DatabaseConflictError), self.session() as session:
                return work(session)
        with self.session() as session:
            return work(session)

    def after_commit(self, told: Callable[[Mapping[Any, Any]], None]) -> None:
        """Have every session's ``info`` told to this, once what it did is committed.

        It must neither raise nor take its time: the work goes on when it returns.
        """
        self._after_commit.append(told)

    @contextmanager
    def readonly_connection(self, *, timeout_s: float = 30.0) -> Iterator[ReadOnlyConnection]:
        """A connection for SQL that somebody typed: it can read the catalogue, nothing else.

        See :mod:`catalog.db.reader` for what holds it.

        Raises
        ------
        DatabaseUnavailableError, DatabaseUnsuitableError
            If the server is away, or has no safe login for it.
        """
        with translated(self.url):
            connection = connect_reader(self.engine, self._reader_url, timeout_s=timeout_s)
        with connection:
            yield connection

    def close(self) -> None:
        """Close the pool and let go of the embedded server; the last user stops it."""
        self.engine.dispose()
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
