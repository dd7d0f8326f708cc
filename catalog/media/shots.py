"""Where one shot ends and the next begins.

Cuts come from PySceneDetect's `AdaptiveDetector`, which compares a picture's
change with the change around it and so forgives camera movement. It is fed
here with exact times, so a variable frame rate does not move its cuts, and its
proposals are checked for flashes. Fades through black are found by brightness.
Dissolves longer than a few pictures are not cuts here: both sides are sampled
all the same, so nothing is lost to a search.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from catalog.media.pictures import Picture

# The detector judges a picture once it has seen this many after it.
_WINDOW = 2
# A cut across which pictures this much more alike are found is a flash's, not a cut.
_FLASH_RATIO = 0.35
_FLASH_REACH = 3
# PySceneDetect's own threshold for black, as a mean of 0..255.
_DARK = 12.0
_VISIBLE, _BRIGHT_SHARE = 48, 0.01
_SHORTEST_BLACK = Fraction(1, 10)


@dataclass(slots=True)
class _Seen:
    picture: Picture
    cut: bool = False
    black: bool = False


class ShotDetector:
    """Takes pictures in order and gives each back, two later, with whether it begins a shot.

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
        from scenedetect.common import FrameTimecode, Timecode  # noqa: PLC0415  slow to import
        from scenedetect.detectors import AdaptiveDetector  # noqa: PLC0415

        self._timecode: Callable[[int], Any] = lambda pts: FrameTimecode(
            Timecode(pts, time_base), frame_rate
        )
        self._detector: Any = AdaptiveDetector(min_scene_len=0, window_width=_WINDOW)
        self._min_shot = Fraction(min_shot) / time_base
        self._shortest_black = _SHORTEST_BLACK / time_base
        self._ahead: deque[_Seen] = deque()
        self._behind: deque[npt.NDArray[np.uint8]] = deque(maxlen=_FLASH_REACH)
        self._last_cut: int | None = None
        self._black_since: int | None = None
        self._was_black = False
        self._was_bright = False

    def push(self, picture: Picture) -> Iterator[tuple[Picture, bool]]:
        """Take the next picture; give back at most one, and whether a shot begins with it."""
        cuts = {
            cut.pts
            for cut in self._detector.process_frame(self._timecode(picture.pts), picture.small)
        }
        self._ahead.append(_Seen(picture, black=is_black(picture)))
        for seen in self._ahead:
            seen.cut = seen.cut or seen.picture.pts in cuts
        if len(self._ahead) > _WINDOW:
            yield self._release()

    def flush(self) -> Iterator[tuple[Picture, bool]]:
        """Give back the pictures still held when there are no more."""
        while self._ahead:
            yield self._release()

    def _release(self) -> tuple[Picture, bool]:
        seen = self._ahead[0]
        begins = self._begins(seen)
        self._ahead.popleft()
        self._behind.append(seen.picture.small)
        self._was_black = seen.black
        if begins:
            self._last_cut = seen.picture.pts
        return seen.picture, begins

    def _begins(self, seen: _Seen) -> bool:
        pts = seen.picture.pts
        out_of_black = self._leaves_black(seen)
        if self._last_cut is None:
            return True
        if pts - self._last_cut < self._min_shot:
            return False
        # In black, hue is noise, and the first glimmer of a fade would be a cut.
        within_black = seen.black and self._was_black
        return out_of_black or (seen.cut and not within_black and not self._is_flash())

    def _leaves_black(self, seen: _Seen) -> bool:
        """Whether the picture is the first to be seen after a fade or a cut to black."""
        pts = seen.picture.pts
        if seen.black:
            if self._black_since is None:
                self._black_since = pts
            return False
        since, self._black_since = self._black_since, None
        was_bright, self._was_bright = self._was_bright, True
        return was_bright and since is not None and pts - since >= self._shortest_black

    def _is_flash(self) -> bool:
        """Whether some picture shortly after the proposed cut is like one shortly before it."""
        after = [seen.picture.small for seen in self._ahead]
        step = difference(self._behind[-1], after[0])
        closest = min(difference(before, later) for before in self._behind for later in after)
        return closest < _FLASH_RATIO * step


def is_black(picture: Picture) -> bool:
    """Whether there is nothing to see: dark on average, and hardly a bright spot.

    A night scene has its lights, a title on black its letters; they are not black.
    """
    if float(picture.small.mean()) >= _DARK:
        return False
    bright = np.count_nonzero(picture.small.max(axis=2) > _VISIBLE)
    height, width = picture.small.shape[:2]
    return bool(bright < _BRIGHT_SHARE * height * width)


def difference(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures of one size, 0..255."""
    import cv2  # noqa: PLC0415

    return float(cv2.absdiff(one, other).mean())
