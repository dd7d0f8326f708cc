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
from sqlalchemy.orm import Session

from catalog.domain.recent import Recent
from catalog.store.search import Background, Ground, Meaning, SearchParts
from catalog.store.search.cutoff import ground_of
from catalog.store.search.sampling import SAMPLE, drawn_vectors

_MOST = 1024
_ENCODERS = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What was measured of one vector, and how many frames there were, by the statistics."""

    frames: int
    ground: Ground
    unfiltered: Background | None
    """Of a wide search without filters; None: there was none yet."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """Pictures of one encoder, of how many frames; no vectors as long as one query has asked."""

    frames: int
    vectors: np.ndarray | None = None
    """Of unit length, ``(n, dimension)``."""


class KnownBackgrounds:
    """Backgrounds this process has seen measured; threads may share it."""

    def __init__(self) -> None:
        self._known: Recent[tuple[int, bytes], Known] = Recent(_MOST)
        self._samples: Recent[int, _Sample] = Recent(_ENCODERS)

    def ground(self, session: Session, meaning: Meaning, frames: int) -> Ground | None:
        """What a miss of a new query looks like, by the sample that is kept.

        None where the statement has to measure it: of a small library, and for the first query
        since it has grown, since reading the sample takes longer than using it once.
        """
        encoder_id = meaning.encoder_id
        if frames <= SAMPLE or not isinstance(encoder_id, int):
            return None
        sample = self._samples.get(encoder_id)
        if sample is None or sample.frames != frames:
            self._samples.keep(encoder_id, _Sample(frames))
            return None
        vectors = sample.vectors
        if vectors is None:
            vectors = _of_unit_length(drawn_vectors(session, encoder_id))
            self._samples.keep(encoder_id, _Sample(frames, vectors))
        assert isinstance(meaning.vector, np.ndarray)  # noqa: S101  # an expression only in SQL
        [wanted] = _of_unit_length(meaning.vector.astype(np.float32)[None])
        # Not by BLAS: its threads wait for each other longer than one of them takes.
        return ground_of(np.einsum("ij,j->i", vectors, wanted)) if len(vectors) else None

    def of(self, meaning: Meaning, frames: int) -> Known | None:
        """What is known of the query, unless the library is another by now."""
        key = _key(meaning)
        known = None if key is None else self._known.get(key)
        return known if known is not None and known.frames == frames else None

    def keep(self, parts: SearchParts, row: Row[Any]) -> None:
        """Remember what the statement of these parts measured, by a row of its answer."""
        meaning, near = parts.meaning, parts.nearest
        if meaning is None or row.cutoff_floor is None:
            return
        key = _key(meaning)
        # A small library is measured as a whole, and soon another by what is added.
        if key is None or parts.library <= SAMPLE:
            return
        unfiltered = None
        if near is not None and near.centres is not None and row.background_spread is not None:
            unfiltered = Background(row.candidates, row.background_mean, row.background_spread)
        elif self.of(meaning, parts.library) is not None:
            return  # nothing new
        ground = Ground(row.median, row.quartile, row.cutoff_floor)
        self._known.keep(key, Known(parts.library, ground, unfiltered))


def _of_unit_length(vectors: np.ndarray) -> np.ndarray:
    if not len(vectors):
        return vectors
    # In half precision they are so but for rounding; a vector of zeros has no direction.
    with np.errstate(invalid="ignore"):
        unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _key(meaning: Meaning) -> tuple[int, bytes] | None:
    if isinstance(meaning.encoder_id, int) and isinstance(meaning.vector, np.ndarray):
        return meaning.encoder_id, meaning.vector.tobytes()
    return None
