"""Colour bars: what tape and tone begin with, and no editor looks for."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import numpy.typing as npt

# White, yellow, cyan, green, magenta, red, blue, as bits of blue, green and red: the order of
# EBU's (BT.471, 100/0/75/0 and its kin) and SMPTE's bars (EG 1, RP 219) from left to right.
_ORDER = (0b111, 0b011, 0b110, 0b010, 0b101, 0b001, 0b100)
_COLOURS = frozenset(_ORDER)
# EG 1 has the bars in its upper two thirds, RP 219 in seven twelfths.
_BARS = (0.08, 0.55)
# Split fields have them above one colour, greys, or the same bars the other way round.
_UPPER, _LOWER = (0.06, 0.45), (0.55, 0.94)
# A column of a bar varies by no more than noise and compression make it.
_STEADY, _STEADY_SHARE = 9.0, 0.85
# Bars are as wide as each other, give or take; the outer two may run into grey pillars.
_UNEVEN, _LEAST_WIDTH = 0.3, 0.06
_LEAST_WHITE = 120.0


def is_bars(small: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture (BGR) shows EBU or SMPTE colour bars, sharply enough to be sure.

    Seven even columns in the one order of colours that the standards give, over more than half of
    the height; or over half of it, and below them columns of one colour each.
    """
    if _are_ordered(_band(small, _BARS)):
        return True
    return _are_ordered(_band(small, _UPPER)) and _is_steady(_band(small, _LOWER))


def _band(small: npt.NDArray[np.uint8], part: tuple[float, float]) -> npt.NDArray[np.uint8]:
    top, bottom = (round(share * len(small)) for share in part)
    return small[top:bottom]


def _are_ordered(band: npt.NDArray[np.uint8]) -> bool:
    import cv2  # noqa: PLC0415  slow to import

    width = band.shape[1]
    if band.shape[0] < len(_ORDER) or width < 4 * len(_ORDER):
        return False
    colours = np.asarray(cv2.reduce(band, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F))[0]
    if colours.max() < _LEAST_WHITE:
        return False
    codes = (colours > 0.5 * colours.max()) @ np.array([4, 2, 1])
    if not _COLOURS.issubset(codes.tolist()):
        return False
    # Where two bars meet, a column or two may be of either's colour, or of a third.
    runs = [(int(code), len(list(same))) for code, same in groupby(codes)]
    runs = [(code, length) for code, length in runs if length > _LEAST_WIDTH * width / 3]
    names = [code for code, _ in runs]
    for at in range(len(names) - len(_ORDER) + 1):
        if tuple(names[at : at + len(_ORDER)]) == _ORDER:
            inner = np.array([length for _, length in runs[at + 1 : at + len(_ORDER) - 1]])
            usual = float(np.median(inner))
            even = np.abs(inner - usual).max() <= _UNEVEN * usual
            return bool(even and usual >= _LEAST_WIDTH * width and _is_steady(band))
    return False


def _is_steady(band: npt.NDArray[np.uint8]) -> bool:
    """Whether nearly every column is of one colour from top to bottom; slow, so asked last."""
    spread = band.astype(np.float32).std(axis=0).max(axis=1)
    return bool((spread < _STEADY).mean() >= _STEADY_SHARE)
