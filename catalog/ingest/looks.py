"""Looks for what is seldom there, through all the catalogue, kept to a share of the time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic

_LONG_S = 0.1
SHARE = 20


class BackfillLooks:
    """When looks for what encoders lack found nothing, and how long they took.

    A worker looks whenever it is through with what is fresh. In a library of a million frames
    that takes most of a second, and nearly always finds nothing: after such a look nobody looks
    again for twenty times as long. What comes meanwhile is found then.

    Parameters
    ----------
    clock:
        Seconds, from whenever.
    share:
        How many times as long as a look took there is none after it.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, *, share: int = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._until: dict[Hashable, float] = {}

    def found(self, what: Hashable, look: Callable[[], list[int]]) -> list[int]:
        """What a look for this finds; nothing, unlooked, soon after one that found nothing."""
        began = self._clock()
        if began < self._until.get(what, began):
            return []
        assets = look()
        took = self._clock() - began
        if assets or took < _LONG_S:
            self._until.pop(what, None)
        else:
            self._until[what] = began + (1 + self._share) * took
        return assets
