"""Which pictures of a shot are kept, and what time each stands for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from catalog.domain.media import SampledFrame, SamplingPolicy
from catalog.media.bars import is_bars
from catalog.media.cards import is_line_up
from catalog.media.charts import is_chart
from catalog.media.leaders import CARD, FIELD, is_card, is_field, is_leader
from catalog.media.pictures import encode_jpeg
from catalog.media.shots import is_black
from catalog.media.transitions import HORIZON, Transition
from catalog.media.views import Picture, RgbPicture

if TYPE_CHECKING:
    StorePicture = Callable[[int, bytes], str]

# A shot's first picture is chosen from this many seconds: transitions and focus settle in it.
_OPENING = Fraction(1, 2)
# Of telecined film no more than two pictures in turn are woven of two.
_REACH = 3
_THUMB = 64
_TILE = 8
# These add up what lies in one tile: lines, and columns of three channels.
_ROWS = np.repeat(np.eye(_THUMB // _TILE, dtype=np.float32), _TILE, axis=1)
_COLUMNS = np.repeat(np.eye(_THUMB // _TILE, dtype=np.float32), 3 * _TILE, axis=0)
# A small thing that appears changes few pixels, but those of its tile a lot.
_TILE_RATIO = 5.0


@dataclass(slots=True)
class _Kept:
    """A kept picture; its JPEG until it is stored, its key from then on.

    ``small`` is what its flag will be told by, until somebody asks for it or nobody will.
    """

    pts: int
    width: int
    height: int
    jpeg: bytes | None
    small: RgbPicture | None
    flag: str | None = None
    key: str = ""
    collapsed: int = 0

    def told(self) -> str | None:
        """Its flag. It takes as long to say as to decode several pictures."""
        if self.small is not None:
            self.flag, self.small = _flag(self.small), None
        return self.flag


@dataclass(frozen=True, slots=True)
class Sampled:
    """The frames of a closed shot, and the flag that all of its pictures bear, if they do."""

    frames: tuple[SampledFrame, ...]
    flag: str | None


class ShotSampler:
    """Samples one shot after another; memory does not grow with a shot that does not change.

    The opening half second gives its sharpest picture. From then on a picture
    is a candidate every ``policy.interval`` seconds, and is kept if it is not
    nearly the one kept last: on average, and in every one of 8 by 8 tiles.
    Black pictures are kept only where a shot has no other. Nothing is stored
    before it is certain that it does not lie within a transition.

    Parameters
    ----------
    policy:
        Interval and similarity.
    time_base:
        Seconds per unit of pts.
    store:
        Keeps a picture's JPEG under its pts and returns its key.
    """

    def __init__(
        self, policy: SamplingPolicy, time_base: Fraction, store: Callable[[int, bytes], str]
    ) -> None:
        self._interval = max(Fraction(1), Fraction(policy.interval) / time_base)
        self._opening = math.ceil(min(_OPENING / time_base, self._interval))
        self._similarity = policy.similarity
        self._store = store
        self._horizon = math.floor(HORIZON / time_base)
        self._latest: Picture | None = None
        self._begin_shot(0)

    def _begin_shot(self, start: int) -> None:
        self._start = start
        # A whole number: every picture's time is compared with it.
        self._due = math.ceil(start + self._interval)
        self._kept: list[_Kept] = []
        self._settled, self._unflagged = 0, False
        self._thumb: RgbPicture | None = None
        self._best: Picture | None = None
        self._best_score: tuple[bool, bool, bool, float] = (False, False, False, -1.0)
        self._combed_in_turn = 0

    @property
    def kept(self) -> int:
        """How many pictures of the present shot were kept so far."""
        return len(self._kept)

    def is_due(self, picture: Picture) -> bool:
        """Whether the picture would be a candidate."""
        return picture.pts >= self._due

    def add(self, picture: Picture) -> None:
        """Look at the next picture of the present shot."""
        self._latest = picture
        self._settle(picture.pts - self._horizon)
        if picture.pts - self._start < self._opening:
            self._consider(picture)
            return
        self._end_opening()
        if picture.pts < self._due or is_black(picture):
            return
        if self._waits_for_whole(picture):
            return
        passed = (picture.pts - self._start) // self._interval
        self._due = math.ceil(self._start + (passed + 1) * self._interval)
        self._candidate(picture)

    def finish(self, end: int) -> Sampled:
        """Close the present shot at ``end``, where the next begins; at least one frame."""
        chosen = self._best or self._latest
        if chosen is not None and not self._kept:
            self._keep(chosen)
        sampled = self._sampled(self._kept, end)
        self._begin_shot(end)
        return sampled

    def split(self, transition: Transition) -> Sampled | None:
        """Close the present shot within a transition that lies behind, and go on with the next.

        Pictures kept from within the transition, blends of both shots, are let go where there
        are others. None, and nothing changes, if the first of the shots would have no picture.
        """
        if self._best is not None and not self._kept:
            self._keep(self._best)
        early = [kept for kept in self._kept if kept.pts < transition.cut]
        if not early:
            return None
        late = [kept for kept in self._kept if kept.pts >= transition.end]
        sampled = self._sampled(
            [kept for kept in early if kept.pts <= transition.start] or early[:1], transition.cut
        )
        due, thumb = self._due, self._thumb
        self._begin_shot(transition.cut)
        self._kept = late
        self._due, self._thumb = (due, thumb) if late else (transition.end, None)
        return sampled

    def _sampled(self, chosen: list[_Kept], end: int) -> Sampled:
        """What was kept, each standing for the time until the next."""
        starts = [self._start, *(kept.pts for kept in chosen[1:])]
        ends = [*starts[1:], end]
        frames = tuple(
            SampledFrame(
                pts=kept.pts,
                start_pts=start,
                end_pts=stop,
                picture=self._stored(kept),
                width=kept.width,
                height=kept.height,
                collapsed=kept.collapsed,
            )
            for kept, start, stop in zip(chosen, starts, ends, strict=True)
        )
        flag = chosen[0].told()
        alike = flag is not None and all(kept.told() == flag for kept in chosen[1:])
        return Sampled(frames, flag if alike else None)

    def _settle(self, before: int) -> None:
        """Store what no transition can reach back to any more."""
        while self._settled < len(self._kept) and self._kept[self._settled].pts < before:
            kept = self._kept[self._settled]
            self._stored(kept)
            if self._unflagged:
                # The shot bears none, whatever this one shows.
                kept.small = None
            self._unflagged |= kept.told() is None
            self._settled += 1

    def _stored(self, kept: _Kept) -> str:
        if kept.jpeg is not None:
            kept.key, kept.jpeg = self._store(kept.pts, kept.jpeg), None
        return kept.key

    def _waits_for_whole(self, picture: Picture) -> bool:
        """Whether one of the next pictures, which is not woven of two moments, is better."""
        if self._combed_in_turn < _REACH and picture.combed():
            self._combed_in_turn += 1
            return True
        self._combed_in_turn = 0
        return False

    def _consider(self, picture: Picture) -> None:
        """Remember the best of the opening: not black, not combed, not the very first, sharpest."""
        seen, sharp = not is_black(picture), _sharpness(picture)
        late = picture.pts > self._start
        # Whether it is combed takes longest to say, so it is asked of those alone that may win.
        if (seen, True, late, sharp) <= self._best_score:
            return
        score = (seen, not picture.combed(), late, sharp)
        if score > self._best_score:
            self._best, self._best_score = picture, score

    def _end_opening(self) -> None:
        if self._best is not None and not self._kept and self._best_score[0]:
            self._keep(self._best)

    def _candidate(self, picture: Picture) -> None:
        thumb = _thumb(picture)
        if self._thumb is not None and self._alike(self._thumb, thumb):
            self._kept[-1].collapsed += 1
        else:
            self._keep(picture, thumb)

    def _keep(self, picture: Picture, thumb: RgbPicture | None = None) -> None:
        rgb = picture.render()
        height, width = rgb.shape[:2]
        kept = _Kept(picture.pts, width, height, encode_jpeg(rgb), picture.small)
        if is_black(picture):
            kept.flag, kept.small = "black", None
        self._kept.append(kept)
        self._thumb = _thumb(picture) if thumb is None else thumb
        self._best = None

    def _alike(self, one: RgbPicture, other: RgbPicture) -> bool:
        import cv2  # noqa: PLC0415  slow to import

        # Sums of whole numbers below 2**24, which floats of 32 bits hold.
        apart = cv2.absdiff(one, other).reshape(_THUMB, -1).astype(np.float32)
        tiles = _ROWS @ apart @ _COLUMNS
        return bool(
            float(tiles.sum()) / one.size < self._similarity
            and float(tiles.max()) * tiles.size / one.size < _TILE_RATIO * self._similarity
        )


def _flag(small: RgbPicture) -> str | None:
    """What a picture that is not black is flagged as."""
    if is_bars(small) or is_chart(small) or is_line_up(small):
        return "bars"
    if is_leader(small):
        return "leader"
    if is_field(small):
        return FIELD
    return CARD if is_card(small) else None


def _thumb(picture: Picture) -> RgbPicture:
    """The picture squeezed to 64 by 64."""
    import cv2  # noqa: PLC0415

    squeezed = cv2.resize(picture.small, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
    return np.asarray(squeezed, np.uint8)


def _sharpness(picture: Picture) -> float:
    """Variance of the Laplacian: high where there are fine edges, low in blurs and dissolves."""
    import cv2  # noqa: PLC0415

    grey = cv2.cvtColor(picture.small, cv2.COLOR_BGR2GRAY)
    return float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1][0, 0]) ** 2
