"""Does each query find its own among all? Recall@k, ranks and margins, in plain numpy.

Cosines within a millionth are one: equal pictures must not differ by how a
processor sums. Where several things are equally near, a query scores the
probability that its own is among the first k when ties fall by chance. So an
encoder that gives everything the same vector scores what guessing scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Places = NDArray[np.int64]

AT = (1, 5, 10)
"""Recall@k is reported at these k."""
TOP = 10
"""How many of the nearest are kept of each query."""
# Cosines of so many pairs are held at once.
_PAIRS = 4_000_000
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What each of *q* queries found in a gallery of *g*.

    ``hits`` ``(q, 3)``: the probability that one of its own is among the first 1, 5, 10.
    ``own``, ``other`` ``(q,)``: cosine of the nearest of its own, and of the nearest that is
    not (-1 where there is none). ``first`` ``(q,)``: the place of the nearest of all;
    ``top``, ``right`` ``(q, min(10, g))``: the nearest cosines, and which of them are its own.
    ``median``, ``quartile`` (the lower), ``mean``, ``spread`` ``(q,)``: of the query's cosines
    with the whole gallery.
    """

    gallery: int
    hits: Floats
    own: Floats
    other: Floats
    first: Places
    top: Floats
    right: NDArray[np.bool_]
    median: Floats
    quartile: Floats
    mean: Floats
    spread: Floats


def retrieve(
    queries: Vectors, query_owner: Places, gallery: Vectors, gallery_owner: Places
) -> Retrieved:
    """Let every query look for what has the same owner.

    Parameters
    ----------
    queries, gallery
        Unit vectors, ``(q, d)`` and ``(g, d)``, neither empty.
    query_owner, gallery_owner
        Whose they are, ``(q,)`` and ``(g,)``. Each query must have one of its own in the
        gallery or more.
    """
    blocks = [
        _block(cosines, query_owner[start : start + len(cosines)], gallery_owner)
        for start, cosines in _cosines(queries, gallery)
    ]
    joined: list[Any] = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    return Retrieved(len(gallery), *joined)


def _cosines(queries: Vectors, gallery: Vectors) -> Iterator[tuple[int, Floats]]:
    rows = max(1, _PAIRS // max(1, len(gallery)))
    for start in range(0, len(queries), rows):
        cosines = (queries[start : start + rows] @ gallery.T).astype(np.float64)
        yield start, np.round(cosines, _DIGITS)


def _block(
    cosines: Floats, query_owner: Places, gallery_owner: Places
) -> tuple[NDArray[np.generic], ...]:
    mine = query_owner[:, None] == gallery_owner[None, :]
    own = np.where(mine, cosines, -np.inf).max(axis=1)
    other = np.where(mine, -1.0, cosines).max(axis=1)
    above = (cosines > own[:, None]).sum(axis=1)
    level = cosines == own[:, None]
    hits = chances(above, level.sum(axis=1), (level & mine).sum(axis=1))
    order = _nearest(cosines)
    quartile, median = np.quantile(cosines, [0.25, 0.5], axis=1)
    return (
        hits,
        own,
        other,
        order[:, 0],
        np.take_along_axis(cosines, order, axis=1),
        np.take_along_axis(mine, order, axis=1),
        median,
        quartile,
        cosines.mean(axis=1),
        cosines.std(axis=1),
    )


def _nearest(cosines: Floats) -> Places:
    """Places of the nearest of each row, nearest first."""
    last = min(TOP, cosines.shape[1]) - 1
    some = np.argpartition(-cosines, last, axis=1)[:, : last + 1]
    order = np.argsort(-np.take_along_axis(cosines, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def chances(above: Places, level: Places, own: Places) -> Floats:
    """Probability that one of its own is among the first 1, 5, 10; ``(q, 3)``.

    Of each query: how many of the gallery are nearer than the nearest of its own, how many
    as near, and how many of those are its own. Drawing ``k - above`` of the level ones
    without putting back misses all of its own with a hypergeometric probability.
    """
    found = []
    for k in AT:
        drawn = np.clip(k - above, 0, level)
        missed = np.ones(len(above))
        for at in range(k):
            left = np.maximum(level - own - at, 0) / np.maximum(level - at, 1)
            missed *= np.where(at < drawn, left, 1.0)
        found.append(1.0 - missed)
    return np.stack(found, axis=1)
