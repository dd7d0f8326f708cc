"""What others find among the same frames, and FAISS as the physical limit.

They belong to the dependency group ``bench``; one that is not installed is named and left out.
pgvector is asked in the catalogue's own server.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.search_data import plain_connection
from catalog import Catalog
from catalog.db.vectors import fetch_type, register

if TYPE_CHECKING:
    from benchmarks.search import Truth
    from benchmarks.search_filters import Condition, Filter

K = 10
USUAL = "pgvector as usually written"
LANCE, FAISS = "LanceDB IVF_PQ", "FAISS flat (physical limit)"
QDRANT, QDRANT_EXACT = "Qdrant Edge at our recall", "Qdrant Edge exact"
EFS = (16, 32, 64, 128, 256, 512, 1024, 2048)
Rows = Iterator[tuple[str, str, dict]]


@dataclass(frozen=True)
class Task:
    """What each engine is asked, and beside what.

    ``ours`` is the catalogue's recall by filter, ``answering`` its way to answer under one.
    """

    folder: Path
    catalog: Catalog
    data: dict[str, np.ndarray]
    queries: np.ndarray
    every: list[Filter]
    truth: Truth
    measured: Callable[..., dict[str, float]]
    ours: dict[str, float]
    answering: Callable[[Filter], Callable[[int], list[int]]]

    def figures(self, one: Filter, answer: Callable[[int], list[int]]) -> dict[str, float]:
        """Recall of frames, and times, with the catalogue asked by turns."""
        return self.measured(
            answer,
            lambda n: self.truth.frames(n, one.kept(n)),
            len(self.queries),
            self.answering(one),
        )


def ask(task: Task) -> Rows:
    """Each engine under each filter it can say: name, filter, figures."""
    yield from _usual(task)
    for package, engine in (("lancedb", _lance), ("qdrant_edge", _qdrant), ("faiss", _faiss)):
        if importlib.util.find_spec(package) is None:
            print(f"{package} is not installed, and is not asked: pip install --group bench",
                  file=sys.stderr)  # fmt: skip
            continue
        yield from engine(task)


def _usual(task: Task) -> Rows:
    """An HNSW index over every frame with its defaults, and filters by a join."""
    with plain_connection(task.catalog) as connection:
        info = fetch_type(connection)
        assert info is not None
        register(connection, info)
        _make_usual(connection, task.data["E"].shape[1])
        for name, value in (("hnsw.ef_search", "100"), ("hnsw.iterative_scan", "relaxed_order")):
            connection.execute(f"SET {name} = '{value}'")
        for one in task.every:
            kept = one.where
            if one.where == one.name:
                kept = ("a.id IN (SELECT asset_id FROM asset_tag JOIN tag ON tag.id = tag_id "
                        f"WHERE tag.name = '{one.name}-' || %(number)s::int)")  # fmt: skip
            statement = (
                "SELECT e.frame_id FROM bench_usual.frame e JOIN asset a ON a.id = e.asset_id "
                f"WHERE {kept} ORDER BY e.vector <=> %(vector)s LIMIT {K}"
            )

            def answer(number: int, statement: str = statement) -> list[int]:
                values = {"number": number, "vector": task.queries[number].astype("f2")}
                return [row[0] for row in connection.execute(statement, values)]

            yield USUAL, one.name, task.figures(one, answer)


def _make_usual(connection: Any, dimension: int) -> None:  # noqa: ANN401  # psycopg's
    if connection.execute("SELECT to_regclass('bench_usual.done')").fetchone()[0]:
        return
    began = time.perf_counter()
    connection.execute("DROP SCHEMA IF EXISTS bench_usual CASCADE")
    connection.execute("CREATE SCHEMA bench_usual")
    connection.execute(
        f"CREATE TABLE bench_usual.frame AS SELECT frame_id, asset_id, vector::halfvec({dimension})"
        " FROM embedding"
    )
    connection.execute("ALTER TABLE bench_usual.frame ALTER vector SET STORAGE PLAIN")
    connection.execute("SET maintenance_work_mem = '2GB'")
    connection.execute("CREATE INDEX ON bench_usual.frame (asset_id)")
    connection.execute("CREATE INDEX ON bench_usual.frame USING hnsw (vector halfvec_cosine_ops)")
    connection.execute("ANALYZE bench_usual.frame")
    connection.execute("CREATE TABLE bench_usual.done ()")
    connection.commit()
    print(f"{USUAL}: built in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _faiss(task: Task) -> Rows:
    import faiss  # noqa: PLC0415

    rows = task.data["E"]
    index = faiss.IndexFlatIP(rows.shape[1])
    for at in range(0, len(rows), 50_000):
        index.add(np.asarray(rows[at : at + 50_000], "f4"))
    for one in task.every:
        # What is kept is known before the clock starts: the comparing alone is the limit.
        chosen = [_chosen(one.kept(n)[task.data["asset"]]) for n in range(len(task.queries))]

        def answer(number: int, chosen: list[Any] = chosen) -> list[int]:
            _, found = index.search(task.queries[number : number + 1], K, params=chosen[number])
            return [int(row) + 1 for row in found[0] if row >= 0]

        yield FAISS, one.name, task.figures(one, answer)


def _chosen(kept: np.ndarray) -> Any:  # noqa: ANN401  # FAISS's
    import faiss  # noqa: PLC0415

    if kept.all():
        return None
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(kept, bitorder="little")))


def _tags(task: Task) -> list[list[int]]:
    """The numbers of each asset's tags, of the filters that follow the queries' likeness."""
    tags: list[list[int]] = [[] for _ in task.data["collection"]]
    for number in range(len(task.queries)):
        for one in task.every:
            condition = one.condition(number)
            if condition is not None and condition[1] == "has":
                for asset in np.flatnonzero(one.kept(number)):
                    tags[asset].append(condition[2])
    return tags


def _lance(task: Task) -> Rows:
    # Else each search below its index's sample size writes a line.
    os.environ.setdefault("LANCE_LOG", "error")
    os.environ.setdefault("RUST_LOG", "error")
    import lancedb  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    data, frames = task.data, len(task.data["E"])
    place = task.folder / f"lance-{frames}-{len(task.queries)}"
    database = lancedb.connect(str(place))
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        rows, tags = np.asarray(data["E"], "f4"), _tags(task)
        table = database.create_table("frames", pa.table({
            "id": np.arange(1, frames + 1),
            "collection": data["collection"][data["asset"]],
            "day": data["day"][data["asset"]],
            "tags": pa.array([tags[asset] for asset in data["asset"]], pa.list_(pa.int64())),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1]),
        }))  # fmt: skip
        table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_PQ")
        table.create_scalar_index("collection")
        table.create_scalar_index("day")
        table.create_scalar_index("tags", index_type="LABEL_LIST")
        (place / "done").touch()
    table = database.open_table("frames")
    for one in task.every:

        def answer(number: int, one: Filter = one) -> list[int]:
            search = table.search(task.queries[number]).distance_type("cosine").refine_factor(10)
            condition = one.condition(number)
            if condition is not None:
                search = search.where(_lance_words(*condition), prefilter=True)
            return search.select(["id", "_distance"]).limit(K).to_arrow()["id"].to_pylist()

        yield LANCE, one.name, task.figures(one, answer)


def _lance_words(field: str, operator: str, value: int) -> str:
    if operator == "has":
        return f"array_has({field}, {value})"
    return f"{field} {operator} {value}"


def _qdrant(task: Task) -> Rows:
    """Exact, and at the smallest ef that finds what the catalogue finds (else at the greatest)."""
    from qdrant_edge import Query, QueryRequest, SearchParams  # noqa: PLC0415

    shard = _qdrant_shard(task)
    for one in task.every:
        kept = [_qdrant_filter(one.condition(n)) for n in range(len(task.queries))]

        def asking(params: SearchParams, kept: Any = kept) -> Callable[[int], list[int]]:  # noqa: ANN401
            def answer(number: int) -> list[int]:
                request = QueryRequest(
                    limit=K,
                    query=Query.Nearest(task.queries[number].tolist()),
                    filter=kept[number],
                    params=params,
                )
                return [point.id for point in shard.query(request)]

            return answer

        yield QDRANT_EXACT, one.name, task.figures(one, asking(SearchParams(exact=True)))
        for ef in EFS:
            figures = task.figures(one, asking(SearchParams(hnsw_ef=ef)))
            if figures["recall"] >= task.ours.get(one.name, 1.0):
                break
        yield QDRANT, one.name, figures | {"plan": f"ef {ef}"}
    shard.close()


def _qdrant_filter(condition: Condition | None) -> Any:  # noqa: ANN401  # Qdrant's
    from qdrant_edge import FieldCondition, Filter, MatchValue, RangeFloat  # noqa: PLC0415

    if condition is None:
        return None
    field, operator, value = condition
    if operator == "has":
        return Filter(must=[FieldCondition(key=field, match=MatchValue(value))])
    bound = {"<": "lt", "<=": "lte"}[operator]
    return Filter(must=[FieldCondition(key=field, range=RangeFloat(**{bound: float(value)}))])


def _qdrant_shard(task: Task) -> Any:  # noqa: ANN401
    """Half precision as ours, its own defaults for the graph (m 16, ef_construct 100)."""
    import qdrant_edge as edge  # noqa: PLC0415

    rows = task.data["E"]
    place = task.folder / f"qdrant-{len(rows)}-{len(task.queries)}"
    if (place / "done").exists():
        return edge.EdgeShard.load(str(place / "shard"))
    shutil.rmtree(place, ignore_errors=True)
    (place / "shard").mkdir(parents=True)
    began = time.perf_counter()
    parameters = edge.EdgeVectorParams(
        size=rows.shape[1],
        distance=edge.Distance.Cosine,
        datatype=edge.VectorStorageDatatype.Float16,
    )
    graph = edge.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=10_000)
    shard = edge.EdgeShard.create(
        str(place / "shard"), edge.EdgeConfig(vectors=parameters, hnsw_config=graph)
    )
    asset = task.data["asset"]
    collection = task.data["collection"][asset].tolist()
    day = task.data["day"][asset].tolist()
    tags = _tags(task)
    for field in ("collection", "day", "tags"):
        shard.update(edge.UpdateOperation.create_field_index(field, edge.PayloadSchemaType.Integer))
    for first in range(0, len(rows), 2000):
        block = np.asarray(rows[first : first + 2000], "f4").tolist()
        points = []
        for at, vector in enumerate(block, first):
            known = {"collection": collection[at], "day": day[at], "tags": tags[asset[at]]}
            points.append(edge.Point(at + 1, vector, known))
        shard.update(edge.UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()
    (place / "done").touch()
    print(f"Qdrant Edge: built in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return shard


def to_compare(table: list[dict], asked: str) -> dict[str, dict[str, dict]]:
    """Per figure of the last line the rows of the engine it compares with, by filter.

    ``asked`` is the sort of queries: of the other sort there are rows as well.
    """
    named = {
        "vs_pgvector": USUAL,
        "vs_lancedb": LANCE,
        "vs_qdrant": QDRANT,
        "vs_qdrant_exact": QDRANT_EXACT,
        "vs_faiss_flat": FAISS,
    }
    return {
        figure: {
            row["filter"]: row for row in table if row["engine"] == engine and row["asked"] == asked
        }
        for figure, engine in named.items()
    }
