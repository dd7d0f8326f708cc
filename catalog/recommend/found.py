"""A clip that was found for a line, with all that speaks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.domain.assignment import Candidate
from catalog.recommend.words import Had


@dataclass(frozen=True, slots=True)
class Found:
    """``fit`` is in [0, 1], compared with what else there is for the same line."""

    clip: int
    asset: int
    cosine: float | None
    confidence: float | None
    had: Had | None
    long_enough: bool = True
    fit: float = 0.0

    def candidate(self, vector: np.ndarray | None) -> Candidate:
        """The clip as it is planned with."""
        return Candidate(self.clip, self.asset, self.fit, vector)


@dataclass(frozen=True, slots=True)
class Background:
    """The cosines of one line with a sample of all there is: what a hit stands out from."""

    mean: float
    spread: float
    size: int

    @classmethod
    def of(cls, sample: np.ndarray, vectors: np.ndarray, size: int) -> list[Background]:
        """Of sampled vectors ``(n, dimension)`` with those of the lines, ``(lines, dimension)``."""
        cosines = vectors @ sample.T
        size = max(size, len(sample))
        return [cls(float(of.mean()), float(of.std()), size) for of in cosines]

    def share(self, cosine: float, best: float) -> float:
        """How far a cosine lies from the mean, where the best lies at 1."""
        if best <= self.mean:
            return 0.0
        return min(1.0, max(0.0, (cosine - self.mean) / (best - self.mean)))
