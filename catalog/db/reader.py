"""The read-only connection for SQL that somebody typed (``catalog sql``).

What holds it is the *login*. ``SET ROLE`` in a privileged session does not: one
SELECT can call ``set_config('role', 'none', false)`` and, in its next column,
``query_to_xml`` with whatever the privileged user may do — as the tests show.
So typed SQL runs in a connection of its own, logged in as ``catalog_reader``, a
role that owns nothing, is a member of nothing and has no password but the one
we gave it. There is nobody to switch back to.

Around that, for order rather than for safety: a READ ONLY transaction, a time
limit, the extended protocol (which refuses a second statement after ``;``), and
one connection per use, so that no setting, lock or prepared statement is left
for the next user.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, make_url

from catalog.db import vectors
from catalog.errors import DatabaseUnsuitableError, ReadOnlySqlError

READER_ROLE = "catalog_reader"
DRIVER_PREFIX = "postgresql+psycopg"

# What would make a login unfit, whoever made it.
_UNSAFE = """
SELECT concat_ws(', ',
    CASE WHEN r.rolsuper THEN 'is a superuser' END,
    CASE WHEN r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
         THEN 'may create roles or databases, replicate or bypass row security' END,
    CASE WHEN EXISTS (SELECT FROM pg_auth_members m
                      WHERE m.member = r.oid AND m.roleid <> to_regrole('catalog_reader'))
         THEN 'is a member of other roles' END,
    CASE WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE n.nspname = 'catalog' AND c.relkind IN ('r', 'p', 'v', 'm')
                        AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
         THEN 'may write the catalogue' END)
FROM pg_roles r WHERE r.rolname = session_user
"""


@dataclass(frozen=True, slots=True)
class SqlRows:
    """The answer of one statement; ``more`` says that rows were left behind."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    more: bool = False


class ReadOnlyConnection:
    """One read-only transaction of the reader; made by :func:`connect_reader`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def run(self, statement: str, *, limit: int | None = None) -> SqlRows:
        """Run one statement, and give at most ``limit`` rows of its answer.

        Raises
        ------
        ReadOnlySqlError
            If it fails, would write, takes too long, gives no rows, or is more than
            one; ``details["position"]`` counts characters from 0.
        """
        try:
            with self._connection.cursor() as cursor:
                # Streaming always takes the extended protocol: one statement, no more.
                stream = cast("Generator[tuple[Any, ...]]", cursor.stream(statement.encode()))
                with closing(stream):  # cancels what was not fetched
                    rows = list(islice(stream, limit))
                    more = limit is not None and next(stream, None) is not None
                columns = tuple(column.name for column in cursor.description or ())
            return SqlRows(columns or self._columns(), rows, more)
        except psycopg.Error as error:
            raise _refused(error) from error
        finally:
            # COPY leaves the connection in the middle of a transfer: it cannot even be
            # rolled back then, and closing it ends the transaction as well.
            with suppress(psycopg.Error):
                self._connection.rollback()

    def _columns(self) -> tuple[str, ...]:
        """Columns of the last statement, which gave no row to tell them by."""
        described = self._connection.pgconn.describe_prepared(b"")
        names = (described.fname(i) or b"" for i in range(described.nfields))
        return tuple(name.decode() for name in names)

    def close(self) -> None:
        """Drop the connection, and whatever the statement left in it."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _refused(error: psycopg.Error) -> ReadOnlySqlError:
    diagnostic = error.diag
    details: dict[str, Any] = {"sqlstate": error.sqlstate}
    if diagnostic.statement_position:
        details["position"] = int(diagnostic.statement_position) - 1
    message = diagnostic.message_primary or str(error).strip()
    remedy = diagnostic.message_hint or ""
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        message = "it gives no rows"
        remedy = "SELECT, VALUES, TABLE, WITH, SHOW and EXPLAIN do."
    if isinstance(error, psycopg.errors.QueryCanceled):
        remedy = "Narrow the statement, or give it more time."
    elif isinstance(
        error, psycopg.errors.InsufficientPrivilege | psycopg.errors.ReadOnlySqlTransaction
    ):
        remedy = "Only the catalogue's own tables and views can be read here; nothing is written."
    return ReadOnlySqlError(f"The statement was refused: {message}.", remedy=remedy, **details)


def connect_reader(
    engine: Engine, reader_url: str | None = None, *, timeout_s: float = 30.0
) -> ReadOnlyConnection:
    """Log in as the reader and begin its read-only transaction.

    ``reader_url`` names a login; without one it is ``catalog_reader`` on the
    engine's server, prepared through the engine when it cannot log in yet.

    Raises
    ------
    DatabaseUnsuitableError
        If there is no such login and we may not make one, or it is not safe.
    """
    if reader_url is not None:
        url = make_url(re.sub(r"^postgres(ql)?(\+psycopg)?://", f"{DRIVER_PREFIX}://", reader_url))
        connection = _log_in(url, timeout_s)
    else:
        url = reader_login(engine.url)
        try:
            connection = _log_in(url, timeout_s)
        except psycopg.OperationalError:
            connection = _prepare_and_log_in(engine, url, timeout_s)
    try:
        _begin(connection)
    except BaseException:
        connection.close()
        raise
    return ReadOnlyConnection(connection)


def reader_login(url: URL) -> URL:
    """The reader's URL on the same server, with a password made from the owner's.

    Every process that knows the owner's password knows the reader's, so nothing
    has to be configured or stored; nobody can compute the one back from the other.
    """
    password = url.password or str(url.query.get("password") or "")
    derived = None
    if password:
        derived = hmac.new(password.encode(), b"catalog_reader", hashlib.sha256).hexdigest()
    return url.set(username=READER_ROLE, password=derived).difference_update_query(
        ["user", "password"]
    )


def prepare_reader(engine: Engine) -> None:
    """Let the reader log in: make the role or correct it, and set its password.

    Raises
    ------
    DatabaseUnsuitableError
        If our own role may not do that.
    """
    login = reader_login(engine.url)
    password = sql.SQL("PASSWORD {}").format(login.password) if login.password else sql.SQL("")
    role = sql.Identifier(READER_ROLE)
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        found = cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER_ROLE]).rowcount
        verb = sql.SQL("ALTER" if found else "CREATE")
        cursor.execute(sql.SQL("{} ROLE {} LOGIN {}").format(verb, role, password))
        if not found:
            cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA catalog TO {}").format(role))
            cursor.execute(
                sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA catalog TO {}").format(role)
            )
            hidden = "REVOKE ALL ON catalog.token, catalog.web_session, catalog.idempotency,"
            cursor.execute(sql.SQL(hidden + " catalog.audit FROM {}").format(role))
        connection.commit()
    except psycopg.Error as error:
        connection.rollback()
        raise _cannot_prepare(str(error)) from error
    finally:
        connection.close()


def _cannot_prepare(reason: str) -> DatabaseUnsuitableError:
    return DatabaseUnsuitableError(
        f"SQL cannot be run safely: there is no login {READER_ROLE} on the server, "
        f"and we cannot make one ({reason.strip()}).",
        remedy="Have an administrator make it as docs/database.md says, and set "
        "CATALOG_READER_URL.",
    )


def _log_in(url: URL, timeout_s: float) -> psycopg.Connection[Any]:
    arguments: dict[str, Any] = url.translate_connect_args(username="user", database="dbname")
    arguments.update({"connect_timeout": 10, "application_name": "catalog sql", **url.query})
    arguments["options"] = (
        f"-c search_path=catalog,public -c jit=off -c timezone=UTC "
        f"-c statement_timeout={int(timeout_s * 1000)} "
        "-c idle_in_transaction_session_timeout=600000 -c default_transaction_read_only=on"
    )
    return psycopg.connect(**arguments)


def _prepare_and_log_in(engine: Engine, url: URL, timeout_s: float) -> psycopg.Connection[Any]:
    refusal: DatabaseUnsuitableError | None = None
    try:
        prepare_reader(engine)
    except DatabaseUnsuitableError as error:
        refusal = error  # unless another process was just preparing it too
    try:
        return _log_in(url, timeout_s)
    except psycopg.OperationalError as error:
        raise refusal or _cannot_prepare(str(error)) from error


def _begin(connection: psycopg.Connection[Any]) -> None:
    connection.read_only = True
    unsafe = connection.execute(_UNSAFE).fetchone()
    if unsafe is None or unsafe[0]:
        raise DatabaseUnsuitableError(
            f"The login for typed SQL is not safe: it {unsafe[0] if unsafe else 'is unknown'}.",
            remedy="Give CATALOG_READER_URL a login that may only read (docs/database.md).",
        )
    info = vectors.fetch_type(connection)
    if info is not None:
        vectors.register(connection, info)


__all__ = [
    "READER_ROLE",
    "ReadOnlyConnection",
    "SqlRows",
    "connect_reader",
    "prepare_reader",
    "reader_login",
]
