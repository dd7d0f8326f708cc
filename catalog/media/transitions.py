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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from typing import TYPE_CHECKING

import numpy as np

from catalog.media.black_bars import without_bars
from catalog.media.continuity import detail, dip_of_detail, recognised
from catalog.media.past import THUMB, Past, Signature, Vector, alike, grey, signature_of
from catalog.media.wipes import part_by_part, rests_at_ends

if TYPE_CHECKING:
    from catalog.media.views import Picture, RgbPicture

# Signatures no nearer than this in time: more would tell no more.
_STEP = Fraction(3, 100)
_WINDOWS = (0.4, 0.7, 1.1, 1.6, 2.2)
_MEMORY = 3.4
# No transition is told of that began longer ago than this many seconds.
HORIZON = Fraction(4)
# The ends of a dissolve differ by so much (root mean square, 0..255), and are no more alike than
# this even after their brightness and contrast were made the same.
_LEAST_CHANGE, _MOST_ALIKE = 7.0, 0.85
# Those of a wipe are of two scenes.
_MOST_ALIKE_WIPED = 0.6
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
# A better window may still follow for this long after its end.
_PATIENCE = Fraction(1, 2)
# Contrast (standard deviation) falls to this share in a fade, and recovers above the second.
_DIP, _RECOVERED, _LEAST_CONTRAST = 0.3, 2.5, 6.0
_SUSTAINED, _LEVEL = 4, 0.5
_SAME_SCENE = 0.8
# Or this share of their edges is the same.
_SAME_DETAIL = 0.65
_NOTHING = 1.0
# So many pictures before a transition, and all that were seen after it, each of so many, are
# looked at for one scene.
_AROUND, _NTH = 26, 6
# What passes close by covers most of a scene; a wipe leaves nothing of it but by chance.
_PASSED_BY = 0.2
# A dip that lasts longer than this is no flash.
_SLOW = Fraction(3, 5)
_VALUES = THUMB[0] * THUMB[1] * 3
_LEAST = _LEAST_CHANGE**2 * _VALUES
# Of two shots that a wipe parts.
_LEAST_OF_WIPE = 12.0**2 * _VALUES
# Plain colours that differ by less may be one wall under a light that is turned up.
_PLAIN_POWER = 25.0**2 * _VALUES


@dataclass(frozen=True, slots=True)
class Transition:
    """One shot becomes another between ``start`` and ``end``; ``cut`` is the middle (all pts)."""

    start: int
    cut: int
    end: int


@dataclass(slots=True)
class _Blend:
    """A transition that was found; ``over``: both of its shots rest, and no better will follow."""

    transition: Transition
    strength: float
    over: bool = False


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
        self._past = Past(max(8, round(_MEMORY * rate)), sorted(backs))
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
            self._past.append(signature_of(picture))
            return found
        if self._seen and picture.pts - self._seen[-1].pts < self._step:
            return None
        self._past.append(signature_of(picture))
        if self._still_rises():
            return None
        fade = self._fade()
        if fade is not None:
            self._best, self._risen = None, 0.0
            return fade
        self._look_for_blend()
        best = self._best
        if best is not None and (best.over or picture.pts - best.transition.end > self._patience):
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
        came_back = self._comes_back(best.transition)
        self._past.forget_before(best.transition.end)
        return None if came_back else best.transition

    def _comes_back(self, transition: Transition) -> bool:
        """Whether what is seen after it was seen before: it was fire, smoke or a light."""
        before = [each for each in self._seen if each.pts <= transition.start][-1:-_AROUND:-_NTH]
        after = [each for each in self._seen if each.pts >= transition.end][::-_NTH]
        return seen_again([each.coloured for each in before], [each.coloured for each in after])

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
            blend = None
            if _may_blend(before, apart[middle], apart[length]):
                if alike(self._seen[last - length], self._seen[last]) <= _MOST_ALIKE:
                    blend = self._blend(last - length)
            elif apart[length] >= _LEAST_OF_WIPE:
                blend = self._wipe(last - length, apart[length])
            self._best = blend or self._best
            if blend is not None and blend.over:
                return

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
        if far and alike(window[0], window[-1]) > _FAR_ALIKE:
            return None
        shown = without_bars([signature.coloured for signature in window])
        left = dip_of_detail([grey(each) for each in shown], along)
        least, most = _FAR_DETAIL_LEFT if far else _DETAIL_LEFT
        if left is not None and not least < left < most:
            return None
        blend = _told(window, along, strength)
        # What takes longest to say is asked last.
        if blend is None or _same_scene(window[0].coloured, window[-1].coloured):
            return None
        return blend

    def _wipe(self, begin: int, power: float) -> _Blend | None:
        """What was seen from there on as a wipe or a push; ``power`` as of `_is_dip`."""
        pixels = self._past.pixels[begin:]
        if not rests_at_ends(pixels, power):
            return None
        if alike(self._seen[begin], self._seen[-1]) > _MOST_ALIKE_WIPED:
            return None
        window = list(islice(self._seen, begin, None))
        along = part_by_part(window, pixels)
        if along is None:
            return None
        ends = [window[0].coloured, window[-1].coloured]
        if _same_scene(*ends) or recognised(*map(detail, without_bars(ends))) > _PASSED_BY:
            return None
        wipe = _told(window, along, math.sqrt(power / pixels.shape[1]))
        if wipe is not None:
            wipe.over = True
        return wipe

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
        found = Transition(
            self._seen[before].pts, self._seen[(start + end) // 2].pts, self._seen[-1].pts
        )
        same = same or self._comes_back(found)
        if contrast[lowest] < _NOTHING and self._seen[-1].pts - self._seen[before].pts > self._slow:
            same = False  # it was not a flash: somebody meant to part what may look much alike
        self._past.forget_before(self._seen[end].pts + 1)
        return None if same else found


def _told(window: list[Signature], along: Vector, strength: float) -> _Blend | None:
    """A transition by how far each picture of a window is on its way, 0 to 1."""
    first, middle, last = (int(np.argmax(along >= share)) for share in (0.08, 0.5, 0.92))
    if last - first < 2:
        return None
    found = Transition(window[max(0, first - 1)].pts, window[middle].pts, window[last].pts)
    return _Blend(found, strength)


def _rests_at_ends(along: Vector) -> bool:
    """Whether hardly anything changes first and last, of ways from 0 to 1."""
    edge = max(2, len(along) // 10)
    least = _REST * edge / (len(along) - 1)
    return bool(max(along[edge], 1.0 - along[-1 - edge]) <= least)


def seen_again(before: Sequence[RgbPicture], after: Sequence[RgbPicture]) -> bool:
    """Whether any of some smallest views shows the edges of any others', under whatever light."""
    if not before or not after:
        return False
    edges = [detail(each) for each in without_bars([*before, *after])]
    pairs = product(edges[: len(before)], edges[len(before) :])
    return any(recognised(one, other) > _SAME_DETAIL for one, other in pairs)


def _same_scene(one: RgbPicture, other: RgbPicture) -> bool:
    """Whether the middle of one picture's smallest view is in the other's, under whatever light."""
    one, other = without_bars([one, other])
    if any(found > _SAME_SCENE for found in _matches(one, other)):
        return True
    return recognised(detail(one), detail(other)) > _SAME_DETAIL


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
