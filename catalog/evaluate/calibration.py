"""How a cosine reads as a confidence: fitted to what an evaluation found.

What is fitted on are the first ten hits of each query, as a person would see them:
each with its height above the query's own background (in spreads), and whether it was right. So a
confidence of 0.8 means that of ten hits that carry it, eight are right. What it is
worth is said by pictures that were not fitted on: the pictures are halved, and each
half's queries are judged by the curve of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.domain.confidence import QUARTILE, Logistic, standing_out
from catalog.evaluate.retrieval import Floats, Places, Retrieved

METHOD = "logistic in the spreads above the query's median, by maximum likelihood (Platt 1999)"
LEAST_QUERIES = 40
"""Fewer queries do not calibrate a language."""
_BINS = 10
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Bin:
    """Hits of like confidence: how sure they were, how many were right, how many there are."""

    confidence: float
    right: float
    hits: int

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "confidence": round(self.confidence, 4),
            "right": round(self.right, 4),
            "hits": self.hits,
        }


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether confidences can be taken at their word.

    ``error`` is the expected calibration error (Naeini, Cooper and Hauskrecht, "Obtaining
    well calibrated probabilities using Bayesian binning", AAAI 2015): the mean distance of
    what is promised and what is kept, over ten bins of equal width, by their hits.
    """

    error: float
    bins: tuple[Bin, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "expected_calibration_error": round(self.error, 4),
            "bins": [each.as_json() for each in self.bins],
        }


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One encoder's curve in one language (empty: all together).

    ``before`` and ``after`` tell of held-out hits: judged by how they stand out of the
    background, and by the curve. ``before`` is None where the background is too small.
    """

    language: str
    curve: Logistic
    match_median: float
    miss_median: float
    miss_spread: float
    queries: int
    before: Reliability | None
    after: Reliability

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "language": self.language,
            "method": METHOD,
            "slope": round(self.curve.slope, 4),
            "intercept": round(self.curve.intercept, 4),
            "match_median": round(self.match_median, 4),
            "miss_median": round(self.miss_median, 4),
            "queries": self.queries,
            "before": None if self.before is None else self.before.as_json(),
            "after": self.after.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Hits:
    """The first hits of some queries, one row each, in one array.

    ``height``: spreads above the query's median; ``right``: whether the hit was right;
    ``picture``: whose query it was; ``plain``: the confidence without a calibration, NaN
    where there is none.
    """

    height: Floats
    right: NDArray[np.bool_]
    picture: Places
    plain: Floats

    @classmethod
    def of(cls, found: Retrieved, owner: Places) -> Hits:
        """Those of every query of a retrieval."""
        # Of a query that is as near to everything, nothing stands out.
        unit = np.maximum((found.median - found.quartile) / QUARTILE, 1e-9)
        plain = [
            standing_out(cosine, found.mean[at], found.spread[at], found.gallery)
            for at, row in enumerate(found.top)
            for cosine in row
        ]
        return cls(
            height=((found.top - found.median[:, None]) / unit[:, None]).ravel(),
            right=found.right.ravel(),
            picture=np.repeat(owner, found.top.shape[1]),
            plain=np.array([np.nan if each is None else each for each in plain]),
        )

    @classmethod
    def joined(cls, several: Sequence[Hits]) -> Hits:
        """All together."""
        return cls(
            *(
                np.concatenate([getattr(hits, name) for hits in several])
                for name in ("height", "right", "picture", "plain")
            )
        )


def fit(height: Floats, right: NDArray[np.bool_]) -> Logistic | None:
    """The curve that makes the hits likeliest; None if it would not rise with the cosine.

    With Platt's targets, which stay away from 0 and 1 as far as the numbers ask, so that
    hits that can be told apart perfectly do not make the curve a step.
    """
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return None
    target = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    scale = float(height.std()) or 1.0
    design = np.stack([height / scale, np.ones_like(height)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(_ROUNDS):
        weights, moved = _newton(design, target, weights)
        if moved < 1e-9:
            break
    slope, intercept = float(weights[0] / scale), float(weights[1])
    return Logistic(slope, intercept) if slope > 0 else None


def _newton(design: Floats, target: Floats, weights: Floats) -> tuple[Floats, float]:
    """One step uphill, halved until it does go up."""
    chance = _sigmoid(design @ weights)
    slope = design.T @ (target - chance)
    curvature = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
    step = np.linalg.solve(curvature, slope)
    before = _likelihood(design, target, weights)
    for halvings in range(30):
        tried = weights + step / 2**halvings
        if _likelihood(design, target, tried) >= before:
            return tried, float(np.abs(tried - weights).max())
    return weights, 0.0


def _sigmoid(values: Floats) -> Floats:
    chance: Floats = 0.5 * (1 + np.tanh(values / 2))
    return chance


def _likelihood(design: Floats, target: Floats, weights: Floats) -> float:
    values = design @ weights
    return float(np.sum(target * values - np.logaddexp(0, values)))


def reliability(confidence: Floats, right: NDArray[np.bool_]) -> Reliability:
    """How far confidences are from what came true; both ``(n,)``."""
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    bins = [
        Bin(float(confidence[mine].mean()), float(right[mine].mean()), int(mine.sum()))
        for mine in (place == at for at in range(_BINS))
        if mine.any()
    ]
    off = sum(abs(each.confidence - each.right) * each.hits for each in bins)
    return Reliability(off / max(1, len(confidence)), tuple(bins))


def calibrate(
    hits: Hits,
    *,
    language: str,
    medians: tuple[float, float, float],
    queries: int,
    seed: int = 0,
) -> Calibrated | None:
    """The curve of these hits and what it is worth; None where it cannot be told.

    ``medians``: of matches, of misses, and the misses' spread. It cannot be told from
    fewer than `LEAST_QUERIES` queries, where matches are no nearer than misses, or
    where every hit is right, or none.
    """
    match, miss, spread = medians
    if queries < LEAST_QUERIES or not match > miss:
        return None
    curve = fit(hits.height, hits.right)
    judged = _held_out(hits, seed)
    if curve is None or judged is None:
        return None
    known = ~np.isnan(hits.plain)
    before = reliability(hits.plain[known], hits.right[known]) if known.all() else None
    after = reliability(judged, hits.right)
    return Calibrated(language, curve, match, miss, spread, queries, before, after)


def _held_out(hits: Hits, seed: int) -> Floats | None:
    """The confidence of each hit by a curve that knows nothing of its picture."""
    pictures = np.unique(hits.picture)
    random = np.random.default_rng(seed)
    half = random.permutation(pictures)[: len(pictures) // 2]
    in_half = np.isin(hits.picture, half)
    judged = np.empty(len(hits.height))
    for mine in (in_half, ~in_half):
        curve = fit(hits.height[~mine], hits.right[~mine])
        if curve is None or not mine.any():
            return None
        judged[mine] = _sigmoid(curve.slope * hits.height[mine] + curve.intercept)
    return judged
