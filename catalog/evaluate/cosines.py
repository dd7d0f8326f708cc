"""Cosines of matches and of misses: medians, and histograms to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.evaluate.retrieval import Floats, Places, Vectors

# So many misses are all looked at; of more, as many are drawn.
MOST_MISSES = 1_000_000
BINS = 48
_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Cosines:
    """Of captions with their own picture (``matches``) and with others (``misses``).

    ``edges`` are the borders of the histograms' bins; ``match_bins``, ``miss_bins`` hold
    the share of each that lies within, and sum to 1.
    """

    match_median: float
    miss_median: float
    miss_spread: float
    matches: int
    misses: int
    edges: tuple[float, ...]
    match_bins: tuple[float, ...]
    miss_bins: tuple[float, ...]

    @property
    def delta(self) -> float:
        """How far the matches' median is above the misses'."""
        return self.match_median - self.miss_median

    def as_json(self) -> dict[str, Any]:
        """JSON form; histograms are ``{"edges", "matches", "misses"}``."""
        return {
            "match_median": round(self.match_median, 4),
            "miss_median": round(self.miss_median, 4),
            "delta": round(self.delta, 4),
            "matches": self.matches,
            "misses": self.misses,
            "histogram": {
                "edges": [round(edge, 4) for edge in self.edges],
                "matches": [round(share, 5) for share in self.match_bins],
                "misses": [round(share, 5) for share in self.miss_bins],
            },
        }


def cosines_of(texts: Vectors, owner: Places, pictures: Vectors, *, seed: int = 0) -> Cosines:
    """Matches and misses of captions ``(q, d)`` whose pictures are ``pictures[owner]``.

    Above a million, misses are drawn, with ``seed``; below they are all there are.
    """
    matches = np.sum(texts * pictures[owner], axis=1).astype(np.float64)
    misses = _misses(texts, owner, pictures, seed)
    both = np.concatenate([matches, misses])
    edges = np.linspace(both.min(), np.nextafter(both.max(), 2), BINS + 1)
    median = float(np.median(misses)) if len(misses) else float("nan")
    # Of a normal distribution that is the standard deviation.
    spread = 1.4826 * float(np.median(np.abs(misses - median))) if len(misses) else float("nan")
    return Cosines(
        match_median=float(np.median(matches)),
        miss_median=median,
        miss_spread=spread,
        matches=len(matches),
        misses=len(misses),
        edges=tuple(float(edge) for edge in edges),
        match_bins=_shares(matches, edges),
        miss_bins=_shares(misses, edges),
    )


def _misses(texts: Vectors, owner: Places, pictures: Vectors, seed: int) -> Floats:
    if len(texts) * (len(pictures) - 1) <= MOST_MISSES:
        cosines = (texts @ pictures.T).astype(np.float64)
        misses: Floats = cosines[owner[:, None] != np.arange(len(pictures))[None, :]]
        return misses
    random = np.random.default_rng(seed)
    asked = random.integers(len(texts), size=MOST_MISSES)
    # A step of 1 to n - 1 from its own picture leads to any other, each as likely.
    other = (owner[asked] + random.integers(1, len(pictures), size=MOST_MISSES)) % len(pictures)
    parts = [
        np.einsum("ij,ij->i", texts[asked[at : at + _CHUNK]], pictures[other[at : at + _CHUNK]])
        for at in range(0, MOST_MISSES, _CHUNK)
    ]
    return np.concatenate(parts).astype(np.float64)


def _shares(values: Floats, edges: NDArray[np.float64]) -> tuple[float, ...]:
    counts, _ = np.histogram(values, edges)
    return tuple(float(share) for share in counts / max(1, len(values)))
