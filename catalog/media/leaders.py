"""Countdown leaders and slates: what tapes and reels begin with, and no editor looks for.

What is wrongly flagged is lost to searches, and what is missed is merely one
more result, so both are told only where there is no doubt. A leader is known by
its picture: grey, two rings about the middle, and hair lines through it. A
slate is any card with writing, and a title card is one too; a card is a slate
only where a slate stands, before the programme, beside bars or a leader, or
within the minutes before a whole hour at which the programme's timecode begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from catalog.domain.media import Shot
from catalog.media.channels import colourfulness

Small = npt.NDArray[np.uint8]

CARD = "card"
"""What `ShotSampler` calls a shot that would be a slate where slates stand."""
FIELD = "field"
"""The same of one colour all over: beside bars it is of the line-up, elsewhere a flash, a wall."""

# --- leaders: the picture in polar coordinates, angle by radius
_ANGLES, _RADII = 180, 96
# A film's leader has no colour to speak of (mean difference of channels, 0..255), or the one tint
# of aged or toned film: what its channels have beside a straight line from dark to light.
_GREYISH, _BESIDE_TINT = 14.0, 9.0
# A ring is brighter, or darker, than what lies inside and outside of it, nearly all the way round.
_RIDGE, _ROUND, _LEAST_RADIUS, _BESIDE = 5.0, 0.85, 0.35, 4
# There is a step at a hair line along most of its way (a digit may hide it, and the hand of the
# clock darken one side), and beside it there is none.
_STEP, _LONG, _ALONE = 8, 0.55, 0.3
_NEIGHBOURS = (-24, -16, 16, 24)
_LEAST_SIZE = 64

# --- slates: few shades (of 32), even, and lines of writing
_EVEN, _MOSTLY_EVEN = 2, 0.72
_TWO_SHADES = 0.8
_STROKE, _STROKES, _WRITTEN = 50, 5, 0.1
# --- fields of one colour: noise and compression, and no fall of light
_NOISE, _LIT = 6.0, 4.0
# So long may what stands before a programme last, and its slates wait for what follows.
_LONGEST_HEAD = Fraction(180)
_MOST_WAITING = 4
_SURE = frozenset({"bars", "leader"})
_WHERE_SLATES_STAND = {CARD: "slate", FIELD: "bars"}
# Masters start a few minutes before the hour at which the programme starts.
_FIRST_MINUTE = 55


def is_leader(small: Small) -> bool:
    """Whether a picture (BGR) is one of a countdown: a ring and hair lines about the middle.

    Grey, or of one tint.
    """
    import cv2  # noqa: PLC0415

    if min(small.shape[:2]) < _LEAST_SIZE:
        return False
    if colourfulness(small) > _GREYISH and not _is_of_one_tint(small):
        return False
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    return _hair_line(grey) and _hair_line(grey.T) and _has_ring(grey)


def _is_of_one_tint(small: Small) -> bool:
    """Whether each channel follows the others all the way from dark to light."""
    pixels = small[::4, ::4].reshape(-1, 3).astype(np.float32)
    pixels -= pixels.mean(axis=0)
    light = pixels.mean(axis=1)
    power = float(light @ light)
    if not power:
        return False
    beside = pixels - np.outer(light, light @ pixels / power)
    return bool(beside.std(axis=0).max() < _BESIDE_TINT)


def _hair_line(grey: Small) -> bool:
    """Whether a line runs through the middle from the top to the bottom, and none beside it."""
    steps = np.abs(np.diff(grey.astype(np.int16), axis=1)) > _STEP
    middle = grey.shape[1] // 2

    def share(column: int) -> float:
        return float(steps[:, column - 2 : column + 2].any(axis=1).mean())

    beside = sorted(share(middle + away) for away in _NEIGHBOURS)
    # Digits and rings cross some of the neighbours, but not all of them.
    return share(middle) > _LONG and beside[len(beside) // 2] < _ALONE


def _has_ring(grey: Small) -> bool:
    """Whether a circle is drawn about the middle."""
    import cv2  # noqa: PLC0415

    height, width = grey.shape
    centre = ((width - 1) / 2, (height - 1) / 2)
    size = (_RADII, _ANGLES)
    drawn = cv2.warpPolar(grey, size, centre, min(centre) - 1, cv2.INTER_LINEAR)
    polar = np.asarray(drawn, np.float32)[:, round(_LEAST_RADIUS * _RADII) :]
    here, inner, outer = (
        polar[:, _BESIDE:-_BESIDE],
        polar[:, : -2 * _BESIDE],
        polar[:, 2 * _BESIDE :],
    )
    return any(
        (np.minimum(sign * (here - inner), sign * (here - outer)) > _RIDGE).mean(axis=0).max()
        > _ROUND
        for sign in (1, -1)
    )


def is_card(small: Small) -> bool:
    """Whether a picture (BGR) is a graphic of few even shades with lines of writing on it."""
    import cv2  # noqa: PLC0415

    if min(small.shape[:2]) < _LEAST_SIZE:
        return False
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    steps = np.diff(grey.astype(np.int16), axis=1)
    if (np.abs(steps) <= _EVEN).mean() < _MOSTLY_EVEN:
        return False
    shades = np.sort(np.bincount((grey >> 3).ravel(), minlength=32))
    if shades[-2:].sum() < _TWO_SHADES * grey.size:
        return False
    strokes = np.minimum((steps > _STROKE).sum(axis=1), (steps < -_STROKE).sum(axis=1))
    return bool((strokes >= _STROKES).mean() >= _WRITTEN)


def is_field(small: Small) -> bool:
    """Whether a picture (BGR) is of one colour from edge to edge."""
    import cv2  # noqa: PLC0415

    if min(small.shape[:2]) < _LEAST_SIZE:
        return False
    if cv2.meanStdDev(small)[1].max() > _NOISE:
        return False
    down, across = (small.mean(axis=axis) for axis in (1, 0))
    return bool(np.ptp(down, axis=0).max() <= _LIT and np.ptp(across, axis=0).max() <= _LIT)


def slates_told(shots: Iterable[Shot], time_base: Fraction, timecode: str | None) -> Iterator[Shot]:
    """The shots, in their order, with cards called slates where slates stand, and else nothing.

    A field of one colour is called bars there: it is of the line-up too. A card
    waits for what follows while nothing but black and cards has gone
    before; no more than a few shots are held.
    """
    head, programme = True, _before_programme(timecode)
    sure = False
    waiting: deque[Shot] = deque()
    for shot in shots:
        late = shot.start_pts * time_base > _LONGEST_HEAD or len(waiting) >= _MOST_WAITING
        head = head and shot.flag is not None and not late
        sure = head and (sure or shot.flag in _SURE)
        before = programme is not None and shot.end_pts * time_base <= programme
        waiting.append(shot)
        if head and not sure and not before:
            continue
        while waiting:
            yield _named(waiting.popleft(), slate=head)
    while waiting:
        yield _named(waiting.popleft(), slate=False)


def _named(shot: Shot, *, slate: bool) -> Shot:
    if shot.flag not in _WHERE_SLATES_STAND:
        return shot
    return replace(shot, flag=_WHERE_SLATES_STAND[shot.flag] if slate else None)


def _before_programme(timecode: str | None) -> Fraction | None:
    """Seconds until the whole hour at which the programme starts, of a master's timecode."""
    if timecode is None:
        return None
    _, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
    # A camera's time of day begins at any second and any picture.
    if minutes < _FIRST_MINUTE or frames or seconds % 5:
        return None
    return Fraction(3600 - 60 * minutes - seconds) + 1
