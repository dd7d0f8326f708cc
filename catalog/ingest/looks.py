"""Looks for backfills, which read every frame of the catalogue, kept to a share of the time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic

_LONG_S = 1.0
_SHARE = 20


class BackfillLooks:
    """When looks for what encoders lack found nothing, and how long they took.

    A worker looks whenever it is through with what is fresh. In a library of ten million frames
    that takes seconds, and nearly always finds nothing: after such a look nobody looks again
    for twenty times as long. What comes meanwhile is found then.

    Parameters
    ----------
    clock:
        Seconds, from whenever.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._until: dict[Hashable, float] = {}

    def found(self, encoder: Hashable, look: Callable[[], list[int]]) -> list[int]:
        """What a look for this encoder finds; nothing, unlooked, soon after one that did not."""
        began = self._clock()
        if began < self._until.get(encoder, began):
            return []
        assets = look()
        took = self._clock() - began
        if assets or took < _LONG_S:
            self._until.pop(encoder, None)
        else:
            self._until[encoder] = began + (1 + _SHARE) * took
        return assets
