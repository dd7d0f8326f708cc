"""Where one shot ends and the next begins.

Cuts are proposed as by PySceneDetect's `AdaptiveDetector`, which compares a
picture's change with the change around it and so forgives camera movement
(`catalog.media.content`), and are checked for flashes. Fades and dissolves are found by
`catalog.media.transitions` once they are over, so a cut in the midst of one is
told late. Black that lasts is a shot of its own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.media.black_bars import without_bars
from catalog.media.channels import highest
from catalog.media.content import CutProposals, Proposal
from catalog.media.continuity import Continuity, continuity
from catalog.media.past import grey
from catalog.media.transitions import Transition, TransitionDetector, matched, seen_again

if TYPE_CHECKING:
    from catalog.media.views import Once, Picture, RgbPicture

# A cut across which pictures this much more alike are found is a flash's, not a cut. A flash
# lasts a few pictures.
_FLASH_RATIO = 0.35
_FLASH_REACH = 5
# Correlation across a proposed cut from which it is none: a fade's or dissolve's steep moment.
_SAME_PICTURE = 0.93
# What shows something and goes on across a proposed cut: from this share on something was laid over
# the scene or taken away. A plot or a guest beside the scene may take up half of the picture.
_LAID_OVER = 0.6
# A camera that moves does so for several pictures; a step that is so many times as long as any
# beside it is from one camera, or one take, to another, though both see the same.
_LONELY = 4.0
# A faint proposal is a cut where no more than this goes on, and so many tiles show something; few
# of them only where nothing else moves: before a plain ground, things jump.
_REPLACED, _MUCH_SHOWN, _LEAST_SHOWN = 0.5, 0.5, 0.1
# Where less than this shows something, other colours are another card, whatever is written on it.
_CARD = 0.35
# In a transition the steps after the first, or before the last, are at least this much as long.
_EVEN_STEP = 0.4
# PySceneDetect's own threshold for black, as a mean of 0..255.
_DARK = 12.0
_VISIBLE, _BRIGHT_SHARE = 48, 0.01
# Black that lasts longer than between two fades is a shot of its own.
_LONG_BLACK = Fraction(3, 2)


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture and what is known now that it has come.

    ``begins``: a shot begins with it. ``late``: a shot began in a transition
    that lies behind; it is part of the shot that was going on before this picture.
    """

    picture: Picture
    begins: bool
    late: Transition | None = None


@dataclass(slots=True)
class _Ahead:
    picture: Picture
    cut: Proposal | None = None
    black: bool = False


@dataclass(frozen=True, slots=True)
class _Views:
    """What a picture that was given back may still be asked for: not the picture itself."""

    shrunk: Once
    squeezed: RgbPicture

    @classmethod
    def of(cls, picture: Picture) -> _Views:
        return cls(picture.shrunk, picture.squeezed)


class ShotDetector:
    """Takes pictures in order and gives each back, a few later, with where shots begin.

    Parameters
    ----------
    time_base:
        Seconds per unit of the pictures' ``pts``.
    frame_rate:
        Pictures per second, about.
    min_shot:
        Seconds a shot must last before the next cut is taken.
    """

    def __init__(self, time_base: Fraction, frame_rate: Fraction, min_shot: float) -> None:
        self._proposals = CutProposals()
        self._gradual = TransitionDetector(time_base, frame_rate)
        # Whole numbers: comparing fractions for every picture would take longer than the rest.
        self._min_shot = math.ceil(Fraction(min_shot) / time_base)
        self._long_black = math.ceil(_LONG_BLACK / time_base)
        self._ahead: deque[_Ahead] = deque()
        self._behind: deque[_Views] = deque(maxlen=_FLASH_REACH)
        self._last_cut: int | None = None
        self._black_since: int | None = None
        self._was_black = False

    def push(self, picture: Picture) -> Iterator[Seen]:
        """Take the next picture; give back at most one."""
        cut = self._proposals.push(picture)
        self._ahead.append(_Ahead(picture, black=is_black(picture)))
        if cut is not None:
            for ahead in self._ahead:
                if ahead.picture.pts == cut.pts:
                    ahead.cut = cut
        if len(self._ahead) > _FLASH_REACH:
            yield self._release()

    def flush(self) -> Iterator[Seen]:
        """Give back the pictures still held when there are no more."""
        while self._ahead:
            yield self._release()

    def _release(self) -> Seen:
        ahead = self._ahead[0]
        pts = ahead.picture.pts
        ended = self._black_ends(ahead)
        begins = self._begins(ahead, ended=ended)
        late = None
        if begins:
            late = self._taken(self._gradual.flush(), before=pts)
            self._gradual.reset()
            self._last_cut = pts
        lasting = self._black_lasts(ahead)
        late = late or self._taken(lasting or self._gradual.push(ahead.picture))
        self._ahead.popleft()
        self._behind.append(_Views.of(ahead.picture))
        self._was_black = ahead.black
        return Seen(ahead.picture, begins, late)

    def _begins(self, ahead: _Ahead, *, ended: bool) -> bool:
        if self._last_cut is None:
            return True
        if ahead.picture.pts - self._last_cut < self._min_shot:
            return False
        # In black, hue is noise, and the first glimmer of a fade would be a cut.
        within_black = ahead.black and self._was_black
        if ended or ahead.cut is None or within_black:
            return ended
        common = continuity(*without_bars([self._behind[-1].squeezed, ahead.picture.squeezed]))
        return _replaces(ahead.cut, common) and not (
            self._is_flash()
            or self._goes_on(common)
            or self._is_gradual()
            or self._is_light(common)
        )

    def _taken(self, found: Transition | None, before: int | None = None) -> Transition | None:
        """The transition, if the shots on both of its sides last long enough."""
        if found is None or self._last_cut is None or found.cut - self._last_cut < self._min_shot:
            return None
        if before is not None and before - found.cut < self._min_shot:
            return None
        if before is None:
            self._last_cut = found.cut
        return found

    def _black_ends(self, ahead: _Ahead) -> bool:
        """Whether the picture is the first to be seen after lasting black."""
        if ahead.black or self._black_since is None:
            return False
        since, self._black_since = self._black_since, None
        return ahead.picture.pts - since >= self._long_black

    def _black_lasts(self, ahead: _Ahead) -> Transition | None:
        """The beginning of black, when it has just lasted long enough to be a shot."""
        pts = ahead.picture.pts
        if not ahead.black:
            return None
        if self._black_since is None:
            self._black_since = pts
        since = self._black_since
        if pts - since < self._long_black or (self._last_cut or 0) >= since:
            return None
        self._gradual.reset()
        return Transition(since, since, since)

    def _is_gradual(self) -> bool:
        """Whether the step is the first or the last of many: where it is dark, hue jumps."""
        before = [views.squeezed for views in reversed(self._behind)]
        after = [ahead.picture.squeezed for ahead in self._ahead]
        return _evenly_away(before[0], after) or _evenly_away(after[0], before)

    def _goes_on(self, common: Continuity) -> bool:
        """Whether the picture is the one before but for light, movement or a blend's next step."""
        last, first = without_bars([self._behind[-1].squeezed, self._ahead[0].picture.squeezed])
        if common.shown < _CARD and matched(last, first) <= _SAME_PICTURE:
            return False
        if common.shown >= _CARD and self._is_lonely():
            return False
        before, after = grey(last), grey(first)
        middle = before.shape[1] // 2
        # Half of the picture may be a thing that stays: a plot, a caption, a split screen.
        return all(
            matched(before[:, half], after[:, half]) > _SAME_PICTURE
            for half in (slice(middle), slice(middle, None))
        )

    def _is_lonely(self) -> bool:
        """Whether the step is far longer than those beside it."""
        before = [views.squeezed for views in self._behind]
        after = [ahead.picture.squeezed for ahead in self._ahead]
        beside = [*pairwise(before), *pairwise(after)]
        longest = max((difference(*pair) for pair in beside), default=math.inf)
        return difference(before[-1], after[0]) > _LONELY * longest

    def _is_light(self, common: Continuity) -> bool:
        """Whether some picture shortly after shows the edges of one shortly before."""
        if common.shown < _CARD:
            return False
        # Every other will do: what flares up for one picture is a flash.
        before = [views.squeezed for views in list(self._behind)[:-5:-2]]
        after = [ahead.picture.squeezed for ahead in list(self._ahead)[::-2]]
        return seen_again(before, after)

    def _is_flash(self) -> bool:
        """Whether some picture shortly after the proposed cut is like one shortly before it."""
        after = [ahead.picture.small for ahead in self._ahead]
        before = [views.shrunk() for views in self._behind]
        step = difference(before[-1], after[0])
        closest = min(difference(one, later) for one in before for later in after)
        return closest < _FLASH_RATIO * step


def is_black(picture: Picture) -> bool:
    """Whether there is nothing to see: dark on average, and hardly a bright spot.

    A night scene has its lights, a title on black its letters; they are not black.
    """
    if picture.black is None:
        picture.black = _is_black(picture)
    return picture.black


def _is_black(picture: Picture) -> bool:
    import cv2  # noqa: PLC0415

    if sum(cv2.mean(picture.squeezed)[:3]) >= 3 * _DARK:
        return False
    bright = np.count_nonzero(highest(picture.small) > _VISIBLE)
    height, width = picture.small.shape[:2]
    return bool(bright < _BRIGHT_SHARE * height * width)


def _replaces(cut: Proposal, common: Continuity) -> bool:
    """Whether what was seen is gone, and not merely covered in part or uncovered."""
    if cut.faint:
        replaced = max(common.left, common.arrived) <= _REPLACED
        return replaced and common.shown >= (_LEAST_SHOWN if cut.still else _MUCH_SHOWN)
    return min(common.left, common.arrived) < _LAID_OVER


def _evenly_away(start: RgbPicture, pictures: list[RgbPicture]) -> bool:
    """Whether pictures, each with a step like the first's, get further and further from a start."""
    if len(pictures) <= _FLASH_REACH - 1:
        return False
    way = [difference(start, picture) for picture in pictures]
    least = _EVEN_STEP * way[0]
    return all(
        difference(one, other) >= least and further - near >= least
        for (one, other), (near, further) in zip(pairwise(pictures), pairwise(way), strict=True)
    )


def difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures of one size, 0..255."""
    import cv2  # noqa: PLC0415

    return cv2.norm(one, other, cv2.NORM_L1) / one.size
