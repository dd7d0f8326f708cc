"""How much a picture differs from the one before, and where that stands out: hard cuts.

The measure and the rule are those of PySceneDetect's `AdaptiveDetector` (0.7, its default
weights): the mean absolute difference of hue, saturation and brightness, and a cut where it is
several times that of the pictures around. The numbers are the same to rounding, which a test
holds on real footage; they are computed here in two calls of OpenCV on bytes, at about a fifth of
the processor time, and only where a picture of 64 by 48 pixels already shows that something may
have happened: a cut changes it by 20 and more (of 255), and by several times as much as the
pictures around.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from catalog.media.views import Picture, RgbPicture

# Pictures on each side that a picture's change is compared with.
WINDOW = 2
# PySceneDetect's defaults: so many times the change around it, and at least so much.
_RATIO, _LEAST_CHANGE = 3.0, 15.0
_STILL = 0.00001
# The same of the smallest views, far below what any cut does.
_ROUGH_RATIO, _LEAST_ROUGH = 1.2, 2.0


@dataclass(slots=True)
class _Step:
    """A picture beside the one before: how far apart their smallest views are, and the score."""

    picture: Picture
    rough: float
    score: float | None = None
    hsv: RgbPicture | None = None

    @property
    def look(self) -> RgbPicture:
        """The picture as it is scored."""
        if self.hsv is None:
            self.hsv = _hsv(self.picture.small)
        return self.hsv


class CutProposals:
    """Takes pictures in order and proposes cuts, `WINDOW` pictures later."""

    def __init__(self) -> None:
        # One more than are compared, for the first of them to be compared with.
        self._steps: deque[_Step] = deque(maxlen=2 * WINDOW + 2)

    def push(self, picture: Picture) -> int | None:
        """Take the next picture; the pts of one that seems to begin a shot, if any."""
        if not self._steps:
            self._steps.append(_Step(picture, 0.0, 0.0))
            return None
        rough = _apart(self._steps[-1].picture.squeezed, picture.squeezed)
        self._steps.append(_Step(picture, rough))
        if len(self._steps) <= 2 * WINDOW:
            return None
        steps = self._steps
        target = steps[-1 - WINDOW]
        if target.rough < _LEAST_ROUGH:
            return None
        window = range(-1 - 2 * WINDOW, 0)
        around = sum(steps[at].rough for at in window) - target.rough
        if target.rough < _ROUGH_RATIO * around / (2 * WINDOW):
            return None
        score = self._score(-1 - WINDOW)
        if score < _LEAST_CHANGE:
            return None
        around = (sum(self._score(at) for at in window) - score) / (2 * WINDOW)
        return target.picture.pts if around < _STILL or score >= _RATIO * around else None

    def _score(self, at: int) -> float:
        step = self._steps[at]
        if step.score is None:
            step.score = _apart(self._steps[at - 1].look, step.look)
        return step.score


def score(before: RgbPicture, after: RgbPicture) -> float:
    """How much two small pictures (BGR) differ in hue, saturation and brightness, 0..255.

    All three weigh the same, so it is the mean of all values.
    """
    return _apart(_hsv(before), _hsv(after))


def _hsv(small: RgbPicture) -> RgbPicture:
    import cv2  # noqa: PLC0415  slow to import

    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), np.uint8)


def _apart(one: RgbPicture, other: RgbPicture) -> float:
    """Mean absolute difference, 0..255."""
    import cv2  # noqa: PLC0415

    return cv2.norm(one, other, cv2.NORM_L1) / one.size
