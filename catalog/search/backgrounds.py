"""Backgrounds of queries asked of late: what a vector is compared with beside its hits.

Which cosines a query has with the library at large hangs on its vector and the library, not
on filters, order or page. So it is measured once, by the search statement itself, and handed
to the statements that come after, until the library has grown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row

from catalog.domain.recent import Recent
from catalog.store.search import Background, Ground, Meaning, SearchParts
from catalog.store.search.sampling import SAMPLE

_MOST = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What was measured of one vector, and how many frames there were, by the statistics."""

    frames: int
    ground: Ground
    unfiltered: Background | None
    """Of a wide search without filters; None: there was none yet."""


class KnownBackgrounds:
    """Backgrounds this process has seen measured; threads may share it."""

    def __init__(self) -> None:
        self._known: Recent[tuple[int, bytes], Known] = Recent(_MOST)

    def of(self, meaning: Meaning, frames: int) -> Known | None:
        """What is known of the query, unless the library is another by now."""
        key = _key(meaning)
        known = None if key is None else self._known.get(key)
        return known if known is not None and known.frames == frames else None

    def keep(self, parts: SearchParts, row: Row[Any]) -> None:
        """Remember what the statement of these parts measured, by a row of its answer."""
        meaning, near = parts.meaning, parts.nearest
        key = None if meaning is None else _key(meaning)
        # A small library is measured as a whole, and soon another by what is added.
        if key is None or row.cutoff_floor is None or parts.library <= SAMPLE:
            return
        unfiltered = None
        if near is not None and near.centres is not None and row.background_spread is not None:
            unfiltered = Background(row.candidates, row.background_mean, row.background_spread)
        elif parts.ground is not None:
            return  # nothing new
        ground = Ground(row.median, row.quartile, row.cutoff_floor)
        self._known.keep(key, Known(parts.library, ground, unfiltered))


def _key(meaning: Meaning) -> tuple[int, bytes] | None:
    if isinstance(meaning.encoder_id, int) and isinstance(meaning.vector, np.ndarray):
        return meaning.encoder_id, meaning.vector.tobytes()
    return None
