"""Files that are not known to be at rest yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catalog.domain.file_state import FileState
from catalog.media.sequences import last_frames, may_grow, rested_s, rests_wanted, state_of
from catalog.media.unfinished import held_open, unfinished

CAPACITY = 20_000
"""Files that wait at once; those beyond are met again by another walk."""
PATIENCE = 10
"""Settle times for which a file that says it is unfinished may rest before it is taken as it is."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    state: FileState
    since: float
    rests: int = 0


class Settling:
    """The files of one root that wait; looked at again when they have rested long enough.

    Each is kept as it was when last looked at. It has settled when a look, the settle
    time later, finds the same size and times, nobody has it open for writing, and it
    does not say that it is unfinished. An image sequence, and a lone frame that may be the
    first of one, rests longer (`catalog.media.sequences.rests_wanted`).
    """

    def __init__(
        self,
        settle_s: float,
        *,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.monotonic,
        sequences: str = "auto",
    ) -> None:
        self.settle_s = settle_s
        self.sequences = sequences
        self.capacity = capacity
        self._clock = clock
        # By when each was last put in, and so by when it is due: a dict keeps that order.
        self._waiting: dict[str, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, path: str) -> bool:
        return path in self._waiting

    def observe(self, path: str, state: FileState) -> bool:
        """The file is like this now; False if there is no room to remember it."""
        known = self._waiting.get(path)
        if known is None:
            if len(self._waiting) >= self.capacity:
                return False
        elif state.untouched_since(known.state):
            return True  # it rests since then
        self._again(path, _Waiting(state, self._clock()))
        return True

    def next_due(self) -> float | None:
        """Seconds until a file is due; None if none waits."""
        first = next(iter(self._waiting.values()), None)
        return None if first is None else max(0.0, first.since + self.settle_s - self._clock())

    def take_due(self, *, most: int = 1000) -> Looked:
        """Look at the files that are due; each is settled, goes on waiting, or is gone."""
        looked = Looked([], [], [])
        now = self._clock()
        for path, waiting in list(islice(self._waiting.items(), most)):
            if waiting.since + self.settle_s > now:
                break
            self.forget(path)
            try:
                state = state_of(Path(path))
            except OSError:
                looked.gone.append(path)
                continue
            still = self._still_waits(Path(path), state, waiting, now)
            if still is None:
                looked.settled.append(path)
            else:
                self._waiting[path] = still
                looked.waiting.append(path)
        return looked

    def forget(self, path: str) -> None:
        """The file is of no interest any more."""
        self._waiting.pop(path, None)

    def _still_waits(
        self, path: Path, state: FileState, before: _Waiting, now: float
    ) -> _Waiting | None:
        """How a file that was due goes on waiting; None if it has settled."""
        if not state.untouched_since(before.state):
            return _Waiting(state, now)
        if any(map(held_open, last_frames(path))):
            return _Waiting(state, now, before.rests)
        if before.rests < PATIENCE and unfinished(path):
            return _Waiting(state, now, before.rests + 1)
        if may_grow(path, self.sequences) and self._may_go_on(path, before.rests):
            return _Waiting(state, now, before.rests + 1)
        return None

    def _may_go_on(self, path: Path, rests: int) -> bool:
        """Whether a further frame may follow, as far as the frames that are there tell."""
        wanted = rests_wanted(path, self.settle_s, PATIENCE)
        try:
            rested = rested_s(path)
        except OSError:
            return False
        return rests < wanted and rested < wanted * self.settle_s

    def _again(self, path: str, waiting: _Waiting) -> None:
        self._waiting.pop(path, None)
        self._waiting[path] = waiting


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at files brought: their paths."""

    settled: list[str]
    waiting: list[str]
    gone: list[str]
