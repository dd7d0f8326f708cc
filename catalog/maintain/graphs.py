"""Graphs over centres of clips and spoken lines: built once there are too many to scan."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from catalog.db.engine import Database
from catalog.domain.progress import Progress, Silent
from catalog.maintain.alone import alone
from catalog.maintain.sketches import keep_sketches
from catalog.store import centres, statistics, vectors
from catalog.store.centres import Sizes
from catalog.store.vectors import EncoderRow

# Any number, as long as it stays the same; the encoder's id is the lock's second half.
_LOCK = 0x6772_6170
_UNDEFINED_TABLE = "42P01"


def build_graphs(database: Database, progress: Progress | None = None) -> list[dict[str, Any]]:
    """Build what graphs are due, and make what sketches are; what graphs were built.

    One process builds an encoder's graph; a second does not wait for it. Searches
    are right without it, only slower.
    """
    progress = progress or Silent()
    built = []
    _analyze_new(database)
    with database.session() as session:
        sizes = [
            (row, centres.sizes(session, row.id, row.dimension))
            for row in vectors.list_encoders(session)
        ]
    due = [(row, table, count) for row, size in sizes for table, count in _due(size)]
    for row, table, count in due:
        progress.begin("graph", 1, "graphs")
        if _build(database, row, table):
            what = "lines" if table == centres.LINES else "centres"
            built.append({"encoder": row.name, what: count})
        progress.advance("graph", 1, row.name)
        progress.end("graph")
    for row, size in sizes:
        keep_sketches(database, row, size.centres)
    return built


def _analyze_new(database: Database) -> None:
    """Make statistics of tables that have none: the planner takes a new library for empty.

    Autovacuum would come a minute later or so, and searches of thousands of shots are slow so long.
    """
    with database.session() as session:
        if not statistics.missing(session):
            return
    with alone(database, _LOCK, 0) as connection:
        if connection is not None:
            connection.execute(text("SET lock_timeout = '10s'"))
            statistics.analyze(connection, statistics.missing(connection))


def _due(size: Sizes) -> list[tuple[str, int]]:
    """The tables of vectors that want a graph and have none, with their sizes."""
    every = (("centre", size.centres, size.graph), (centres.LINES, size.lines, size.lines_graph))
    return [
        (table, count) for table, count, graph in every if not graph and count >= centres.INDEX_FROM
    ]


def _build(database: Database, row: EncoderRow, table: str) -> bool:
    with alone(database, _LOCK, row.id) as connection:
        if connection is None:
            return False
        try:
            centres.build_graph(connection, row.id, row.dimension, table)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
                raise
            return False  # the encoder was removed meanwhile
        return True
