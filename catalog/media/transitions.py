"""Gradual transitions: dissolves, and fades through black, white or any one colour.

A dissolve is a straight line from one picture to another: every picture of it
is a blend of the two ends. This is tested as it is said, on windows of several
lengths: the pictures between two that differ must lie near the line that joins
them, and go along it from one end to the other. Camera and subject movement
leaves that line (half a pan is no blend of its ends), and a change of exposure
joins two pictures that are the same but for a factor. A fade is a dip of
contrast between two different pictures.

The idea of comparing over a distance is the twin comparison of Zhang,
Kankanhalli and Smoliar, "Automatic partitioning of full-motion video",
Multimedia Systems 1, 1993; the line is the chromatic edit model of Hampapur,
Jain and Weymouth, "Production model based digital video segmentation", 1995.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.media.continuity import dip_of_detail

if TYPE_CHECKING:
    from catalog.media.views import Picture, RgbPicture

Vector = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

_THUMB = (16, 12)
# Signatures no nearer than this in time: more would tell no more.
_STEP = Fraction(3, 100)
_WINDOWS = (0.4, 0.7, 1.1, 1.6, 2.2)
_MEMORY = 3.4
# No transition is told of that began longer ago than this many seconds.
HORIZON = Fraction(4)
# The ends of a dissolve differ by so much (root mean square, 0..255), and are no more alike than
# this even after their brightness and contrast were made the same.
_LEAST_CHANGE, _MOST_ALIKE = 7.0, 0.85
# How far from the line, as a share of its length, pictures may lie (on average, and any), and what
# of their detail is left in the middle (`catalog.media.continuity.dip_of_detail`). Where both shots
# move, their blends lie further off; then all must be plain, and the ends unlike each other.
_MEAN_OFF, _MOST_OFF, _DETAIL_LEFT = 0.17, 0.3, (0.2, 0.8)
_FAR_MEAN_OFF, _FAR_MOST_OFF, _FAR_DETAIL_LEFT, _FAR_ALIKE = 0.3, 0.47, (0.4, 0.68), 0.4
# Contrast of a dissolve's ends: at least this, and this share of the other's; else it is a fade.
_LEAST_OF_END, _END_SHARE = 3.0, 0.15
# From one plain colour to another, nothing else tells a dissolve from light that changes all along:
# it begins and ends. A tenth of it at either end gets this share of the way that is usual.
_REST = 0.25
# A step this long along the line is a cut, and going back this far is movement.
_LONGEST_STEP, _BACK = 0.45, 0.08
# A better window may still follow for this long.
_PATIENCE = Fraction(1, 2)
# Contrast (standard deviation) falls to this share in a fade, and recovers above the second.
_DIP, _RECOVERED, _LEAST_CONTRAST = 0.3, 2.5, 6.0
_SUSTAINED, _LEVEL = 4, 0.5
_SAME_SCENE = 0.8
_NOTHING = 1.0
# A dip that lasts longer than this is no flash.
_SLOW = Fraction(3, 5)
_ONES = np.ones(_THUMB[0] * _THUMB[1] * 3, np.float32)
_LEAST = _LEAST_CHANGE**2 * len(_ONES)
# Plain colours that differ by less may be one wall under a light that is turned up.
_PLAIN_POWER = 25.0**2 * len(_ONES)


@dataclass(frozen=True, slots=True)
class Transition:
    """One shot becomes another between ``start`` and ``end``; ``cut`` is the middle (all pts)."""

    start: int
    cut: int
    end: int


@dataclass(slots=True)
class _Signature:
    """A picture as it is compared.

    ``apart`` is, by how many pictures lie between, the square of its pixels' distance from those
    of pictures before it.
    """

    pts: int
    pixels: Vector
    coloured: npt.NDArray[np.uint8]
    contrast: float
    apart: dict[int, float] = field(default_factory=dict)
    _unit: Vector | None = None

    @property
    def grey(self) -> Grey:
        """As `grey` has it."""
        return grey(self.coloured)

    @property
    def unit(self) -> Vector:
        """The pixels without their mean, of length 1; most pictures are never asked for it."""
        if self._unit is None:
            unit = self.pixels - float(self.pixels @ _ONES) / len(_ONES)
            unit /= max(1e-6, math.sqrt(float(unit @ unit)))
            self._unit = unit
        return self._unit


class _Past:
    """The signatures of a shot's last pictures, oldest first; their numbers also lie in a row.

    Parameters
    ----------
    most:
        How many are kept; of more the oldest goes.
    steps_back:
        Which of those before each is compared with: so many before it, in order.

    Attributes
    ----------
    seen:
        The signatures.
    """

    def __init__(self, most: int, steps_back: list[int]) -> None:
        self.seen: deque[_Signature] = deque(maxlen=most)
        self._steps_back, self._backs = steps_back, np.array(steps_back)
        # Twice as long as needed, so that all is seldom moved to the front.
        self._pixels = np.empty((2 * most, len(_ONES)), np.float32)
        self._contrast = np.empty(2 * most)
        self._end = 0

    def append(self, signature: _Signature) -> None:
        """The next."""
        if self._end == len(self._contrast):
            self._pixels[: len(self.seen)] = self.pixels
            self._contrast[: len(self.seen)] = self.contrast
            self._end = len(self.seen)
        self._pixels[self._end] = signature.pixels
        self._contrast[self._end] = signature.contrast
        self._end += 1
        self.seen.append(signature)
        signature.apart = self._apart()

    def clear(self) -> None:
        """Forget all."""
        self.seen.clear()
        self._end = 0

    def forget_before(self, pts: int) -> None:
        """Forget what is older."""
        while self.seen and self.seen[0].pts < pts:
            self.seen.popleft()

    def _apart(self) -> dict[int, float]:
        last = self._end - 1
        there = self._backs[: bisect_left(self._steps_back, len(self.seen))]
        way = np.take(self._pixels, last - there, axis=0) - self._pixels[last]
        return dict(zip(self._steps_back, np.vecdot(way, way).tolist(), strict=False))

    @property
    def pixels(self) -> Vector:
        """Of all, shape (number, values)."""
        return self._pixels[self._end - len(self.seen) : self._end]

    @property
    def contrast(self) -> npt.NDArray[np.float64]:
        """Of all, shape (number,)."""
        return self._contrast[self._end - len(self.seen) : self._end]


@dataclass(slots=True)
class _Blend:
    transition: Transition
    strength: float
    seen_at: int


class TransitionDetector:
    """Takes the pictures of one shot in order, and tells of gradual transitions once they are over.

    Parameters
    ----------
    time_base:
        Seconds per unit of the pictures' ``pts``.
    frame_rate:
        Pictures per second, about.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction) -> None:
        self._step = math.ceil(_STEP / time_base)
        self._slow = math.floor(_SLOW / time_base)
        self._patience = math.floor(_PATIENCE / time_base)
        rate = min(float(frame_rate), float(1 / _STEP))
        self._windows = sorted({max(4, round(each * rate)) for each in _WINDOWS})
        # From the end of a window to its beginning and its middle, and between the two.
        backs = {back for each in self._windows for back in (each, each // 2, each - each // 2)}
        self._past = _Past(max(8, round(_MEMORY * rate)), sorted(backs))
        self._seen = self._past.seen
        self._best: _Blend | None = None
        self._risen: float | None = None

    def reset(self) -> None:
        """Forget what was seen: a new shot begins."""
        self._past.clear()
        self._best = self._risen = None

    def push(self, picture: Picture) -> Transition | None:
        """Look at the next picture; the transition that is now known to be over, if any."""
        if picture.passed and self._seen:
            # Steps of another length would bend the line. What was being watched is over.
            found = self.flush()
            self._past.clear()
            self._past.append(_signature(picture))
            return found
        if self._seen and picture.pts - self._seen[-1].pts < self._step:
            return None
        self._past.append(_signature(picture))
        if self._still_rises():
            return None
        fade = self._fade()
        if fade is not None:
            self._best, self._risen = None, 0.0
            return fade
        self._look_for_blend()
        if self._best is not None and picture.pts - self._best.seen_at > self._patience:
            return self.flush()
        return None

    def _still_rises(self) -> bool:
        """Whether a picture goes on coming out of a fade that was told; no blend begins in it."""
        last = self._seen[-1]
        if self._risen is None or last.contrast <= self._risen:
            self._risen = None
            return False
        self._risen = last.contrast
        self._past.clear()
        self._past.append(last)
        return True

    def flush(self) -> Transition | None:
        """The transition that was still being watched."""
        best, self._best = self._best, None
        if best is None:
            return None
        self._past.forget_before(best.transition.end)
        return best.transition

    # --- dissolves --------------------------------------------------------------

    def _look_for_blend(self) -> None:
        last = len(self._seen) - 1
        apart = self._seen[-1].apart
        for length in self._windows:
            if length > last:
                return
            middle = length // 2
            if apart[length] < _LEAST:
                continue
            before = self._seen[last - middle].apart[length - middle]
            if not _may_blend(before, apart[middle], apart[length]):
                continue
            if _alike(self._seen[last - length], self._seen[last]) > _MOST_ALIKE:
                continue
            self._best = self._blend(last - length) or self._best

    def _blend(self, begin: int) -> _Blend | None:
        """What was seen from there on as a dissolve, if it lies along the line between its ends.

        None of one that is no stronger than the best so far.
        """
        pixels = self._past.pixels[begin:]
        way = pixels - pixels[0]
        line = way[-1]
        power = float(line @ line)
        along = way @ line / power
        steps = along[1:] - along[:-1]
        if steps.max() > _LONGEST_STEP or steps.min() < -_BACK:
            return None
        off = np.sqrt(np.maximum(0.0, np.einsum("ij,ij->i", way, way) / power - along**2))
        if off.mean() > _FAR_MEAN_OFF or off.max() > _FAR_MOST_OFF:
            return None
        strength = math.sqrt(power / line.size) * (1.0 - float(off.mean()))
        if self._best is not None and strength <= self._best.strength:
            return None
        window = list(islice(self._seen, begin, None))
        if self._is_dip(begin, power):
            return None
        plain = max(window[0].contrast, window[-1].contrast) < _LEAST_OF_END
        if plain and not _rests_at_ends(along):
            return None
        far = off.mean() > _MEAN_OFF or off.max() > _MOST_OFF
        if far and _alike(window[0], window[-1]) > _FAR_ALIKE:
            return None
        left = dip_of_detail([signature.grey for signature in window], along)
        least, most = _FAR_DETAIL_LEFT if far else _DETAIL_LEFT
        if left is not None and not least < left < most:
            return None
        first, middle, last = (int(np.argmax(along >= share)) for share in (0.08, 0.5, 0.92))
        # What takes longest to say is asked last.
        if last - first < 2 or _same_scene(window[0].coloured, window[-1].coloured):
            return None
        found = Transition(window[max(0, first - 1)].pts, window[middle].pts, window[last].pts)
        return _Blend(found, strength, window[-1].pts)

    def _is_dip(self, begin: int, power: float) -> bool:
        """Whether contrast is lost, at an end or between: that is a fade, or part of one.

        ``power``: the square of the distance between the ends.
        """
        contrast = self._past.contrast[begin:]
        ends = sorted((float(contrast[0]), float(contrast[-1])))
        if ends[1] < _LEAST_OF_END:  # from one plain colour to another
            return power < _PLAIN_POWER
        if ends[0] < max(_LEAST_OF_END, _END_SHARE * ends[1]):
            return True
        return float(contrast.min()) < _DIP * ends[0]

    # --- fades ------------------------------------------------------------------

    def _fade(self) -> Transition | None:
        """A dip of contrast that has just been left, if another scene came out of it."""
        if len(self._seen) < _SUSTAINED + 2:
            return None
        contrast = self._past.contrast
        lowest = int(contrast.argmin())
        if contrast[lowest] > _DIP * contrast.max():
            return None
        after = contrast[-_SUSTAINED:]
        highest = float(contrast[: lowest + 1].max())
        before = int(np.flatnonzero(contrast[: lowest + 1] >= _LEVEL * highest)[-1])
        if after.min() < max(_LEAST_CONTRAST, _RECOVERED * contrast[lowest]):
            return None
        if contrast[lowest] > _DIP * contrast[before] or lowest >= len(contrast) - _SUSTAINED:
            return None
        high = np.flatnonzero(contrast > 1.5 * contrast[lowest] + 2.0)
        start = int(high[high < lowest].max(initial=-1)) + 1
        end = int(high[high > lowest].min(initial=len(contrast))) - 1
        same = _same_scene(self._seen[before].coloured, self._seen[-1].coloured)
        if contrast[lowest] < _NOTHING and self._seen[-1].pts - self._seen[before].pts > self._slow:
            same = False  # it was not a flash: somebody meant to part what may look much alike
        found = Transition(
            self._seen[before].pts, self._seen[(start + end) // 2].pts, self._seen[-1].pts
        )
        self._past.forget_before(self._seen[end].pts + 1)
        return None if same else found


def grey(squeezed: npt.NDArray[np.uint8]) -> Grey:
    """A picture's smallest view (BGR) in grey, by its green."""
    return np.ascontiguousarray(squeezed[:, :, 1])


def _signature(picture: Picture) -> _Signature:
    import cv2  # noqa: PLC0415

    coloured = picture.squeezed
    thumb = cv2.resize(coloured, _THUMB, interpolation=cv2.INTER_AREA)
    contrast = float(cv2.meanStdDev(thumb[:, :, 1])[1][0, 0])
    pixels = thumb.astype(np.float32).ravel()
    return _Signature(picture.pts, pixels, coloured, contrast)


def _rests_at_ends(along: Vector) -> bool:
    """Whether hardly anything changes first and last, of ways from 0 to 1."""
    edge = max(2, len(along) // 10)
    least = _REST * edge / (len(along) - 1)
    return bool(max(along[edge], 1.0 - along[-1 - edge]) <= least)


def _same_scene(one: RgbPicture, other: RgbPicture) -> bool:
    """Whether the middle of one picture's smallest view is in the other's, under whatever light."""
    return any(found > _SAME_SCENE for found in _matches(one, other))


def matched(one: RgbPicture, other: RgbPicture) -> float:
    """How well the middle of one picture is found anywhere in the other.

    Correlation up to 1 over all colours, whatever the brightness or a colour that lies over all,
    and however the camera moved in between; 0 if there is nothing in one of them. The pictures are
    smallest views, or parts of them.
    """
    return max(_matches(one, other), default=0.0)


def _matches(one: RgbPicture, other: RgbPicture) -> Iterator[float]:
    """How well the middle of each is found in the other; nothing if there is nothing in one."""
    import cv2  # noqa: PLC0415

    height, width = one.shape[:2]
    middle = slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)
    if min(float(cv2.meanStdDev(each[middle])[1].max()) for each in (one, other)) < _NOTHING:
        return
    yield float(cv2.matchTemplate(one, other[middle], cv2.TM_CCOEFF_NORMED).max())
    yield float(cv2.matchTemplate(other, one[middle], cv2.TM_CCOEFF_NORMED).max())


def _may_blend(first: float, second: float, power: float) -> bool:
    """Whether a picture is near the line between two others.

    By the squares of its distances from the first and from the second of them, and of theirs.
    """
    along = (first + power - second) / 2  # by the law of cosines
    return first - along**2 / power <= _FAR_MOST_OFF**2 * power


def _alike(one: _Signature, other: _Signature) -> float:
    """Correlation of two pictures: 1 for the same, whatever their brightness and contrast."""
    return float(one.unit @ other.unit)
