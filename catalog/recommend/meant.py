"""Speech that means what a line says, in whatever language: by the vectors of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from catalog.domain.confidence import QUARTILE
from catalog.domain.script import Line
from catalog.recommend.best import Best
from catalog.store import proposals
from catalog.store.search.speech import ALL_BUT_SAME, CLEARLY, SAME
from catalog.store.streams import singles

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
        best, background = self._met(session, asked, where)
        places, clips, cosines = best.found()
        found: dict[int, list[Means]] = {line.number: [] for line in lines}
        middles, floors = _scale(background)
        for at, (clip, asset), cosine in zip(
            places.tolist(), clips.tolist(), cosines.tolist(), strict=True
        ):
            if cosine >= floors[at]:
                share = min(1.0, (cosine - middles[at]) / max(1 - middles[at], 1e-6))
                found[lines[at].number].append(Means(clip, asset, cosine, share))
        return found

    def _met(
        self, session: Session, asked: np.ndarray, where: ColumnElement[bool]
    ) -> tuple[Best, np.ndarray]:
        """Of each line the nearest clips; and cosines of all sorts, ``(lines, n)``.

        The other lines of the script are of its background: there may be little speech.
        """
        count = len(asked)
        best = Best(count, _DEPTH)
        others = asked @ asked.T
        drawn = [others[~np.eye(count, dtype=bool)].reshape(count, count - 1)]
        step = max(1, proposals.count_speech(session) // _BACKGROUND)
        for rows in proposals.spoken_vectors(session, self.encoder_id, asked.shape[1], where):
            near = asked @ singles(rows["vector"]).T
            # Always the same ones, whatever order they come in.
            drawn.append(near[:, _mixed(rows["clip"]) % step == 0])
            best.meet(np.stack([rows["clip"], rows["asset"]], axis=1).astype(np.int64), near)
        background = np.hstack(drawn)
        if not background.shape[1]:  # one line, and nothing is said anywhere
            background = np.zeros((count, 1), dtype=np.float32)
        return best, background


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Numbers that have nothing more to do with the order in which they were given out.

    Fibonacci hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
    """
    mixed: np.ndarray = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)
    return mixed


def _scale(background: np.ndarray) -> tuple[list[float], list[float]]:
    """Of each line the median of its background, and where what stands out of it begins."""
    median, quartile = np.quantile(background, [0.5, 0.25], axis=1)
    spread = (median - quartile) / QUARTILE
    way = 1 - median
    above = np.minimum(np.maximum(CLEARLY * spread, SAME * way), ALL_BUT_SAME * way)
    return median.tolist(), (median + above).tolist()
