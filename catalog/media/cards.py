"""Line-up cards and signals: ramps, checkers, zone plates, sweeps and bursts, PM5544 and its kin.

As with `catalog.media.charts`, each is told by what nothing else shows, and only if it fills
the picture: what is wrongly flagged is lost to searches.
"""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

from catalog.media.channels import colourfulness, highest, lowest

Small = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.float32]

_LEAST_SIZE = 64
# Mean difference of channels, 0..255, of a picture without colour.
_GREY = 8.0
# Columns of one shade from top to bottom vary by noise and compression. In what a lens saw, a wall
# or a sky, light falls off from one line to the next.
_STEADY, _LIT = 9.0, 5.0

# --- ramps: straight from black to white; the outer columns may be flat
_BLACK, _WHITE = 40.0, 215.0
_BENT, _OUTER = 6.0, 0.05

# --- checkers
_CONTRAST = 100.0
_LEAST_SQUARES, _MOST_SQUARES = 4, 40
_SURELY, _OFF = 0.97, 1.6

# --- zone plates: cos(k r²), its rings nearer and nearer
_RINGS, _NARROWEST = 6, 1.0
_RINGS_OFF, _ROUND, _ANGLES = 0.6, 0.2, 90

# --- sweeps and bursts: finer and finer from left to right
_LEAST_WAVES, _FINER = 8, 1.8

# --- cards: yellow, cyan, green, magenta, red, blue as bits of blue, green and red
_ORDER = (0b011, 0b110, 0b010, 0b101, 0b001, 0b100)
_BANDS = 36
_LEAST_STEPS, _LEAST_RANGE, _UNEVEN = 5, 130.0, 0.34


def is_line_up(small: Small) -> bool:
    """Whether a picture (BGR) is one of these signals or cards, and nothing else."""
    import cv2  # noqa: PLC0415  slow to import

    if min(small.shape[:2]) < _LEAST_SIZE:
        return False
    if colourfulness(small) > _GREY:
        return _is_card(small)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
    return _is_ramp(grey) or _is_burst(grey) or _is_checkered(grey) or _is_zone_plate(grey)


def _level(band: Grey) -> Grey | None:
    """The shade of each column; None where columns are not of one."""
    if np.quantile(band.std(axis=0), 0.9) > _STEADY or np.ptp(band.mean(axis=1)) > _LIT:
        return None
    return np.asarray(band.mean(axis=0), np.float32)


def _is_ramp(grey: Grey) -> bool:
    """Both halves: in some the lower one goes the other way."""
    middle, edge = len(grey) // 2, max(2, len(grey) // 40)
    return all(_ramps(half) for half in (grey[edge : middle - edge], grey[middle + edge : -edge]))


def _ramps(band: Grey) -> bool:
    level = _level(band)
    if level is None or level.min() > _BLACK or level.max() < _WHITE:
        return False
    outer = round(_OUTER * len(level))
    inner = level[outer:-outer]
    slope, begin = np.polyfit(np.arange(len(inner)), inner, 1)
    bent = np.abs(inner - (slope * np.arange(len(inner)) + begin)).max()
    return bool(bent <= _BENT and abs(slope) * len(inner) >= _WHITE - _BLACK)


def _is_burst(grey: Grey) -> bool:
    """Waves that are the same in every line, and shorter and shorter from left to right."""
    level = _level(grey)
    if level is None:
        return False
    low, high = (float(np.quantile(level, share)) for share in (0.03, 0.97))
    if high - low < _CONTRAST:
        return False
    waves = _half_waves(level - (low + high) / 2, 0.2 * (high - low))
    after = np.append(waves[1:], waves[-1:])
    gaps = waves > 1.8 * np.maximum(after, 1.5)
    waves = waves[~gaps]
    if len(waves) < _LEAST_WAVES or gaps.sum() > len(waves) / 3:
        return False
    # A wave's length is whole pixels: two together are half as wrong.
    pairs = waves[: len(waves) // 2 * 2].reshape(-1, 2).mean(axis=1)
    falls = bool((np.diff(pairs) <= 0.8).all())
    return falls and bool(pairs[0] >= _FINER * pairs[-1])


def _half_waves(away: Grey, swing: float) -> npt.NDArray[np.float64]:
    """From one turn to the other side to the next; without a bar of white and one of black."""
    places = np.flatnonzero(np.abs(away) > swing)
    turned = np.flatnonzero(np.diff(np.sign(away[places])))
    return np.diff(places[turned + 1]).astype(np.float64)[2:]


def _is_checkered(grey: Grey) -> bool:
    low, high = (float(np.quantile(grey, share)) for share in (0.1, 0.9))
    if high - low < _CONTRAST:
        return False
    near = np.minimum(np.abs(grey - low), np.abs(grey - high))
    if (near < 0.2 * (high - low)).mean() < 0.75:
        return False
    middle = (low + high) / 2
    light = grey > middle
    # Each line is like the clearest, or just the other way round.
    across = light[np.abs(grey - middle).mean(axis=1).argmax()]
    alike = (light == across).mean(axis=1)
    down = alike > 0.5
    if np.quantile(np.maximum(alike, 1 - alike), 0.1) < _SURELY:
        return False
    return _are_squares(_widths(across), _widths(down))


def _widths(sides: npt.NDArray[np.bool_]) -> list[int]:
    return [len(list(same)) for _, same in groupby(sides.tolist())]


def _are_squares(across: list[int], down: list[int]) -> bool:
    if not all(_LEAST_SQUARES <= len(of) <= _MOST_SQUARES for of in (across, down)):
        return False
    inner = np.array([*across[1:-1], *down[1:-1]], float)
    usual = float(np.median(inner))
    outer = max(across[0], across[-1], down[0], down[-1])
    return bool(np.abs(inner - usual).max() <= max(_OFF, 0.12 * usual) and outer <= usual + _OFF)


def _is_zone_plate(grey: Grey) -> bool:
    import cv2  # noqa: PLC0415

    height, width = grey.shape
    centre = ((width - 1) / 2, (height - 1) / 2)
    radius = round(min(centre)) - 1
    # Angle by half pixels from the middle.
    drawn = cv2.warpPolar(grey, (2 * radius, _ANGLES), centre, radius, cv2.INTER_LINEAR)
    polar = np.asarray(drawn, np.float32)
    profile = polar.mean(axis=0)
    if np.ptp(profile) < 1.4 * _CONTRAST:
        return False
    profile -= (profile.max() + profile.min()) / 2
    rings = np.flatnonzero(np.diff(np.sign(profile)))[: _RINGS + 1]
    if len(rings) <= _RINGS or np.diff(rings).min() < 2 * _NARROWEST:
        return False
    if not _by_squares(profile, rings):
        return False
    unlike = polar[:, : rings[-1]].std(axis=0)
    return bool(np.quantile(unlike, 0.8) < _ROUND * np.ptp(profile))


def _by_squares(profile: Grey, rings: npt.NDArray[np.int64]) -> bool:
    """Whether the squares of the rings' radii (of half pixels) grow evenly."""
    steps = profile[rings + 1] - profile[rings]
    radii = (rings - profile[rings] / steps) / 2
    number = np.arange(len(radii))
    slope, begin = np.polyfit(number, radii**2, 1)
    squares = slope * number + begin
    return bool(squares.min() > 0 and np.abs(np.sqrt(squares) - radii).max() <= _RINGS_OFF)


def _is_card(small: Small) -> bool:
    """Colour bars in their order, and even steps of grey, wherever they are: PM5544, FuBK."""
    import cv2  # noqa: PLC0415

    size = (small.shape[1], _BANDS)
    bands = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
    codes = _codes(bands)
    if not set(_ORDER) <= set(np.flatnonzero(np.bincount(codes.ravel(), minlength=8) > 4)):
        return False
    barred = [_has_order(band) for band in codes.tolist()]
    if not any(one and other for one, other in pairwise(barred)):
        return False
    stepped = [_has_steps(band.astype(np.float32)) for band in bands]
    return any(one and other for one, other in pairwise(stepped))


def _codes(bands: Small) -> npt.NDArray[np.uint8]:
    """The colour of each place, as bits; 0 where there is none to speak of."""
    brightest = highest(bands)
    coloured = (brightest > 90) & (brightest - lowest(bands) > 60)
    half = brightest // 2
    codes = np.zeros(half.shape, np.uint8)
    for channel, bit in enumerate((4, 2, 1)):
        codes |= np.where(bands[:, :, channel] > half, np.uint8(bit), np.uint8(0))
    return codes * coloured


def _has_order(codes: list[int]) -> bool:
    runs = [(code, len(list(same))) for code, same in groupby(codes)]
    runs = [(code, length) for code, length in runs if length > 2]
    for at in range(len(runs) - len(_ORDER) + 1):
        part = runs[at : at + len(_ORDER)]
        if tuple(code for code, _ in part) == _ORDER and _even([n for _, n in part[1:-1]]):
            return True
    return False


def _has_steps(band: Grey) -> bool:
    level = np.where(np.ptp(band, axis=1) < 24, band.mean(axis=1), -100)
    edges = np.flatnonzero(np.abs(np.diff(level)) > 5) + 1
    bounds = [0, *edges.tolist(), len(level)]
    runs = [(float(np.median(level[a:b])), b - a) for a, b in pairwise(bounds) if b - a > 2]
    for at in range(len(runs) - _LEAST_STEPS + 1):
        part = runs[at : at + _LEAST_STEPS]
        greys = np.array([grey for grey, _ in part])
        steps = np.diff(greys)
        one_way = (steps > 12).all() or (steps < -12).all()
        alike = np.ptp(steps) < 0.5 * np.abs(steps).mean()
        wide = greys.min() >= 0 and np.ptp(greys) >= _LEAST_RANGE
        if one_way and alike and wide and _even([n for _, n in part[1:-1]]):
            return True
    return False


def _even(widths: list[int]) -> bool:
    usual = float(np.median(widths))
    return max(abs(width - usual) for width in widths) <= max(2.0, _UNEVEN * usual)
