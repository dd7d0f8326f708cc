"""What others find among the same frames: LanceDB, and FAISS as the physical limit.

They belong to the dependency group ``bench``; one that is not installed is named and left out.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from benchmarks.search import Filter, Truth

K = 10
LANCE, FAISS = "LanceDB IVF_PQ", "FAISS flat (physical limit)"
Rows = Iterator[tuple[str, str, dict]]


def ask(  # noqa: PLR0917  # as the benchmark has them
    folder: Path,
    data: dict[str, np.ndarray],
    queries: np.ndarray,
    every: list[Filter],
    truth: Truth,
    measured: Callable,
) -> Rows:
    """Each engine under each filter it can say: name, filter, figures."""
    for package, engine in (("lancedb", _lance), ("faiss", _faiss)):
        if importlib.util.find_spec(package) is None:
            print(f"{package} is not installed, and is not asked: pip install --group bench",
                  file=sys.stderr)  # fmt: skip
            continue
        yield from engine(folder, data, queries, every, truth, measured)


def _faiss(folder: Path, data: dict, queries: np.ndarray, every, truth, measured) -> Rows:  # noqa: ANN001, ARG001, PLR0917
    import faiss  # noqa: PLC0415

    index = faiss.IndexFlatIP(data["E"].shape[1])
    for at in range(0, len(data["E"]), 50_000):
        index.add(np.asarray(data["E"][at : at + 50_000], "f4"))
    for one in every:

        def answer(number: int, one: Filter = one) -> list[int]:
            kept = np.flatnonzero(one.kept(number)[data["asset"]])
            chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(kept))
            _, found = index.search(queries[number : number + 1], K, params=chosen)
            return [int(row) + 1 for row in found[0] if row >= 0]

        yield (
            FAISS,
            one.name,
            measured(answer, lambda n, one=one: truth.frames(n, one.kept(n)), len(queries)),
        )


def _lance(folder: Path, data: dict, queries: np.ndarray, every, truth, measured) -> Rows:  # noqa: ANN001, PLR0917
    import lancedb  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    frames = len(data["E"])
    place = folder / f"lance-{frames}"
    database = lancedb.connect(str(place))
    if not (place / "done").exists():
        shutil.rmtree(place, ignore_errors=True)
        rows = np.asarray(data["E"], "f4")
        table = database.create_table("frames", pa.table({
            "id": np.arange(1, frames + 1),
            "collection": data["collection"][data["asset"]],
            "day": data["day"][data["asset"]],
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1]),
        }))  # fmt: skip
        table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_PQ")
        table.create_scalar_index("collection")
        table.create_scalar_index("day")
        (place / "done").touch()
    table = database.open_table("frames")
    for one in every:
        if one.lance is None:
            continue

        def answer(number: int, one: Filter = one) -> list[int]:
            search = table.search(queries[number]).metric("cosine").refine_factor(10)
            if one.lance:
                search = search.where(one.lance, prefilter=True)
            return [row["id"] for row in search.select(["id"]).limit(K).to_list()]

        yield (
            LANCE,
            one.name,
            measured(answer, lambda n, one=one: truth.frames(n, one.kept(n)), len(queries)),
        )


def to_compare(table: list[dict]) -> dict[str, dict[str, dict]]:
    """Per figure of the last line the rows of the engine it compares with, by filter."""
    named = {"vs_lancedb": LANCE, "vs_faiss_flat": FAISS}
    return {
        figure: {row["filter"]: row for row in table if row["engine"] == engine}
        for figure, engine in named.items()
    }
