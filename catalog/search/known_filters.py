"""What filters keep, as it was judged or counted a moment ago.

Whoever pages on, or asks something else under the same filters, would have it counted and sampled
each time. It decides how a search goes about its neighbours, never which they are: what was
tagged or moved meanwhile is found at once, and only how many there are in all is told a little
late.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic

import numpy as np

from catalog.domain.plan import Judged
from catalog.domain.recent import Recent
from catalog.store.keys import key_of
from catalog.store.search import Background, Meaning, SearchParts

_MOST = 1024
_TRUSTED_S = 30.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out of what the filters keep; nothing where there are none."""

    kept: int | None = None
    """Centres."""
    stopped: bool = False
    """Whether counting ended there, and more may be kept."""
    nearby: float | None = None
    """Of a sample: the share kept of those near the query."""
    background: Background | None = None
    judged: Judged | None = None
    """How that was found out."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was found out, of how many frames in all, and until when it is believed."""

    looked: Looked
    frames: int
    until: float


class KnownFilters:
    """What this process has found out of filters of late; threads may share it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._by_filters: Recent[Hashable, _Judged] = Recent(_MOST)
        self._by_tries: Recent[Hashable, _Judged] = Recent(_MOST)
        self._by_query: Recent[Hashable, _Judged] = Recent(_MOST)
        self._by_count: Recent[Hashable, _Judged] = Recent(_MOST)

    def is_wide(self, filters: Hashable, frames: int) -> bool:
        """Whether the filters were just found to keep much."""
        return self._fresh(self._by_filters.get(filters), frames) is not None

    def is_more(self, filters: Hashable, frames: int) -> bool:
        """Whether the filters were just found to keep more than few."""
        return self._fresh(self._by_tries.get(filters), frames) is not None

    def keep_more(self, filters: Hashable, frames: int) -> None:
        """Remember that they do."""
        self._by_tries.keep(filters, _Judged(Looked(), frames, self._clock() + _TRUSTED_S))

    def of(self, filters: Hashable, meaning: Meaning, frames: int) -> Looked | None:
        """What a count told of these filters just now, or a sample of them and this query."""
        counted = self._fresh(self._by_count.get(filters), frames)
        return counted or self._fresh(self._by_query.get((filters, _vector(meaning))), frames)

    def keep(self, filters: Hashable, meaning: Meaning, frames: int, looked: Looked) -> None:
        """Remember what a sample told."""
        judged = _Judged(looked, frames, self._clock() + _TRUSTED_S)
        self._by_filters.keep(filters, judged)
        self._by_query.keep((filters, _vector(meaning)), judged)

    def keep_counted(self, filters: Hashable, frames: int, looked: Looked) -> None:
        """Remember a count, which holds for any query."""
        self._by_count.keep(filters, _Judged(looked, frames, self._clock() + _TRUSTED_S))

    def _fresh(self, judged: _Judged | None, frames: int) -> Looked | None:
        if judged is None or judged.frames != frames or judged.until < self._clock():
            return None
        return judged.looked


def filters_of(parts: SearchParts, encoder_id: int) -> Hashable:
    """What the filters of a search are known by: two that are equal keep the same."""
    key = key_of(parts.where)
    return object() if key is None else (encoder_id, parts.flagged, key.shape, key.values)


def _vector(meaning: Meaning) -> bytes:
    assert isinstance(meaning.vector, np.ndarray)  # noqa: S101  # an expression only in SQL
    return meaning.vector.tobytes()
