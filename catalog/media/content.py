"""How much a picture differs from the one before, and where that stands out: hard cuts.

The measure and the rule are those of PySceneDetect's `AdaptiveDetector` (0.7, its default
weights): the mean absolute difference of hue, saturation and brightness, and a cut where it is
several times that of the pictures around. The numbers are the same to rounding, which a test
holds on real footage; they are computed here in two calls of OpenCV on bytes, at about a fifth of
the processor time, and only where a picture of 64 by 48 pixels already shows that something may
have happened: a cut changes it by 20 and more (of 255), and by several times as much as the
pictures around.

Cuts of black-and-white film, of grainy night scenes and from slide to slide may fall short of that
measure: where hue is missing or noise, a third or two of it are. They stand out in the small
picture all the same, and are proposed as *faint*, to be confirmed by what is seen on both sides.
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
# A faint cut: more than what is passed over undecoded (`catalog.media.groups`), and so many times
# as much as any change shortly before and after; film shot on threes or fours has still pictures.
_LEAST_FAINT, _FAINT_RATIO, _FAINT_REACH = 4.0, 3.0, 10
_STILL_RATIO = 10.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A picture that seems to begin a shot.

    ``faint``: it does not reach `AdaptiveDetector`'s measure, so it must be seen that what is
    before it is replaced. ``still``: it is faint, and next to nothing moves before and after.
    """

    pts: int
    faint: bool = False
    still: bool = False


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
        self._roughs: deque[float] = deque(maxlen=_FAINT_REACH + 1 + WINDOW)

    def push(self, picture: Picture) -> Proposal | None:
        """Take the next picture; one that seems to begin a shot, if any."""
        if not self._steps:
            self._steps.append(_Step(picture, 0.0, 0.0))
            return None
        rough = _apart(self._steps[-1].picture.squeezed, picture.squeezed)
        self._steps.append(_Step(picture, rough))
        self._roughs.append(rough)
        if len(self._steps) <= 2 * WINDOW:
            return None
        target = self._steps[-1 - WINDOW]
        if target.rough < _LEAST_ROUGH:
            return None
        if self._stands_out(target):
            return Proposal(target.picture.pts)
        return self._faint(target)

    def _stands_out(self, target: _Step) -> bool:
        """By PySceneDetect's measure."""
        window = range(-1 - 2 * WINDOW, 0)
        around = sum(self._steps[at].rough for at in window) - target.rough
        if target.rough < _ROUGH_RATIO * around / (2 * WINDOW):
            return False
        score = self._score(-1 - WINDOW)
        if score < _LEAST_CHANGE:
            return False
        around = (sum(self._score(at) for at in window) - score) / (2 * WINDOW)
        return around < _STILL or score >= _RATIO * around

    def _faint(self, target: _Step) -> Proposal | None:
        """By the smallest views alone, and for longer."""
        if target.rough < _LEAST_FAINT or len(self._roughs) <= _FAINT_REACH + WINDOW:
            return None
        at = len(self._roughs) - 1 - WINDOW
        around = max(each for number, each in enumerate(self._roughs) if number != at)
        if target.rough < _FAINT_RATIO * around:
            return None
        return Proposal(target.picture.pts, faint=True, still=target.rough > _STILL_RATIO * around)

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
