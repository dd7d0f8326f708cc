"""Recall and time of filtered searches, beside what others do with the same vectors.

    python -m benchmarks.search [--frames 300000] [--queries 40] [--reuse DIR] [--growth]

The catalogue is filled with vectors that lie as a video library's do (``search_data``). Filters
keep 100, 50, 10, 1, 0.2 and 0.01 percent of the frames, at random; two more keep assets by their
likeness to each query: the half most like it, and the half least like it. Asked are
``Catalog.search()`` (clips; the vectors of its texts are known), the same statement as bare SQL,
and on the frames pgvector as it is usually written, LanceDB, Qdrant Edge and FAISS; exact answers
come from numpy. Prints a table and, as its last line, one JSON object of named figures.

The queries lie near stored pictures, as examples do, and are asked as such (``vector``). Texts do
not: *text-like* queries share a tenth of their length with a picture, as the texts of a contrastive
model do, and are asked as texts (``min_recall_text``, ``vs_…_text``).

``--growth`` also asks catalogues of 100,000 and 1,000,000 frames. With ``--reuse`` data and
databases are kept in DIR; making them takes minutes, the searches less. Each query is asked
twice: ``p50_ms`` and ``p95_ms`` are of the second time, ``first_ms`` is the median of the first,
of which the filter was known before but to the first query of each half minute.
Everybody else is asked by turns with ours, query by query: ``vs_…`` are ratios of these medians.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import search_contenders
from benchmarks.search_data import (
    FRAMES,
    SHOTS,
    catalogue_of,
    data_of,
    generator,
    sizes_of,
)
from benchmarks.search_filters import Filter, filters_of, tag_assets, text_like
from catalog import Catalog
from catalog.domain.results import SearchResult
from catalog.store import vectors

K = 10
OURS, OURS_SQL = "catalogue", "catalogue, bare SQL"
PICTURE, TEXT = "pictures", "texts"
Answer = Callable[[int], list[int]]
"""The ids found for one query, by its number."""


class Truth:
    """Exact neighbours, by numpy in single precision."""

    def __init__(self, data: dict[str, np.ndarray], queries: np.ndarray) -> None:
        rows = data["E"]
        self.cosine = np.concatenate([
            np.asarray(rows[at : at + 50_000], "f4") @ queries.T
            for at in range(0, len(rows), 50_000)
        ])  # fmt: skip
        clips = -(-len(rows) // FRAMES)
        padded = np.full((clips * FRAMES, len(queries)), -2, "f4")
        padded[: len(rows)] = self.cosine
        self.by_clip = padded.reshape(clips, FRAMES, len(queries)).max(1)

    def clips(self, query: int, kept: np.ndarray) -> list[int]:
        """Ids of the ten nearest clips among the assets kept."""
        return self._best(self.by_clip[:, query], np.repeat(kept, SHOTS))

    def frames(self, query: int, kept: np.ndarray) -> list[int]:
        """Ids of the ten nearest frames among the assets kept."""
        return self._best(self.cosine[:, query], np.repeat(kept, SHOTS * FRAMES))

    @staticmethod
    def _best(cosine: np.ndarray, kept: np.ndarray) -> list[int]:
        kept = kept[: len(cosine)]
        rows = np.flatnonzero(kept)
        order = rows[np.argsort(-cosine[rows], kind="stable")[:K]]
        return (order + 1).tolist()


def measured(
    answer: Answer,
    truth: Callable[[int], list[int]],
    queries: int,
    beside: Answer | None = None,
) -> dict[str, float]:
    """Recall against the truth, times of a first and a second round, and rows per answer.

    ``beside`` is asked by turns with it, query by query, so that both meet the same machine.
    """
    found, first, spent, rows, ours = [], [], [], [], []
    for number in range(queries):
        if beside is not None:
            beside(number)
            began = time.perf_counter()
            beside(number)
            ours.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        answer(number)
        again = time.perf_counter()
        ids = answer(number)
        spent.append(1000 * (time.perf_counter() - again))
        first.append(1000 * (again - began))
        wanted = truth(number)
        found.append(len(set(ids[:K]) & set(wanted)) / max(len(wanted), 1))
        rows.append(len(ids))
    figures = {
        "recall": round(float(np.mean(found)), 4),
        "p50_ms": round(float(np.percentile(spent, 50)), 3),
        "p95_ms": round(float(np.percentile(spent, 95)), 3),
        "first_ms": round(float(np.percentile(first, 50)), 3),
        "rows": round(float(np.mean(rows)), 2),
    }
    if ours:
        figures["beside_p50_ms"] = round(float(np.percentile(ours, 50)), 3)
    return figures


class Bare:
    """The statement that a search sends, sent by psycopg alone: PostgreSQL's share of the time."""

    def __init__(self, catalog: Catalog) -> None:
        from sqlalchemy import event  # noqa: PLC0415

        self._sent: list[tuple[str, object]] = []
        self._engine = catalog.database.engine
        self._connection = catalog.database.engine.raw_connection()
        self._listen = lambda: event.listen(self._engine, "before_cursor_execute", self._note)
        self._forget = lambda: event.remove(self._engine, "before_cursor_execute", self._note)
        self._catalog = catalog
        self._known: dict[tuple[str, bytes], list[tuple[str, object]]] = {}

    def _note(self, _c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if "set_config" in statement or "FROM total" in statement:
            self._sent.append((statement, parameters))

    def answer(self, query: str, vector: np.ndarray) -> list[int]:
        """The clips of the statement's rows."""
        known = query, vector.tobytes()
        if known not in self._known:
            self._listen()
            self._sent = []
            self._catalog.search(query, vector=vector, limit=K, all_=True)
            self._forget()
            # Not what counted, nor what tried few where they were many: that is not every search's.
            settings = [sent for sent in self._sent if "set_config" in sent[0]]
            answers = [sent for sent in self._sent if "FROM total" in sent[0]]
            self._known[known] = settings + answers[-1:]
        with self._connection.cursor() as cursor:
            for statement, parameters in self._known[known]:
                cursor.execute(statement, parameters)
            names = [column.name for column in cursor.description]
            rows = cursor.fetchall()
        # A rollback would have the driver forget what the server has prepared.
        self._connection.commit()
        at = names.index("clip_id")
        return [row[at] for row in rows[:K] if row[at] is not None]


def as_pictures(catalog: Catalog, asked: np.ndarray, one: Filter) -> Answer:
    """``Catalog.search()`` by vectors of pictures under a filter, all of Python in it."""

    def through(number: int) -> list[int]:
        return clips_of(catalog.search(one.query(number), vector=asked[number], limit=K, all_=True))

    return through


def as_texts(catalog: Catalog, one: Filter) -> Answer:
    """``Catalog.search()`` by texts whose vectors are known."""
    return lambda number: clips_of(
        catalog.search(f"text {number} {one.query(number)}".strip(), limit=K, all_=True)
    )


def clips_of(result: SearchResult) -> list[int]:
    """The clips found."""
    return [hit.clip["id"] for hit in result.hits if hit.clip is not None]


def ask_catalogue(
    catalog: Catalog, every: list[Filter], truth: Truth, asked: np.ndarray, frames: int
) -> list[dict]:
    """Both ways into the catalogue, under each filter."""
    table, bare = [], Bare(catalog)
    for one in every:

        def wanted(number: int, one: Filter = one) -> list[int]:
            return truth.clips(number, one.kept(number))

        def by_sql(number: int, one: Filter = one) -> list[int]:
            return bare.answer(one.query(number), asked[number])

        plan = catalog.search(one.query(0), vector=asked[0], limit=K, all_=True).plan
        for engine, answer in (
            (OURS, as_pictures(catalog, asked, one)),
            (OURS_SQL, by_sql),
        ):
            figures = measured(answer, wanted, len(asked))
            table.append({"frames": frames, "engine": engine, "asked": PICTURE, "filter": one.name,
                          "plan": plan.kind, **figures})  # fmt: skip
            say(table[-1])
    return table


def ask_as_texts(
    catalog: Catalog, every: list[Filter], truth: Truth, asked: np.ndarray, frames: int
) -> list[dict]:
    """The catalogue asked as texts ask."""
    save(catalog, "text", asked)
    table = []
    for one in every:
        kind = catalog.search(f"text 0 {one.query(0)}".strip(), limit=K, all_=True).plan.kind
        figures = measured(
            as_texts(catalog, one),
            lambda number, one=one: truth.clips(number, one.kept(number)),
            len(asked),
        )
        table.append({"frames": frames, "engine": OURS, "asked": TEXT, "filter": one.name,
                      "plan": kind, **figures})  # fmt: skip
        say(table[-1])
    return table


def save(catalog: Catalog, named: str, asked: np.ndarray) -> None:
    """Keep the queries' vectors as phrases, so that no encoder is needed."""
    with catalog.database.session() as session:
        encoder = vectors.active_encoder(session)
        assert encoder is not None
        texts = [f"{named} {number}" for number in range(len(asked))]
        vectors.save_phrases(session, encoder.id, texts, list(asked))


def say(row: dict) -> None:
    """One line of the table."""
    print(
        f"{row['frames']:>9,} {row['engine']:<28} {row['asked']:<8} {row['filter']:>15} "
        f"{row.get('plan', ''):<8} "
        f"recall {row['recall']:.4f}  p50 {row['p50_ms']:8.2f}  p95 {row['p95_ms']:8.2f} "
        f"first {row['first_ms']:8.2f} ms  rows {row['rows']:.1f}"
        + (f"  ours beside it {row['beside_p50_ms']:.2f} ms" if "beside_p50_ms" in row else ""),
        flush=True,
    )


def run(folder: Path, frames: int, queries: int, *, contenders: bool) -> tuple[list[dict], dict]:
    """Ask one size; the table and what making the catalogue cost."""
    settings = catalogue_of(folder, frames)
    data = data_of(folder, frames)
    # Rounded as a query's vector is kept.
    asked = generator().queries(data["E"], queries).astype("f2").astype("f4")
    every, truth = filters_of(data, asked), Truth(data, asked)
    texts = text_like(data["E"], queries)
    # Those that are the same for all queries.
    same, of_texts = [one for one in every if one.where != one.name], Truth(data, texts)
    with Catalog.open(settings) as catalog:
        tag_assets(catalog, every, queries)
        table = ask_catalogue(catalog, every, truth, asked, frames)
        table += ask_as_texts(catalog, same, of_texts, texts, frames)
        by_texts = partial(as_texts, catalog)
        by_pictures = partial(as_pictures, catalog, asked)
        sorts = (PICTURE, asked, every, truth, by_pictures), (TEXT, texts, same, of_texts, by_texts)
        for sort, vectors_of, filters, known, answering in sorts if contenders else ():
            ours = {
                row["filter"]: row["recall"]
                for row in table
                if (row["engine"], row["asked"]) == (OURS, sort)
            }
            task = search_contenders.Task(
                folder, catalog, data, vectors_of, filters, known, measured, ours, answering
            )
            for engine, one, figures in search_contenders.ask(task):
                table.append({"frames": frames, "engine": engine, "asked": sort, "filter": one,
                              **figures})  # fmt: skip
                say(table[-1])
        sizes = sizes_of(catalog)
    costs = json.loads((settings.home / "costs.json").read_text())
    return table, {**costs, "bytes": sizes}


def figures_of(table: list[dict], costs: dict, frames: int) -> dict:
    """The named figures of the last line."""
    here = [row for row in table if row["frames"] == frames]
    ours = rows_of(here, OURS, PICTURE)
    bare = rows_of(here, OURS_SQL, PICTURE)
    texts = rows_of(here, OURS, TEXT)
    of_texts = [row for row in table if (row["engine"], row["asked"]) == (OURS, TEXT)]
    scale = 1_000_000 / frames
    figures = {
        "frames": frames,
        "min_recall": min(
            row["recall"]
            for row in table
            if row["engine"] in {OURS, OURS_SQL} and row["asked"] == PICTURE
        ),
        "min_recall_text": min(row["recall"] for row in of_texts),
        "recall_text": {f"{row['filter']} of {row['frames']:,}": row["recall"] for row in of_texts},
        "p50_text_ms": {name: row["p50_ms"] for name, row in texts.items()},
        "p95_text_ms": {name: row["p95_ms"] for name, row in texts.items()},
        "plans_text": {name: row["plan"] for name, row in texts.items()},
        "recall": {name: row["recall"] for name, row in ours.items()},
        "p50_ms": {name: row["p50_ms"] for name, row in ours.items()},
        "p95_ms": {name: row["p95_ms"] for name, row in ours.items()},
        "first_ms": {name: row["first_ms"] for name, row in ours.items()},
        "bare_p50_ms": {name: row["p50_ms"] for name, row in bare.items()},
        "plans": {name: row["plan"] for name, row in ours.items()},
        "index_cpu_s_per_million": round(
            scale * (costs["graph"]["cpu_s"] + costs["centres"]["cpu_s"]), 1
        ),
        "index_wall_s_per_million": round(
            scale * (costs["graph"]["wall_s"] + costs["centres"]["wall_s"]), 1
        ),
        "bytes_per_frame": round(sum(costs["bytes"].values()) / frames),
    }
    for sort, ending in ((PICTURE, ""), (TEXT, "_text")):
        for name, theirs in search_contenders.to_compare(here, sort).items():
            # Our time over theirs, asked by turns; what they found of the truth stands beside it.
            figures[f"{name}{ending}"] = {
                one: round(row["beside_p50_ms"] / row["p50_ms"], 2) for one, row in theirs.items()
            }
            figures[f"{name.removeprefix('vs_')}_recall{ending}"] = {
                one: row["recall"] for one, row in theirs.items()
            }
    return figures


def rows_of(table: list[dict], engine: str, asked: str) -> dict[str, dict]:
    """An engine's rows of one sort of queries, by filter."""
    return {r["filter"]: r for r in table if (r["engine"], r["asked"]) == (engine, asked)}


def growth_of(table: list[dict], asked: str) -> dict[str, float]:
    """Median time at a million frames over that at a hundred thousand, per filter."""
    at = {
        (row["frames"], row["filter"]): row["p50_ms"]
        for row in table
        if (row["engine"], row["asked"]) == (OURS, asked)
    }
    names = {name for frames, name in at if frames == 1_000_000}
    return {
        name: round(at[1_000_000, name] / at[100_000, name], 2)
        for name in sorted(names)
        if (100_000, name) in at
    }


def main() -> None:
    """Fill, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--reuse", type=Path, help="keep data and databases in this folder")
    parser.add_argument("--growth", action="store_true", help="100,000 and 1,000,000 as well")
    parser.add_argument("--alone", action="store_true", help="ask the catalogue only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.reuse or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        Path(temporary).chmod(0o755)  # under root the server runs as another user
        table, costs = run(folder, options.frames, options.queries, contenders=not options.alone)
        for frames in (100_000, 1_000_000) if options.growth else ():
            if frames != options.frames:
                table += run(folder, frames, options.queries, contenders=False)[0]
    figures = figures_of(table, costs, options.frames)
    for sort, ending in ((PICTURE, ""), (TEXT, "_text")):
        if growth := growth_of(table, sort):
            figures[f"growth{ending}"] = growth
            figures[f"growth_worst{ending}"] = max(growth.values())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
