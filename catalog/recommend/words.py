"""How much of a line's words a clip has: rare words count more than common ones.

A word's weight is the logarithm of how rare it is (inverse document frequency; Spärck Jones, "A
statistical interpretation of term specificity and its application in retrieval", Journal of
Documentation, 1972), and three times that within a name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.domain.script import Line


@dataclass(frozen=True, slots=True)
class Had:
    """What a clip has of a line's words: their share of the line's whole weight, and the words."""

    share: float
    words: tuple[str, ...]


class Index:
    """Which things (clips, assets) have which words.

    Parameters
    ----------
    size:
        How many things there are.
    words:
        Those that were looked up.
    having:
        A row for each word that a thing has, in order: the word by its place, the thing. Other
        columns are not looked at. A word that too many things have has none.
    """

    def __init__(self, size: int, words: Sequence[str], having: np.ndarray) -> None:
        self.size = size
        self._places = {word: place for place, word in enumerate(words)}
        self._things = having[:, 1]
        self._begins = np.searchsorted(having[:, 0], np.arange(len(words) + 1))

    def things(self, word: str) -> np.ndarray:
        """What has this word, in order; empty also where too many have."""
        place = self._places[word]
        return self._things[self._begins[place] : self._begins[place + 1]]

    def weight(self, word: str) -> float:
        """How much the word tells: nothing where nothing has it, or too many have."""
        number = len(self.things(word))
        return math.log(1 + self.size / number) if number else 0.0


@dataclass(frozen=True, slots=True)
class Shares:
    """The things that have a word of a line, in order, and how much of its weight each has."""

    things: np.ndarray
    shares: np.ndarray
    words: Sequence[tuple[str, np.ndarray]]

    def most(self, number: int) -> dict[int, Had]:
        """Those that have most of it, of equal ones those of smaller numbers."""
        order = np.lexsort((self.things, -self.shares))[:number]
        return self.had(order)

    def of(self, things: Iterable[int]) -> dict[int, Had]:
        """What those of these things have that have any."""
        wanted = np.fromiter(things, dtype=np.int64)
        return self.had(np.flatnonzero(np.isin(self.things, wanted)))

    def share_of(self, things: np.ndarray) -> np.ndarray:
        """How much each of these has, ``(n,)``."""
        found = np.zeros(len(things))
        there = among(things, self.things)
        found[there] = self.shares[np.searchsorted(self.things, things[there])]
        return found

    def had(self, places: np.ndarray) -> dict[int, Had]:
        """What the things at these places have."""
        things = self.things[places]
        words: list[list[str]] = [[] for _ in things]
        for word, having in self.words:
            for place in np.flatnonzero(among(things, having)).tolist():
                words[place].append(word)
        shares = self.shares[places].tolist()
        return {
            thing: Had(share, tuple(of))
            for thing, share, of in zip(things.tolist(), shares, words, strict=True)
        }


def among(things: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Whether each is one of these, which are in order."""
    if not len(ordered):
        return np.zeros(len(things), dtype=bool)
    places = np.searchsorted(ordered, things)
    there: np.ndarray = ordered[np.minimum(places, len(ordered) - 1)] == things
    return there


def shares(line: Line, index: Index) -> Shares:
    """For each thing that has a word of the line, how much of it."""
    rarest = math.log(1 + index.size)
    words, weights = [], []
    for term in line.terms:
        having = index.things(term.text)
        # A name that nothing has is missed by everything alike.
        rare = index.weight(term.text) if len(having) else 0.3 * rarest
        words.append((term.text, having))
        weights.append(term.weight * rare)
    whole = sum(weights)
    if not whole:
        return Shares(np.zeros(0, dtype=np.int64), np.zeros(0), ())
    met = np.concatenate([having for _, having in words])
    weight = np.repeat(weights, [len(having) for _, having in words])
    things, places = np.unique(met, return_inverse=True)
    share = np.round(np.bincount(places, weight, minlength=len(things)) / whole, 6)
    return Shares(things, share, words)
