"""How far to go from the parent's weights to the learned ones.

WiSE-FT (Wortsman et al. 2022, arXiv:2109.01903): weights between the two are often better than
either, on what was learned and on what was known before. How far is found out by trying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.encoders import Vectors
from catalog.errors import NothingLearntError

STEPS = tuple(round(0.1 * at, 1) for at in range(1, 11))
_AMONG = 3
# Less is rounding, and no reason to encode an archive anew.
_LEAST_GAIN = 0.01


@dataclass(frozen=True, slots=True)
class Blend:
    """One mixture: ``alpha`` 0 is the parent, 1 what was learned.

    ``held_loss`` and ``held_recall`` (Recall@1 from text) are of held-out pairs; ``kept`` is the
    share of what was known before that is still so.
    """

    alpha: float
    held_loss: float
    held_recall: float
    kept: float

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "alpha": self.alpha,
            "held_loss": round(self.held_loss, 4),
            "held_recall": round(self.held_recall, 4),
            "kept": round(self.kept, 4),
        }


def choose(blends: Sequence[Blend], most_loss: float, wanted: float | None = None) -> Blend:
    """The mixture that held-out pairs fare best with, of those that keep what was known.

    The parent (``alpha`` 0) must be among them. ``wanted``: the one of this alpha, if it gains.

    Raises
    ------
    NothingLearntError
        If none of them gains anything.
    """
    parent, *others = sorted(blends, key=lambda each: each.alpha)
    enough = parent.held_loss * (1 - _LEAST_GAIN)
    gaining = [each for each in others if each.held_loss < enough]
    if wanted is not None:
        gaining = [each for each in gaining if each.alpha == wanted]
    if not gaining:
        raise NothingLearntError(
            "Nothing was learned: the captions that were held out fare no better than before; "
            "no encoder was written.",
            remedy="Log more captions, or more that say what is seen; or try another --method "
            "or --rate.",
            blends=[each.as_json() for each in blends],
        )
    keeping = [each for each in gaining if each.kept >= 1 - most_loss or wanted is not None]
    if not keeping:
        most = max(each.kept for each in gaining)
        raise NothingLearntError(
            f"Too much was forgotten: of what was known before {1 - most_loss:.1%} was to stay, "
            f"and at most {most:.1%} does where anything was learned; no encoder was written.",
            remedy="Log more captions, teach slower (--rate), or allow more to be lost "
            "(--most-loss 0.05).",
            blends=[each.as_json() for each in blends],
        )
    return min(keeping, key=lambda each: each.held_loss)


@dataclass(frozen=True, slots=True)
class Known:
    """What an encoder answers about pictures that nobody captioned, and texts of none of them.

    Whether that is right nobody knows; that it stays is what is looked at.
    """

    first_pictures: np.ndarray[Any, np.dtype[np.int64]]
    first_texts: np.ndarray[Any, np.dtype[np.int64]]

    @classmethod
    def of(cls, pictures: Vectors, texts: Vectors) -> Known:
        """Of the parent: the first picture for each text, the first text for each picture."""
        if not (len(texts) and len(pictures)):
            return cls(*(np.empty(0, dtype=np.int64),) * 2)
        cosines = texts @ pictures.T
        return cls(cosines.argmax(axis=1), cosines.argmax(axis=0))

    def kept(self, pictures: Vectors, texts: Vectors) -> float:
        """How often what came first is still among the first three, in both directions.

        1 where there is nothing to look at.
        """
        if not len(self.first_pictures):
            return 1.0
        cosines = texts @ pictures.T
        return (_still(cosines, self.first_pictures) + _still(cosines.T, self.first_texts)) / 2


def _still(cosines: Vectors, first: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    own = np.take_along_axis(cosines, first[:, None], axis=1)
    return float(((cosines > own).sum(axis=1) < _AMONG).mean())
