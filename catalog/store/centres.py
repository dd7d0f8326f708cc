"""The centres of clips, and what is said: how many there are, and graphs that find the near ones.

A centre stands for the frames of a shot that lie close together; a trigger
keeps it. The graph is pgvector's HNSW (Malkov and Yashunin, "Efficient and
robust approximate nearest neighbor search using Hierarchical Navigable Small
World graphs", TPAMI 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from catalog.db.models import SCHEMA
from catalog.store.statistics import analyze

# Measured on 300,000 clustered vectors (DESIGN, section 6): the graph's build
# decides the recall; pgvector's defaults (16, 64) lose a fifth under a filter.
HNSW_M = 24
HNSW_EF_CONSTRUCTION = 200
# Below this a scan of all centres takes a few milliseconds, and needs no upkeep.
INDEX_FROM = 10_000

LINES = "speech_embedding"
_ROW_BYTES = 64  # a row of embedding or of centre without its vector

_SIZES = """
    SELECT c.relname AS name, c.reltuples AS rows, c.relpages AS pages,
           pg_relation_size(c.oid) / current_setting('block_size')::int AS pages_now,
           coalesce(i.indisvalid, false) AS usable
    FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relnamespace = 'catalog'::regnamespace
      AND c.relname IN (%(embedding)s, %(centre)s, %(graph)s, %(lines)s, %(lines_graph)s)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What the server's statistics say of a table or index: rows and pages when last counted."""

    rows: float
    pages: int
    pages_now: int
    usable: bool
    """Whether it is an index that answers."""

    def rows_now(self, dimension: int) -> int:
        """As the planner makes it out: rows per page when last counted, and pages now.

        Of a table that was emptied, counted and filled again it makes out none; so do not we.
        """
        if self.pages > 0 and self.rows > 0:
            return round(float(self.rows / self.pages * self.pages_now))
        # Never counted yet; or counted while there were none, and what grew since is not empty.
        fresh = self.pages_now if self.rows < 0 else max(self.pages_now - self.pages, 0)
        return int(fresh) * 8192 // (_ROW_BYTES + 2 * dimension)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much one encoder's partitions hold, by the server's statistics."""

    frames: int
    centres: int
    centre_pages: int
    graph: bool
    """Whether there is a usable graph over the centres."""
    lines: int
    """Spoken lines, of the encoder that answers for speech."""
    lines_graph: bool
    """Whether there is one over those."""


def graph_name(encoder_id: int, table: str = "centre") -> str:
    """The graph's name as an index."""
    return f"ix_{table}_{encoder_id}_hnsw"


def sizes(
    session: Session, encoder_id: int, dimension: int, *, speech_id: int | None = None
) -> Sizes:
    """Estimates as the planner makes them, of one encoder.

    ``speech_id``: the encoder that answers for speech, if that is another one.
    """
    hears = speech_id or encoder_id
    names = {
        "embedding": f"embedding_{encoder_id}",
        "centre": f"centre_{encoder_id}",
        "graph": graph_name(encoder_id),
        "lines": f"{LINES}_{hears}",
        "lines_graph": graph_name(hears, LINES),
    }
    answer = session.connection().exec_driver_sql(_SIZES, names)
    found = {row.name: Held(*row[1:]) for row in answer.all()}
    return sizes_of(found, encoder_id, dimension, hears)


def sizes_of(held: Mapping[str, Held], encoder_id: int, dimension: int, hears: int) -> Sizes:
    """The sizes, by what the server knows of each table and index; ``hears`` answers for speech."""
    nothing = Held(0.0, 0, 0, usable=False)
    embedding = held.get(f"embedding_{encoder_id}", nothing)
    centre = held.get(f"centre_{encoder_id}", nothing)
    lines = held.get(f"{LINES}_{hears}", nothing)
    return Sizes(
        frames=embedding.rows_now(dimension),
        centres=centre.rows_now(dimension),
        centre_pages=centre.pages_now,
        graph=held.get(graph_name(encoder_id), nothing).usable,
        lines=lines.rows_now(dimension),
        lines_graph=held.get(graph_name(hears, LINES), nothing).usable,
    )


def build_graph(
    connection: Connection, encoder_id: int, dimension: int, table: str = "centre"
) -> None:
    """Build the graph while others read and write; what an earlier try left is removed.

    ``table`` is ``centre`` or `LINES`. ``connection`` commits each statement by itself, as
    ``CREATE INDEX CONCURRENTLY`` asks.
    """
    name = graph_name(encoder_id, table)
    # It waits for no lock longer than this, for what comes after would wait behind it.
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {SCHEMA}.{name}"))
    connection.execute(text("SET max_parallel_maintenance_workers = 2"))
    connection.execute(
        text(
            f"CREATE INDEX CONCURRENTLY {name} ON {SCHEMA}.{table}_{encoder_id} USING hnsw "
            f"((vector::halfvec({dimension})) halfvec_cosine_ops) "
            f"WITH (m = {HNSW_M}, ef_construction = {HNSW_EF_CONSTRUCTION})"
        )
    )
    compared = (table, "embedding") if table == "centre" else (table,)
    analyze(connection, [f"{each}_{encoder_id}" for each in compared])
