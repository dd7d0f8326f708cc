"""Test charts of which there is no doubt: grey in steps, and a crosshatch with nothing in it.

Both are told by being nothing else: what is wrongly flagged is lost to searches. Charts that hold
letters, clocks, circles or pictures are too like what somebody looks for.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from catalog.media.channels import colourfulness

Small = npt.NDArray[np.uint8]

# Mean difference of channels, 0..255, of a picture without colour.
_GREY = 8.0
_LEAST_SIZE = 64

# --- steps: bars of one grey each, as wide as each other, from dark to light or back
_HALVES = ((0.05, 0.45), (0.55, 0.95))
_LEAST_STEPS, _MOST_STEPS = 5, 24
_EDGE, _FLAT, _LEAST_STEP, _LEAST_RANGE = 4.0, 2.5, 6.0, 130.0
_STEADY = 9.0
_COVERED, _UNEVEN = 0.85, 0.3

# --- crosshatch: lines through the whole picture, one way and the other
_LEAST_LINES, _MOST_LINES = 5, 40
_CONTRAST, _BLANK = 15.0, 8.0
_OFF = 1.6  # pixels that a line may be off


def is_chart(small: Small) -> bool:
    """Whether a picture (BGR) shows grey steps, or an empty crosshatch, and nothing else."""
    import cv2  # noqa: PLC0415  slow to import

    if min(small.shape[:2]) < _LEAST_SIZE:
        return False
    if colourfulness(small) > _GREY:
        return False
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
    return _is_stepped(grey) or _is_crosshatch(grey)


def _is_stepped(grey: npt.NDArray[np.float32]) -> bool:
    """Both halves: in many charts the lower one goes the other way."""
    height = len(grey)
    return all(_steps(grey[round(a * height) : round(b * height)]) for a, b in _HALVES)


def _steps(band: npt.NDArray[np.float32]) -> bool:
    if np.quantile(band.std(axis=0), 0.9) > _STEADY:
        return False
    level = band.mean(axis=0)
    edges = np.flatnonzero(np.abs(np.diff(level)) > _EDGE)
    bounds = [0, *(edges + 1).tolist(), len(level)]
    # Where two steps meet, a column or two are between them.
    runs = [(a, b) for a, b in pairwise(bounds) if b - a > len(level) / 64]
    if not _LEAST_STEPS <= len(runs) <= _MOST_STEPS:
        return False
    widths = np.array([b - a for a, b in runs])
    usual = float(np.median(widths))
    even = np.abs(widths - usual).max() <= max(2.0, _UNEVEN * usual)
    flat = all(float(np.ptp(level[a + 1 : b - 1])) <= 2 * _FLAT for a, b in runs if b - a > 2)
    greys = np.array([float(np.median(level[a:b])) for a, b in runs])
    steps = np.diff(greys)
    one_way = bool((steps > _LEAST_STEP).all() or (steps < -_LEAST_STEP).all())
    whole = widths.sum() >= _COVERED * len(level)
    return bool(even and flat and one_way and whole and np.ptp(greys) >= _LEAST_RANGE)


def _is_crosshatch(grey: npt.NDArray[np.float32]) -> bool:
    ground = float(np.median(grey))
    across, down = (_lines(grey.mean(axis=axis) - ground) for axis in (1, 0))
    if across is None or down is None:
        return False
    # Beside the lines there is nothing, and along each there is nothing but the line.
    blank = grey[~_near(across, len(grey))][:, ~_near(down, grey.shape[1])]
    if not blank.size or float(blank.std()) > _BLANK:
        return False
    lines = (
        grey[across][:, ~_near(down, grey.shape[1])],
        grey[:, down][~_near(across, len(grey))].T,
    )
    return all(float(line.std(axis=1).max()) <= 2 * _BLANK for line in lines)


def _lines(profile: npt.NDArray[np.float32]) -> list[int] | None:
    """Where lines run, evenly spaced; None where there are too few, too many, or others too."""
    strength = np.abs(profile)
    if strength.max() < _CONTRAST:
        return None
    places = np.flatnonzero(strength > 0.4 * strength.max())
    groups = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    inner = [
        g for g in groups if g[0] > 1 and g[-1] < len(profile) - 2
    ]  # frames are often drawn too
    if not _LEAST_LINES <= len(inner) <= _MOST_LINES or max(map(len, inner)) > 4:
        return None
    middles = np.array([float(g.mean()) for g in inner])
    apart = np.diff(middles)
    if apart.min() < 4 or np.abs(apart - np.median(apart)).max() > _OFF:
        return None
    return [int(g[np.argmax(strength[g])]) for g in inner]


def _near(places: list[int], length: int) -> npt.NDArray[np.bool_]:
    """What lies on a line, beside one, or at the picture's edge."""
    near = np.zeros(length, dtype=bool)
    for place in places:
        near[max(0, place - 3) : place + 4] = True
    near[:3] = near[-3:] = True
    return near
