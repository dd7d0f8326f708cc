"""How much of a line's words a clip has: rare words count more than common ones.

A word's weight is the logarithm of how rare it is (inverse document frequency; Spärck Jones, "A
statistical interpretation of term specificity and its application in retrieval", Journal of
Documentation, 1972), and three times that within a name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.domain.script import Line


@dataclass(frozen=True, slots=True)
class Had:
    """What a clip has of a line's words: their share of the line's whole weight, and the words."""

    share: float
    words: tuple[str, ...]


@dataclass(slots=True)
class Index:
    """Which things (clips, assets) have which words; ``size`` is how many things there are."""

    size: int
    words: Sequence[str]
    places: dict[str, int] = field(init=False)
    having: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {word: place for place, word in enumerate(self.words)}

    def add(self, place: int, thing: int) -> None:
        """Say that a thing has a word."""
        self.having.setdefault(place, set()).add(thing)

    def things(self, word: str) -> set[int]:
        """What has this word; empty also where too many have."""
        return self.having.get(self.places[word], set())

    def weight(self, word: str) -> float:
        """How much the word tells: nothing where nothing has it, or too many have."""
        number = len(self.things(word))
        return math.log(1 + self.size / number) if number else 0.0


def shares(line: Line, indexes: Sequence[Index]) -> Mapping[int, Had]:
    """For each thing that has a word of the line, how much of it; indexes speak of like things."""
    weights: dict[str, float] = {}
    found: dict[int, list[str]] = {}
    rarest = max((math.log(1 + index.size) for index in indexes), default=0.0)
    for term in line.terms:
        known = [index for index in indexes if index.things(term.text)]
        # A name that nothing has is missed by everything alike.
        rare = max((index.weight(term.text) for index in known), default=0.3 * rarest)
        weights[term.text] = term.weight * rare
        for thing in sorted(set().union(*(index.things(term.text) for index in known))):
            found.setdefault(thing, []).append(term.text)
    whole = sum(weights.values())
    if not whole:
        return {}
    return {
        thing: Had(round(sum(weights[word] for word in words) / whole, 6), tuple(words))
        for thing, words in found.items()
    }
