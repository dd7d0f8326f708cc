"""Statements whose text is ready, sent by the driver itself within a SQLAlchemy connection.

SQLAlchemy describes every column of every answer anew. Of the seventy columns of a search that
takes longer than reading its rows, and the driver looks for parameters in 10 kB of text each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_PLACE = re.compile(r"%(?:\((\w+)\)s|(%))")


def rows_of(connection: Connection, sql: str, values: Mapping[str, Any]) -> list[Any]:
    """Send a statement, and read all its rows as named tuples.

    Parameters
    ----------
    connection:
        The statement is part of its transaction, and begins one where there is none.
    sql:
        With parameters as ``%(name)s``, and ``%%`` for a per cent sign.
    values:
        The parameters' values by their names, and others that it does not ask for.

    Raises
    ------
    sqlalchemy.exc.DBAPIError
        As SQLAlchemy raises it, if the server refuses the statement or is gone.
    """
    known = _known(sql)
    if not connection.in_transaction():
        connection.begin()  # as with any statement, which its commit or rollback ends
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101  # we know no other
    cursor = psycopg.RawCursor(driver, row_factory=namedtuple_row)
    # Whoever listens to what is sent hears of this too.
    told = (connection, cursor, sql, values, None, False)
    for listener in connection.dispatch.before_cursor_execute:
        listener(*told)
    try:
        given = [values[name] for name in known.names]
        # Planning takes longer than most answers, and whoever asks a text twice asks it again. By
        # itself the driver has a statement planned five times, on each connection, and again
        # after each transaction that was rolled back.
        rows = cursor.execute(known.text, given, prepare=known.met or None).fetchall()
        known.met = True
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            dict(values),
            error,
            psycopg.Error,
            hide_parameters=connection.engine.hide_parameters,
            connection_invalidated=connection.invalidated,
            dialect=connection.dialect,
        ) from error
    for listener in connection.dispatch.after_cursor_execute:
        listener(*told)
    return rows


@dataclass(slots=True)
class _Known:
    """A text with its parameters as ``$1``, ``$2`` …, and their names in that order."""

    text: bytes
    names: tuple[str, ...]
    met: bool = False
    """Whether this process has asked it before."""


@lru_cache(maxsize=512)
def _known(sql: str) -> _Known:
    return _Known(*numbered(sql))


def numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """The text with its parameters as ``$1``, ``$2`` …, and their names in that order."""
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        if found[2]:
            return "%"
        return f"${places.setdefault(found[1], len(places) + 1)}"

    return _PLACE.sub(place, sql).encode(), tuple(places)
