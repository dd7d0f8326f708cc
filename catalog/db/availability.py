"""Is the server there? What its failures mean, and how they are told.

Of two transactions that wait for each other PostgreSQL ends one: that is no fault of what it
was about either, and passes when it is done again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from catalog.errors import DatabaseConflictError, DatabaseUnavailableError

# SQLAlchemy's; and those of the driver, where it is used by itself (COPY, LISTEN).
_FAULTS = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
_DRIVERS = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
# Classes 08 connection, 28 authorisation, 3D no such database; 53 the server's disk, memory or
# connections are used up, 58 its disk fails.
_AWAY = ("08", "28", "3D", "53", "58")
# serialization_failure, deadlock_detected
_CONFLICTS = ("40001", "40P01")


def describe(url: URL) -> str:
    """Where a URL leads, for messages: no password, no options."""
    host = url.query.get("host") or url.host or "localhost"
    port = url.query.get("port") or url.port or 5432
    return f"database {url.database or url.username or ''} at {host}:{port}"


def is_unavailable(error: BaseException) -> bool:
    """Whether the server failed, not the statement: a deadlock is operational too."""
    if isinstance(error, PoolTimeoutError):
        return True  # of the pool: no connection came free
    if not isinstance(error, (*_FAULTS, *_DRIVERS)):
        return False
    state = _state(error)
    # 57P01-57P03 shutting down; 57P05 and 25P03 are told to who stood still for too long.
    return state is None or state[:2] in _AWAY or state[:4] == "57P0" or state == "25P03"


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn a failure to reach the server into :class:`DatabaseUnavailableError`.

    And a deadlock into :class:`DatabaseConflictError`.
    """
    try:
        yield
    except (*_FAULTS, *_DRIVERS) as error:
        if _state(error) in _CONFLICTS:
            raise DatabaseConflictError(
                f"The {describe(url)} ended this for another transaction: {_reason(url, error)}.",
                remedy="Do it again: it was in another's way, and nothing of it was kept.",
            ) from error
        if not is_unavailable(error):
            raise
        raise _unavailable(url, error) from error


def _state(error: BaseException) -> str | None:
    """The SQLSTATE; None where the server had no word in it."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None)
    return str(state) if state else None


def _reason(url: URL, error: Exception) -> str:
    """What the server said, in one line and without passwords."""
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    reason = re.sub(r"\s+", " ", said).strip()
    secrets = [str(url.password or ""), str(url.query.get("password") or "")]
    for secret in filter(None, secrets):
        reason = reason.replace(secret, "***")
    return reason


def _unavailable(url: URL, error: Exception) -> DatabaseUnavailableError:
    reason = _reason(url, error)
    wrong = "cannot be reached"
    if (_state(error) or "")[:2] in {"53", "58"}:
        wrong = "cannot do its work"
        remedy = "Give the server what it lacks (disk, memory, connections), and see its log."
    elif "does not exist" in reason and "database" in reason:
        remedy = "Create it (createdb), or correct CATALOG_DATABASE_URL."
    elif "password" in reason or "authentication" in reason:
        remedy = "Correct the user or the password in CATALOG_DATABASE_URL."
    else:
        remedy = (
            "Start the server and check CATALOG_DATABASE_URL; "
            "without it the catalogue brings its own PostgreSQL."
        )
    return DatabaseUnavailableError(f"The {describe(url)} {wrong}: {reason}.", remedy=remedy)
