"""What `benchmarks.search` asks: filters that keep a share, and queries like a text's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.search_data import FRAMES, SHOTS, plain_connection
from catalog import Catalog

Condition = tuple[str, str, int]
"""A field, ``<``, ``<=`` or ``has``, and a number."""
# How much of a text-like query's length points to its picture: about what texts of contrastive
# models have in common with the pictures they describe (0.07 to 0.3, ../shared/vectors 0.07).
TEXT_SHARE = 0.1


@dataclass(frozen=True)
class Filter:
    """A filter as the catalogue's query says it, and which assets it keeps of each query."""

    name: str
    query: Callable[[int], str]
    where: str
    kept: Callable[[int], np.ndarray]
    condition: Callable[[int], Condition | None]
    """The same for engines that filter by one field; None: everything is kept."""


def tag_number(name: str, query: int) -> int:
    """The tag of a filter that follows a query's likeness, for engines whose tags are numbers."""
    return 2 * query + (name == "correlated")


def filters_of(data: dict[str, np.ndarray], queries: np.ndarray) -> list[Filter]:
    """The filters, by asset: the exact share is as near as whole assets allow."""
    collection, day = data["collection"], data["day"]
    everything = np.ones(len(collection), bool)
    found = [Filter("100", lambda _: "", "true", lambda _: everything, lambda _: None)]
    for name, below in (("50", 50), ("10", 10), ("1", 1)):
        kept = collection < below
        asked = "collection:" + ",".join(f"c{c:02}" for c in range(below))
        found.append(
            Filter(
                name,
                lambda _, q=asked: q,
                f"collection < 'c{below:02}'",
                lambda _, k=kept: k,
                lambda _, b=below: ("collection", "<", b),
            )
        )
    for name, share in (("0.2", 0.002), ("0.01", 0.0001)):
        last = int(np.sort(day)[max(round(share * len(day)), 1) - 1])
        date = np.datetime64("2016-01-01") + last
        found.append(Filter(name, lambda _, d=date: f"recorded:..{d}",
                            f"recorded < '{date + 1}'", lambda _, k=day <= last: k,
                            lambda _, n=last: ("day", "<=", n)))  # fmt: skip
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
    return Filter(name, lambda q: f"tag:{name}-{q}", name, lambda q: kept[q],
                  lambda q: ("tags", "has", tag_number(name, q)))  # fmt: skip


def text_like(rows: np.ndarray, count: int, seed: int = 11) -> np.ndarray:
    """Queries that point to a picture as a text does: most of their length points elsewhere.

    ``count`` unit rows of single precision, rounded as a query's vector is kept.
    """
    rng = np.random.default_rng(seed)
    common = np.asarray(rows[:: max(len(rows) // 5000, 1)], "f4").mean(0)
    near = np.asarray(rows[np.sort(rng.choice(len(rows), count, replace=False))], "f4") - common
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    elsewhere = rng.standard_normal(near.shape).astype("f4")
    elsewhere /= np.linalg.norm(elsewhere, axis=1, keepdims=True)
    asked = TEXT_SHARE * near + (1 - TEXT_SHARE**2) ** 0.5 * elsewhere
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    return asked.astype("f2").astype("f4")


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
