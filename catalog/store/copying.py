"""Whole tables, as a backup takes them out and a restore puts them in.

Rows travel as PostgreSQL's ``COPY … (FORMAT binary)`` writes them: exact to the
last bit, ids included, and readable by every server of the versions we take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from catalog.db.models import SCHEMA, Base
from catalog.errors import DatabaseUnavailableError
from catalog.store.partitions import add_partitions

Column = tuple[str, str]

# What all other rows hang on; the rest of a catalogue without any of these is nobody's work.
_OWN = ("asset", "bin", "encoder", "root", "tag", "token")

_NO_LIMITS = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)

# The encoders come first, for the partitions of vectors are made by them.
_SHAPES = text("""
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum),
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND c.relname <> 'alembic_version'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname <> 'encoder', c.relname
""")

_IDENTITIES = text("""
    SELECT c.relname, a.attname, 1 + coalesce(pg_sequence_last_value(
        pg_get_serial_sequence(format('%I.%I', CAST(:schema AS text), c.relname), a.attname)
            ::regclass), 0)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(:schema) AND a.attidentity <> ''
      AND NOT a.attisdropped AND NOT c.relispartition
    ORDER BY c.relname
""")

# Each: what takes the thing away, and what brings it back.
_FOREIGN_KEYS = text("""
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
    FROM pg_constraint
    WHERE connamespace = to_regnamespace(:schema) AND contype = 'f' AND conparentid = 0
    ORDER BY conrelid::regclass::text, conname
""")
_INDEXES = text("""
    SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'r' AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
    ORDER BY i.indexrelid
""")
_TRIGGERS = text("""
    SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname),
           format('ALTER TABLE %s ENABLE TRIGGER %I', t.tgrelid::regclass, t.tgname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace(:schema) AND NOT t.tgisinternal
      AND t.tgenabled = 'O' AND t.tgparentid = 0
    ORDER BY t.tgrelid, t.tgname
""")

_PICTURES = "SELECT picture FROM catalog.frame UNION SELECT key FROM catalog.rendition ORDER BY 1"


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table's name and the names and types of its columns, without generated ones."""

    name: str
    columns: tuple[Column, ...]


def shapes(connection: Connection) -> list[TableShape]:
    """The catalogue's tables as they are now, the encoders' first; none if there is no schema."""
    known = {table.name for table in Base.metadata.tables.values()}
    rows = connection.execute(_SHAPES, {"schema": SCHEMA})
    return [
        TableShape(name, tuple(zip(columns, types, strict=True)))
        for name, columns, types in rows
        if name in known  # a table that somebody made beside ours is theirs to keep
    ]


def hold_still(connection: Connection, names: Sequence[str]) -> None:
    """Begin to read one state of these tables; others go on writing, and alter no table.

    The transaction must be REPEATABLE READ: its first query fixes what it sees, and
    a lock is no query.
    """
    for statement in _NO_LIMITS:
        connection.execute(text(statement))
    tables = ", ".join(f"{SCHEMA}.{name}" for name in names)
    connection.execute(text(f"LOCK TABLE {tables} IN ACCESS SHARE MODE"))


def identities(connection: Connection) -> list[tuple[str, str, int]]:
    """Of each counted column its table, name and the next number it will give."""
    return [tuple(row) for row in connection.execute(_IDENTITIES, {"schema": SCHEMA})]


def estimated_rows(connection: Connection) -> int:
    """About how many rows there are in all, as the server last counted."""
    statement = text("""
        SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
        WHERE relnamespace = to_regnamespace(:schema) AND relkind = 'r'
    """)
    return int(connection.execute(statement, {"schema": SCHEMA}).scalar_one())


class RowsOut:
    """Every row of a table, in pieces of the stream that `rows_in` takes.

    ``rows`` counts those that came by, and is exact at the end.
    """

    def __init__(self, connection: Connection, table: TableShape) -> None:
        self._connection = connection
        self._table = table
        self.rows = 0

    def __iter__(self) -> Iterator[Buffer]:
        # A partitioned table can be copied by a query only (before PostgreSQL 18).
        statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)").format(
            _columns(self._table), sql.Identifier(SCHEMA, self._table.name)
        )
        with _reading(self._table.name), _driver(self._connection).cursor() as cursor:
            with cursor.copy(statement) as copy:
                for piece in copy:
                    self.rows += 1
                    yield piece
            self.rows = cursor.rowcount


def pictures_out(connection: Connection) -> Iterator[Buffer]:
    """The key of everything that the tables say is in the frame store, in lines."""
    # Keys hold nothing that COPY would escape.
    statement = f"COPY ({_PICTURES}) TO STDOUT"
    with (
        _reading("frame"),
        _driver(connection).cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        yield from copy


def picture_keys(connection: Connection) -> Iterator[str]:
    """The same keys one by one, never all in memory."""
    line = b""
    for piece in pictures_out(connection):
        *keys, line = (line + bytes(piece)).split(b"\n")
        yield from (key.decode("ascii") for key in keys)


def some_picture_keys(connection: Connection, count: int) -> list[str]:
    """So many of them, picked at random; all, if there are no more."""
    statement = text("""
        SELECT key FROM (SELECT picture FROM catalog.frame
                         UNION ALL SELECT key FROM catalog.rendition) named(key)
        ORDER BY random() LIMIT :count
    """)
    return list(connection.execute(statement, {"count": count}).scalars())


def encoders(connection: Connection) -> list[dict[str, Any]]:
    """The encoders, as a person wants to know them of a backup."""
    statement = text("SELECT name, dimension, active FROM catalog.encoder ORDER BY id")
    return [dict(row) for row in connection.execute(statement).mappings()]


def is_empty(session: Session) -> bool:
    """Whether nothing was catalogued here; also where there are no tables yet."""
    there = {shape.name for shape in shapes(session.connection())}
    tables = [name for name in _OWN if name in there]
    found = " OR ".join(f"EXISTS (SELECT FROM {SCHEMA}.{name})" for name in tables)
    partitions = (
        "EXISTS (SELECT FROM pg_class WHERE relispartition AND relkind = 'r' "
        "AND relnamespace = to_regnamespace(:schema))"
    )
    statement = f"SELECT NOT ({' OR '.join(filter(None, [found, partitions]))})"
    return bool(session.execute(text(statement), {"schema": SCHEMA}).scalar_one())


@contextmanager
def emptied(session: Session, tables: Sequence[TableShape]) -> Iterator[None]:
    """Take triggers, foreign keys and indexes away for the block, and bring them back.

    The rows that come say all that the triggers would work out; keys and indexes are
    made once over all rows, which also checks them. Nobody else can use the tables
    until the session ends.
    """
    for statement in _NO_LIMITS:
        session.execute(text(statement))
    # Before the definitions are read, so that nobody alters them in between.
    names = ", ".join(f"{SCHEMA}.{table.name}" for table in tables)
    session.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    away = [
        tuple(row)
        for query in (_TRIGGERS, _FOREIGN_KEYS, _INDEXES)
        for row in session.execute(query, {"schema": SCHEMA})
    ]
    for take, _ in away:
        _run(session, take)
    session.execute(text(f"TRUNCATE {names}"))
    yield
    # Indexes before the keys, which are checked through them.
    for _, bring in reversed(away):
        _run(session, bring)


def rows_in(session: Session, table: TableShape, stream: Iterable[bytes]) -> int:
    """Put in the rows of `rows_out`; how many they were.

    Raises
    ------
    psycopg.Error
        If the stream is none of this table.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(SCHEMA, table.name), _columns(table)
    )
    with _driver(session.connection()).cursor() as cursor:
        with cursor.copy(statement) as copy:
            for piece in stream:
                copy.write(piece)
        return cursor.rowcount


def partition_by_encoder(session: Session) -> None:
    """Make the partitions of the encoders that are there."""
    found = session.execute(text("SELECT id, dimension FROM catalog.encoder ORDER BY id"))
    for encoder_id, dimension in found.all():
        add_partitions(session, encoder_id, dimension)


def go_on_counting(session: Session, counted: Sequence[tuple[str, str, int]]) -> None:
    """Have each counted column go on with this number, or behind what it holds."""
    known = {(table, column) for table, column, _ in identities(session.connection())}
    for table, column, following in counted:
        if (table, column) not in known:
            continue
        highest = session.execute(text(f"SELECT max({column}) FROM {SCHEMA}.{table}")).scalar()  # noqa: S608
        number = max(int(following), (highest or 0) + 1)
        _run(session, f"ALTER TABLE {SCHEMA}.{table} ALTER {column} RESTART WITH {number}")


def _run(session: Session, statement: str) -> None:
    # The driver halves what is doubled.
    session.connection().exec_driver_sql(statement.replace("%", "%%"))


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseUnavailableError(
            f"The database broke off while {what} was read: {str(error).strip()}.",
            remedy="Try again once it is back.",
        ) from error


def _columns(table: TableShape) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name, _ in table.columns)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101
    return driver
