"""How sure a figure is: confidence intervals by resampling pictures.

The bootstrap of Efron, "Bootstrap methods: another look at the jackknife", Annals of
Statistics 7 (1979), with pictures as what is drawn: captions of one picture stand or
fall together, so a picture goes with all of them. Every figure of one evaluation is
computed on the same draws, which makes differences between encoders paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.domain.evaluating import RESAMPLES

_LOW, _HIGH = 2.5, 97.5
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and the interval that holds it with 95 % confidence; None: nobody resampled."""

    value: float
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON form: ``value`` and ``ci``, which is null or two numbers."""
        ci = None if self.low is None or self.high is None else [_r(self.low), _r(self.high)]
        return {"value": _r(self.value), "ci": ci}


def _r(number: float) -> float:
    return round(number, 6)


class Draws:
    """How often each of *n* pictures is drawn, in each of *r* resamples: ``(r, n)``.

    Parameters
    ----------
    count
        How many pictures there are.
    resamples
        How many draws; 0: no intervals.
    seed
        Equal seeds make equal draws.
    """

    def __init__(self, count: int, *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        even = np.full(count, 1 / max(1, count))
        # Nothing is drawn 256 times by chance: with as many places as draws, once on average.
        rows = [random.multinomial(count, even).astype(np.uint8) for _ in range(resamples)]
        self._times = np.array(rows, dtype=np.uint8).reshape(resamples, count)

    def means(self, values: NDArray[np.float64], pictures: NDArray[np.int64]) -> Sampled:
        """The mean of ``values`` ``(q, m)``, each of the picture at its place in ``pictures``."""
        size = self._times.shape[1]
        columns = values.T
        sums = np.stack([np.bincount(pictures, column, size) for column in columns], axis=1)
        counts = np.bincount(pictures, minlength=size).astype(np.float64)
        every = self._summed(np.column_stack([sums, counts]))
        drawn = every[:, -1]
        # A resample without a single query says nothing; with few pictures it can happen.
        resampled = every[drawn > 0, :-1] / drawn[drawn > 0, None]
        return Sampled(values.mean(axis=0), resampled, drawn > 0)

    def _summed(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of the pictures' ``columns`` in each resample, a hundred resamples at a time."""
        parts = [
            self._times[at : at + _TOGETHER] @ columns
            for at in range(0, len(self._times), _TOGETHER)
        ]
        return np.concatenate(parts) if parts else np.empty((0, columns.shape[1]))


@dataclass(frozen=True, slots=True)
class Sampled:
    """Means ``(m,)`` and the same in each resample that has any, ``(r', m)``."""

    value: NDArray[np.float64]
    resampled: NDArray[np.float64]
    used: NDArray[np.bool_]

    def estimates(self) -> list[Estimate]:
        """One estimate for each of the *m* figures."""
        if not len(self.resampled):
            return [Estimate(float(value)) for value in self.value]
        low, high = np.percentile(self.resampled, [_LOW, _HIGH], axis=0)
        return [
            Estimate(float(v), float(lo), float(hi))
            for v, lo, hi in zip(self.value, low, high, strict=True)
        ]

    def minus(self, other: Sampled) -> Sampled:
        """The paired difference of two figures of the same draws."""
        both = self.used & other.used
        mine, theirs = self.resampled[both[self.used]], other.resampled[both[other.used]]
        return Sampled(self.value - other.value, mine - theirs, both)


def average(several: list[Sampled]) -> Sampled:
    """The mean of figures of the same draws, each counting the same (as over languages)."""
    both = np.logical_and.reduce([each.used for each in several])
    rows = [each.resampled[both[each.used]] for each in several]
    return Sampled(np.mean([each.value for each in several], axis=0), np.mean(rows, axis=0), both)
