"""Speech that means what a line says, in whatever language: by the vectors of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from catalog.domain.confidence import QUARTILE
from catalog.domain.script import Line
from catalog.store import proposals
from catalog.store.search.speech import CLEARLY, SAME

_DEPTH = 40
_BACKGROUND = 2_000


@dataclass(frozen=True, slots=True)
class Means:
    """A clip of speech and its cosine with the line; ``share``: how near to the same words."""

    clip: int
    asset: int
    cosine: float
    share: float


@dataclass(frozen=True, slots=True)
class Meant:
    """The script's lines under the encoder that answers for speech: unit vectors by number."""

    encoder_id: int
    vectors: Mapping[int, np.ndarray]

    def found(
        self, session: Session, lines: Sequence[Line], where: ColumnElement[bool]
    ) -> dict[int, list[Means]]:
        """For each line by its number the speech that means it, as a search tells it.

        That is what stands out from the line's background clearly, and lies far on the way from
        there to the same words (decision 24).
        """
        lines = [line for line in lines if line.number in self.vectors]
        if not lines:
            return {}
        asked = np.stack([self.vectors[line.number] for line in lines]).astype(np.float32)
        clips, assets, cosines, background = self._met(session, asked, where)
        found = {}
        for at, line in enumerate(lines):
            median, quartile = np.quantile(background[at], [0.5, 0.25])
            spread = (median - quartile) / QUARTILE
            floor = max(median + CLEARLY * spread, median + SAME * (1 - median))
            order = np.argsort(-cosines[at], kind="stable")[:_DEPTH]
            found[line.number] = [
                Means(
                    int(clips[at][place]),
                    int(assets[at][place]),
                    float(cosines[at][place]),
                    float(min(1.0, (cosines[at][place] - median) / max(1 - median, 1e-6))),
                )
                for place in order
                if cosines[at][place] >= floor
            ]
        return found

    def _met(
        self, session: Session, asked: np.ndarray, where: ColumnElement[bool]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each line the nearest clips, their assets and cosines; and cosines of all sorts.

        The other lines of the script are of its background: there may be little speech.
        """
        count = len(asked)
        clips = assets = np.zeros((count, 0), dtype=np.int64)
        cosines = np.zeros((count, 0), dtype=np.float32)
        others = asked @ asked.T
        drawn = [others[~np.eye(count, dtype=bool)].reshape(count, count - 1)]
        step = max(1, proposals.count_speech(session) // _BACKGROUND)
        for some, their_assets, vectors in proposals.spoken_vectors(
            session, self.encoder_id, where
        ):
            near = asked @ vectors.T
            drawn.append(near[:, ::step])
            clips = np.hstack([clips, np.broadcast_to(some, near.shape)])
            assets = np.hstack([assets, np.broadcast_to(their_assets, near.shape)])
            cosines = np.hstack([cosines, near])
            if cosines.shape[1] > _DEPTH:
                best = np.argsort(-cosines, axis=1, kind="stable")[:, :_DEPTH]
                clips = np.take_along_axis(clips, best, axis=1)
                assets = np.take_along_axis(assets, best, axis=1)
                cosines = np.take_along_axis(cosines, best, axis=1)
        background = np.hstack(drawn)
        if not background.shape[1]:  # one line, and nothing is said anywhere
            background = np.zeros((count, 1), dtype=np.float32)
        return clips, assets, cosines, background
