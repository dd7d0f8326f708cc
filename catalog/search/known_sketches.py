"""The bases of sketches that this process has read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import numpy as np
from sqlalchemy.orm import Session

from catalog.domain.recent import Recent
from catalog.store import sketches
from catalog.store.sketches import Basis

_MOST = 4
_TRUSTED_S = 30.0


@dataclass(frozen=True, slots=True)
class _Read:
    basis: Basis | None
    until: float


@dataclass(frozen=True, slots=True, eq=False)
class SketchedQuery:
    """A query's own sketch ``(numbers,)``, and how far off its products with others are."""

    basis_id: int
    vector: np.ndarray
    error: float


class KnownSketches:
    """Bases of encoders asked of late; threads may share it.

    One that is believed for half a minute too long costs time, and no hit: sketches of another
    basis are not looked at, and their centres compared.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._read: Recent[int, _Read] = Recent(_MOST)

    def of(self, session: Session, encoder_id: int, query: np.ndarray) -> SketchedQuery | None:
        """The sketch of a query ``(d,)`` of unit length; None where centres have none."""
        basis = self._basis(session, encoder_id)
        if basis is None or len(query) != len(basis.moments):
            return None
        return SketchedQuery(basis.id, *basis.of_query(query))

    def _basis(self, session: Session, encoder_id: int) -> Basis | None:
        read = self._read.get(encoder_id)
        if read is not None and read.until > self._clock():
            return read.basis
        newest = sketches.newest_filled(session, encoder_id)
        basis = None if read is None else read.basis
        if newest is None:
            basis = None
        elif basis is None or basis.id != newest:
            basis = sketches.read_basis(session, newest)
        self._read.keep(encoder_id, _Read(basis, self._clock() + _TRUSTED_S))
        return basis
