"""Recall and time of filtered searches, beside what others do with the same vectors.

    python -m benchmarks.search [--frames 300000] [--queries 40] [--reuse DIR] [--growth]

The catalogue is filled with vectors that lie as a video library's do (``search_data``). Filters
keep 100, 50, 10, 1, 0.2 and 0.01 percent of the frames, at random; two more keep assets by their
likeness to each query: the half most like it, and the half least like it. Asked are
``Catalog.search()`` (clips; its query vectors are known), the same statement as bare SQL, and on
the frames pgvector as it is usually written, LanceDB, Qdrant Edge and FAISS; exact answers come
from numpy. Prints a table and, as its last line,
one JSON object of named figures.

``--growth`` also asks catalogues of 100,000 and 1,000,000 frames. With ``--reuse`` data and
databases are kept in DIR; making them takes minutes, the searches less. Each query is asked
twice: ``p50_ms`` and ``p95_ms`` are of the second time, ``first_ms`` is the median of the first.
Everybody else is asked by turns with ours, query by query: ``vs_…`` are ratios of these medians.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import search_contenders
from benchmarks.search_data import FRAMES, SHOTS, catalogue_of, data_of, generator, plain_connection
from catalog import Catalog
from catalog.store import vectors

K = 10
Answer = Callable[[int], list[int]]
"""The ids found for one query, by its number."""


@dataclass(frozen=True)
class Filter:
    """A filter as the catalogue's query says it, and which assets it keeps of each query."""

    name: str
    query: Callable[[int], str]
    where: str
    kept: Callable[[int], np.ndarray]
    lance: str | None = None
    """The same in LanceDB's words; None: it is not asked."""


def filters_of(data: dict[str, np.ndarray], queries: np.ndarray) -> list[Filter]:
    """The filters, by asset: the exact share is as near as whole assets allow."""
    collection, day = data["collection"], data["day"]
    everything = np.ones(len(collection), bool)
    found = [Filter("100", lambda _: "", "true", lambda _: everything, "")]
    for name, below in (("50", 50), ("10", 10), ("1", 1)):
        kept = collection < below
        asked = "collection:" + ",".join(f"c{c:02}" for c in range(below))
        found.append(Filter(name, lambda _, q=asked: q, f"collection < 'c{below:02}'",
                            lambda _, k=kept: k, f"collection < {below}"))  # fmt: skip
    for name, share in (("0.2", 0.002), ("0.01", 0.0001)):
        last = int(np.sort(day)[max(round(share * len(day)), 1) - 1])
        date = np.datetime64("2016-01-01") + last
        found.append(Filter(name, lambda _, d=date: f"recorded:..{d}",
                            f"recorded < '{date + 1}'", lambda _, k=day <= last: k,
                            f"day <= {last}"))  # fmt: skip
    topic = _topics(data)
    likeness = topic @ queries.T
    for name, sign in (("correlated", 1), ("anti-correlated", -1)):
        found.append(_by_likeness(name, sign * likeness))
    return found


def _topics(data: dict[str, np.ndarray]) -> np.ndarray:
    step = SHOTS * FRAMES
    return np.stack([
        data["E"][at : at + step : 17].astype("f4").mean(0)
        for at in range(0, len(data["asset"]), step)
    ])  # fmt: skip


def _by_likeness(name: str, likeness: np.ndarray) -> Filter:
    """By tag: the half of the assets that is likest (or least like) to the query is tagged so."""
    kept = [row >= np.median(row) for row in likeness.T]
    return Filter(name, lambda q: f"tag:{name}-{q}", name, lambda q: kept[q])


def tag_assets(catalog: Catalog, every: list[Filter], queries: int) -> None:
    """Write the tags of the filters that follow each query's likeness, and nothing of before."""
    with plain_connection(catalog) as connection:
        # Without the triggers: each tag would write its assets anew, and leave dead rows.
        connection.execute("SET session_replication_role = replica")
        # A folder that is used again may hold those of other queries.
        connection.execute("DELETE FROM asset_tag")
        connection.execute("DELETE FROM tag")
        connection.execute("DELETE FROM phrase")
        for one in every:
            if one.where != one.name:
                continue
            for number in range(queries):
                connection.execute(
                    "INSERT INTO tag (name) VALUES (%s) ON CONFLICT DO NOTHING",
                    [f"{one.name}-{number}"],
                )
                connection.execute(
                    "INSERT INTO asset_tag (asset_id, tag_id) SELECT a, t.id FROM tag t, "
                    "unnest(%s::bigint[]) a WHERE t.name = %s ON CONFLICT DO NOTHING",
                    [(np.flatnonzero(one.kept(number)) + 1).tolist(), f"{one.name}-{number}"],
                )
        connection.commit()
        connection.autocommit = True
        # What was written just now is tidied up before the clock starts, not beside it.
        connection.execute("VACUUM (ANALYZE) tag, asset_tag, phrase")
        connection.execute("CHECKPOINT")


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
        self._known: dict[str, list[tuple[str, object]]] = {}

    def _note(self, _c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if "set_config" in statement or "candidate" in statement:
            self._sent.append((statement, parameters))

    def answer(self, query: str) -> list[int]:
        """The clips of the statement's rows."""
        if query not in self._known:
            self._listen()
            self._sent = []
            self._catalog.search(query, limit=K, all_=True)
            self._forget()
            self._known[query] = list(self._sent)
        with self._connection.cursor() as cursor:
            for statement, parameters in self._known[query]:
                cursor.execute(statement, parameters)
            names = [column.name for column in cursor.description]
            rows = cursor.fetchall()
        # A rollback would have the driver forget what the server has prepared.
        self._connection.commit()
        at = names.index("clip_id")
        return [row[at] for row in rows[:K] if row[at] is not None]


def answering(catalog: Catalog, one: Filter) -> Answer:
    """``Catalog.search()`` under a filter, all of Python in it."""

    def through(number: int) -> list[int]:
        text = f"query {number} {one.query(number)}".strip()
        return [hit.clip["id"] for hit in catalog.search(text, limit=K, all_=True).hits]

    return through


def ask_catalogue(
    catalog: Catalog, every: list[Filter], truth: Truth, queries: int, frames: int
) -> list[dict]:
    """Both ways into the catalogue, under each filter."""
    table, bare = [], Bare(catalog)
    for one in every:

        def text(number: int, one: Filter = one) -> str:
            return f"query {number} {one.query(number)}".strip()

        def wanted(number: int, one: Filter = one) -> list[int]:
            return truth.clips(number, one.kept(number))

        kind = catalog.search(text(0), limit=K, all_=True).plan.kind
        for engine, answer in (
            ("catalogue", answering(catalog, one)),
            ("catalogue, bare SQL", lambda number: bare.answer(text(number))),
        ):
            figures = measured(answer, wanted, queries)
            table.append({"frames": frames, "engine": engine, "filter": one.name, "plan": kind,
                          **figures})  # fmt: skip
            say(table[-1])
    return table


def say(row: dict) -> None:
    """One line of the table."""
    print(
        f"{row['frames']:>9,} {row['engine']:<28} {row['filter']:>15} {row.get('plan', ''):<8} "
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
    with Catalog.open(settings) as catalog:
        tag_assets(catalog, every, queries)
        with catalog.database.session() as session:
            encoder = vectors.active_encoder(session)
            assert encoder is not None
            texts = [f"query {number}" for number in range(queries)]
            vectors.save_phrases(session, encoder.id, texts, list(asked))
        table = ask_catalogue(catalog, every, truth, queries, frames)
        if contenders:
            ours = {row["filter"]: row["recall"] for row in table if row["engine"] == "catalogue"}
            task = search_contenders.Task(
                folder, catalog, data, asked, every, truth, measured, ours, answering
            )
            for engine, one, figures in search_contenders.ask(task):
                table.append({"frames": frames, "engine": engine, "filter": one, **figures})
                say(table[-1])
    costs = json.loads((settings.home / "costs.json").read_text())
    return table, costs


def figures_of(table: list[dict], costs: dict, frames: int) -> dict:
    """The named figures of the last line."""
    here = [row for row in table if row["frames"] == frames]
    ours = {row["filter"]: row for row in here if row["engine"] == "catalogue"}
    bare = {row["filter"]: row for row in here if row["engine"] == "catalogue, bare SQL"}
    scale = 1_000_000 / frames
    figures = {
        "frames": frames,
        "min_recall": min(r["recall"] for r in table if r["engine"].startswith("catalogue")),
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
    for name, theirs in search_contenders.to_compare(here).items():
        # Our time over theirs, asked by turns; what they found of the truth stands beside it.
        figures[name] = {
            one: round(row["beside_p50_ms"] / row["p50_ms"], 2)
            for one, row in theirs.items()
            if one in ours
        }
        figures[f"{name.removeprefix('vs_')}_recall"] = {
            one: row["recall"] for one, row in theirs.items()
        }
    return figures


def growth_of(table: list[dict]) -> dict[str, float]:
    """Median time at a million frames over that at a hundred thousand, per filter."""
    at = {
        (row["frames"], row["filter"]): row["p50_ms"]
        for row in table
        if row["engine"] == "catalogue"
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
    if growth := growth_of(table):
        figures["growth"] = growth
        figures["growth_worst"] = max(growth.values())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
