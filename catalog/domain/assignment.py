"""Which shots are proposed for which line of a script. Pure, and the same for the same input.

Each line has candidates that fit it more or less. No shot is proposed twice, shots beside each
other should not look alike, and what an editor has locked stays. In every round each line gets
one more proposal, the line first that would lose the most by waiting: the difference between
its best and its second best is largest (the regret of Vogel's approximation method; Reinfeld
and Vogel, "Mathematical Programming", 1958). What is best weighs how well a shot fits against
how much it looks like what was chosen nearby: maximal marginal relevance (Carbonell and Goldstein,
"The use of MMR, diversity-based reranking for reordering documents and producing
summaries", SIGIR 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

WINDOW = 2
"""Lines before and behind that a proposal should not look like."""


@dataclass(frozen=True, slots=True)
class Variety:
    """How much looking alike counts.

    ``relevance`` is the share of fitting in a proposal's worth, the rest counts against the
    likeness to what is nearby. ``same_asset`` is taken off for a shot of an asset that is
    proposed nearby already.
    """

    relevance: float = 0.8
    same_asset: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A shot that a line may get: how well it fits, in [0, 1], and its unit vector if any."""

    clip: int
    asset: int
    fit: float
    vector: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A proposal: ``worth`` is its fit less what looks alike nearby; of a lock, its fit."""

    clip: int
    worth: float
    locked: bool = False


def assign(
    lines: Sequence[Sequence[Candidate]],
    *,
    take: int,
    locks: Mapping[int, Candidate] | None = None,
    variety: Variety = Variety(),
) -> list[list[Choice]]:
    """Proposals for each line, best first; none of a clip twice, of all lines.

    Parameters
    ----------
    lines:
        For each line the shots that may be proposed for it.
    take:
        Proposals per line, at most; fewer where its candidates went to other lines.
    locks:
        By the line's place from 0, what is its first proposal whatever else there is.
    """
    state = _State(lines, locks or {}, variety)
    for _ in range(take):
        due = {at for at in range(len(lines)) if len(state.chosen[at]) < take}
        # A line with a lock has had its turn of the first round.
        least = min((len(state.chosen[at]) for at in due if state.best(at)), default=take)
        due = {at for at in due if len(state.chosen[at]) == least}
        while due:
            at = max(due, key=lambda line: (state.regret(line), -line))
            due.remove(at)
            state.take_best(at)
    return state.chosen


@dataclass(slots=True)
class _Found:
    """The best of a line that is left, and how much better it is than the second best."""

    candidate: Candidate
    worth: float
    regret: float
    second: int | None


@dataclass
class _State:
    """What is chosen so far, and of each line the best that is left."""

    lines: Sequence[Sequence[Candidate]]
    locks: Mapping[int, Candidate]
    variety: Variety
    chosen: list[list[Choice]] = field(init=False)

    def __post_init__(self) -> None:
        # The order of what a line is given must not tell.
        self._ordered = [sorted(every, key=lambda c: (-c.fit, c.clip)) for every in self.lines]
        self._stacked = [_stacked(every) for every in self._ordered]
        self._likeness = [np.zeros(len(every)) for every in self._ordered]
        self._fits = [np.array([c.fit for c in every], float) for every in self._ordered]
        self._assets = [np.array([c.asset for c in every], np.int64) for every in self._ordered]
        self._nearby = [np.zeros(len(every), dtype=bool) for every in self._ordered]
        self._free = [np.ones(len(every), dtype=bool) for every in self._ordered]
        self._places: dict[int, list[tuple[int, int]]] = {}
        for at, every in enumerate(self._ordered):
            for place, candidate in enumerate(every):
                self._places.setdefault(candidate.clip, []).append((at, place))
        self._used: set[int] = set()
        for lock in self.locks.values():
            self._use(lock.clip)
        self._found: dict[int, _Found | None] = {}
        self.chosen = [[] for _ in self.lines]
        for at in sorted(self.locks):
            self.chosen[at].append(Choice(self.locks[at].clip, self.locks[at].fit, locked=True))
            self._note(at, self.locks[at])

    def best(self, at: int) -> _Found | None:
        """The line's best candidate that nobody has; None: there is none left."""
        if at not in self._found or self._gone(self._found[at]):
            self._found[at] = self._look(at)
        return self._found[at]

    def regret(self, at: int) -> float:
        """What the line loses if another takes its best."""
        found = self.best(at)
        return -1.0 if found is None else found.regret

    def take_best(self, at: int) -> None:
        """Give the line its best."""
        found = self.best(at)
        if found is None:
            return
        self._use(found.candidate.clip)
        self.chosen[at].append(Choice(found.candidate.clip, found.worth))
        self._note(at, found.candidate)

    def _gone(self, found: _Found | None) -> bool:
        if found is None:
            return False
        return found.candidate.clip in self._used or found.second in self._used

    def _use(self, clip: int) -> None:
        self._used.add(clip)
        for at, place in self._places.get(clip, ()):
            self._free[at][place] = False

    def _look(self, at: int) -> _Found | None:
        free = np.flatnonzero(self._free[at])
        if not len(free):
            return None
        share = self.variety.relevance
        alike = np.maximum(0.0, self._likeness[at][free])
        worths = share * self._fits[at][free] - (1 - share) * alike
        worths[self._nearby[at][free]] -= self.variety.same_asset
        worths = np.array([round(worth, 6) for worth in worths.tolist()])
        # Of equal ones the first: it fits better, or its number is smaller.
        first = int(worths.argmax())
        candidate, best = self._ordered[at][free[first]], float(worths[first])
        if len(free) == 1:  # without it there is nothing
            return _Found(candidate, best, max(best, 0.0), None)
        worths[first] = -np.inf
        second = int(worths.argmax())
        regret = best - float(worths[second])
        return _Found(candidate, best, regret, self._ordered[at][free[second]].clip)

    def _note(self, at: int, taken: Candidate) -> None:
        """Lines nearby know what they should not look like."""
        for near in range(max(0, at - WINDOW), min(len(self.lines), at + WINDOW + 1)):
            self._nearby[near] |= self._assets[near] == taken.asset
            self._found.pop(near, None)
            stacked = self._stacked[near]
            if stacked is not None and taken.vector is not None:
                likeness = stacked @ taken.vector
                self._likeness[near] = np.maximum(self._likeness[near], likeness)


def _stacked(candidates: Sequence[Candidate]) -> np.ndarray | None:
    """Their vectors ``(n, dimension)``, zeros for those without; None where none has any."""
    sizes = {len(c.vector) for c in candidates if c.vector is not None}
    if not sizes:
        return None
    blank = np.zeros(max(sizes), dtype=np.float32)
    return np.stack([blank if c.vector is None else c.vector for c in candidates])
