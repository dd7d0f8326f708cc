"""Leftovers: files that writers which were killed began, and nobody will finish."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import monotonic

from catalog.db.engine import Database
from catalog.domain.reconciled import LOOKS_SHARE
from catalog.media.frame_store import FrameStore, Swept, delete_files_of
from catalog.store import removed

IDLE_S = 6 * 3600.0
"""What nobody wrote to for so long nobody writes: a task that hangs is ended after that time."""
_REST_S = 3600.0
_AT_ONCE_S = 0.05


def sweep_all(store: FrameStore, *, idle_s: float = IDLE_S) -> Swept:
    """Delete all leftovers of a store.

    Raises
    ------
    FrameStoreError
        If the storage cannot be read or written.
    """
    return sum((store.sweep(place, idle_s) for place in store.places()), Swept())


def clear_removed(
    database: Database, store: FrameStore, *, idle_s: float = IDLE_S, limit: int = 1000
) -> int:
    """Delete what is left of assets that were removed so long ago that nobody is at work on them.

    Their files were deleted as they were removed, if the store could be reached then; and whoever
    was at work on them has deleted what he made, if he was not killed. How many were looked for.

    Raises
    ------
    FrameStoreError
        If the storage cannot be written. It is looked for again.
    """
    with database.session() as session:
        found = removed.to_look_for(session, after_s=idle_s, limit=limit)
        delete_files_of(store, *(each for each, is_back in found.items() if not is_back))
        removed.done_with(session, list(found))
    return len(found)


class Sweeping:
    """Sweeps a store a little at a time, so that it takes a hundredth of the time at most.

    A look into the folders of a million assets takes minutes. When all were looked into there
    is none for an hour. Which folder is the first is left to chance: who is started again
    every hour comes to all of them some time.

    Parameters
    ----------
    clock:
        Seconds, from whenever.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._places: list[str] = []
        self._next = clock()

    def go_on(self, store: FrameStore) -> Swept:
        """Sweep some folders, if it is time.

        Raises
        ------
        FrameStoreError
            If the storage cannot be read or written.
        """
        began, swept = self._clock(), Swept()
        if began < self._next:
            return swept
        if not self._places:
            self._places = store.places()
            random.shuffle(self._places)
        took = 0.0
        while self._places and took < _AT_ONCE_S:
            swept += store.sweep(self._places.pop(), IDLE_S)
            took = self._clock() - began
        self._next = began + (1 + LOOKS_SHARE) * took + (0.0 if self._places else _REST_S)
        return swept
