"""What is heard, as plain values: where somebody speaks, and the words that were recognised.

Sound that is listened to has one channel and 16,000 samples a second; a *range* is a half-open
pair of its samples, counted from the asset's first moment.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Samples a second of what is listened to."""

Heard = npt.NDArray[np.float32]
"""Sound that is listened to: shape (samples,), full scale at -1 and 1."""
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word, from and to which second; ``probability`` is the recogniser's own."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Line:
    """What was said in one breath, as the recogniser divides it; seconds."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of one piece of sound. ``language`` is a BCP 47 tag, found with ``probability``."""

    language: str
    probability: float
    lines: tuple[Line, ...]


class Recogniser(Protocol):
    """What turns speech into text. One conformance suite runs over every implementation."""

    @property
    def name(self) -> str:
        """Who it is, for provenance: program, model and how it computes."""

    def recognise(self, sound: Heard, language: str | None = None) -> Recognised:
        """The text of one piece of sound, with times in seconds from its beginning.

        Lines lie within the sound, in order, and none is empty.

        Parameters
        ----------
        sound:
            At most `LONGEST_PIECE_S` seconds, shape (samples,) at `RATE`.
        language:
            What was spoken before: taken where the sound itself does not tell clearly.
        """


SURE = 0.5
"""From this probability on a language that was detected is believed."""
LONGEST_PIECE_S = 120
_PAUSE_S = 2.0


def pieces(spoken: Sequence[Range]) -> list[Range]:
    """Where to cut sound that is to be recognised: in pauses, into pieces of a minute or two.

    A pause of two seconds always ends a piece, and what nobody speaks over is in none; who speaks
    for longer than a piece may be without a pause is cut all the same.
    """
    found: list[Range] = []
    longest = LONGEST_PIECE_S * RATE
    for start, end in spoken:
        if found:
            first, last = found[-1]
            if start - last < _PAUSE_S * RATE and end - first <= longest:
                found[-1] = (first, end)
                continue
        count = max(1, math.ceil((end - start) / longest))
        edges = [start + (end - start) * part // count for part in range(count + 1)]
        found += itertools.pairwise(edges)
    return found


def to_pts(spoken: Iterable[Range], base: Fraction) -> list[Range]:
    """Ranges of samples in an asset's time base: sorted, apart, and none without a length."""
    found: list[Range] = []
    for start, end in spoken:
        first = max(0, round(Fraction(start, RATE) / base))
        last = round(Fraction(end, RATE) / base)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        elif first < last:
            found.append((first, last))
    return found


def from_pts(spoken: Iterable[Range], base: Fraction) -> list[Range]:
    """The same backwards."""
    return [(round(start * base * RATE), round(end * base * RATE)) for start, end in spoken]
