"""From a cosine to how sure we can be that the picture is meant. Plain numbers, one query's.

A cosine alone says little: it shifts with the query, its language and the encoder.
So both ways count from the query's own background, its cosines with pictures of all
sorts: from their median, and in units of how far they are spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Below this many candidates a background has no shape to stand out from.
MIN_BACKGROUND = 20


# From the median to the quartile of a normal distribution whose spread is 1.
QUARTILE = 0.6744897501960817


@dataclass(frozen=True, slots=True)
class Logistic:
    """The confidence of a hit that stands so many spreads above its query's median.

    ``1 / (1 + exp(-(slope * height + intercept)))``, after Platt, "Probabilistic outputs for
    support vector machines" (1999): it never falls with the cosine, and two numbers fitted
    to a few hundred pairs hold where a freer curve would follow their noise.
    """

    slope: float
    intercept: float

    def confidence(self, height: float) -> float:
        """In [0, 1], of a height as `height_of` gives it."""
        # tanh does not overflow, however far a hit is from the middle.
        return 0.5 * (1 + math.tanh((self.slope * height + self.intercept) / 2))


def height_of(cosine: float, median: float, quartile: float) -> float | None:
    """How many spreads a cosine stands above the median of its query's cosines.

    The spread is told by the lower half (``quartile`` is the lower one), for matches are in
    the upper. It makes heights of different queries alike: a short query has
    lower cosines than a whole sentence, with matches and misses closer together (measured
    in docs/decisions/0018). None where all cosines are the same.
    """
    spread = (median - quartile) / QUARTILE
    return (cosine - median) / spread if spread > 0 else None


def standing_out(cosine: float, mean: float, spread: float, candidates: int) -> float | None:
    """The confidence where nobody calibrated: how far a hit stands out of all candidates.

    Their cosines are taken for normal; it is the probability that the best of as many
    misses would have stayed below this hit, ``Phi(z) ** n`` (Šidák, "Rectangular confidence
    regions for the means of multivariate normal distributions", JASA 1967). None without a
    background worth the name.
    """
    if not spread or candidates < MIN_BACKGROUND:
        return None
    z = (cosine - mean) / spread
    below: float = (0.5 * math.erfc(-z / math.sqrt(2))) ** candidates
    return below
