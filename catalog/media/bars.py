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
# Most of a column is of a bar's colour but for noise and compression. An ident or a clock may cover
# the rest, but in no line all of the bars.
_STEADY, _STEADY_SHARE, _MOST_OF_COLUMN, _LEAST_OF_LINE = 18.0, 0.85, 0.55, 0.2
# Lines this dark above and below are a frame around the bars, if they leave so much of the height.
_FRAME, _WITHIN_FRAME = 32, 0.6
# As many lines of a part are looked at.
_LINES = 24
_FEW = 48
# Bars are as wide as each other, give or take; the outer two may run into grey pillars.
_UNEVEN, _LEAST_WIDTH = 0.3, 0.06
_LEAST_WHITE = 120.0


def is_bars(small: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture (BGR) shows EBU or SMPTE colour bars, sharply enough to be sure.

    Seven even columns in the one order of colours that the standards give, over more than half of
    the height; or over half of it, and below them columns of one colour each. A box with an ident
    or a clock may lie over them.
    """
    small = _unframed(small)
    if _are_ordered(_band(small, _BARS)):
        return True
    return _are_ordered(_band(small, _UPPER)) and _is_steady(_band(small, _LOWER))


def _unframed(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture without black above and below it."""
    seen = np.flatnonzero(small[:, :: max(1, small.shape[1] // 16)].max((1, 2)) > _FRAME)
    if not len(seen) or seen[-1] - seen[0] < _WITHIN_FRAME * len(small):
        return small
    return small[seen[0] : seen[-1] + 1]


def _band(small: npt.NDArray[np.uint8], part: tuple[float, float]) -> npt.NDArray[np.uint8]:
    top, bottom = (round(share * len(small)) for share in part)
    return small[top : bottom : max(1, (bottom - top) // _LINES)]


def _are_ordered(band: npt.NDArray[np.uint8]) -> bool:
    width = band.shape[1]
    if band.shape[0] < len(_ORDER) or width < 4 * len(_ORDER):
        return False
    # Most pictures are ruled out by a few of their columns.
    if _codes(band[::2, :: max(1, width // _FEW)]) is None:
        return False
    codes = _codes(band)
    if codes is None:
        return False
    # Where two bars meet, a column or two may be of either's colour, or of a third.
    runs = [(int(code), list(same)) for code, same in groupby(range(width), codes.__getitem__)]
    runs = [(code, columns) for code, columns in runs if len(columns) > _LEAST_WIDTH * width / 3]
    names = [code for code, _ in runs]
    for at in range(len(names) - len(_ORDER) + 1):
        if tuple(names[at : at + len(_ORDER)]) == _ORDER:
            bars = [columns for _, columns in runs[at : at + len(_ORDER)]]
            inner = np.array([len(columns) for columns in bars[1:-1]])
            usual = float(np.median(inner))
            even = np.abs(inner - usual).max() <= _UNEVEN * usual
            if not even or usual < _LEAST_WIDTH * width:
                return False
            return _is_steady(band) and _is_in_every_line(band[:, bars[0][0] : bars[-1][-1] + 1])
    return False


def _codes(band: npt.NDArray[np.uint8]) -> list[int] | None:
    """The colours of columns, as `_ORDER` has them; None if one of its colours is missing."""
    middle = np.partition(band, len(band) // 2, axis=0)[len(band) // 2]
    if middle.max() < _LEAST_WHITE:
        return None
    codes: list[int] = ((middle > 0.5 * middle.max()) @ np.array([4, 2, 1])).tolist()
    return codes if _COLOURS.issubset(codes) else None


def _is_steady(band: npt.NDArray[np.uint8]) -> bool:
    """Whether nearly every column is of one colour from top to bottom, but for what lies over it.

    Slow, so asked last.
    """
    columns = _same_below(band).mean(axis=0) >= _MOST_OF_COLUMN
    return bool(columns.mean() >= _STEADY_SHARE)


def _is_in_every_line(bars: npt.NDArray[np.uint8]) -> bool:
    return bool(_same_below(bars).mean(axis=1).min() >= _LEAST_OF_LINE)


def _same_below(band: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which pixels are of their column's colour."""
    apart = np.abs(band.astype(np.float32) - np.median(band, axis=0)).max(axis=2)
    return np.asarray(apart < _STEADY, np.bool_)
