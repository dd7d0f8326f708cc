"""Colour spaces by their primaries, and the way from each to BT.709's.

The matrices are computed from chromaticities (SMPTE RP 177), white adapted by Bradford's method
where it is not D65.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Chromaticities = tuple[float, float, float, float, float, float, float, float]
"""CIE 1931 x and y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
BT709: Chromaticities = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)

GAMUTS: dict[str, Chromaticities] = {
    "bt709": BT709,
    "bt2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    # Sony, technical summary for S-Gamut3.Cine/S-Log3 and S-Gamut3/S-Log3
    "s-gamut3": (0.730, 0.280, 0.140, 0.855, 0.100, -0.050, *_D65),
    "s-gamut3.cine": (0.766, 0.275, 0.225, 0.800, 0.089, -0.087, *_D65),
    # ARRI, ALEXA Log C curve; ARRI LogC4 specification
    "arri wide gamut 3": (0.6840, 0.3130, 0.2210, 0.8480, 0.0861, -0.1020, *_D65),
    "arri wide gamut 4": (0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, *_D65),
    # Panasonic, V-Log/V-Gamut reference manual
    "v-gamut": (0.730, 0.280, 0.165, 0.840, 0.100, -0.030, *_D65),
    # Canon, Canon Log gamma curves
    "cinema gamut": (0.740, 0.270, 0.170, 1.140, 0.080, -0.100, *_D65),
}

_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_LEAST_Y = 1e-4


@lru_cache(maxsize=32)
def to_bt709(gamut: Chromaticities) -> Matrix:
    """The matrix that takes light of these primaries, as columns, to BT.709's.

    Raises
    ------
    ValueError
        If they span no colours: a lying header's.
    """
    wide, ours = _to_xyz(gamut), _to_xyz(BT709)
    found: Matrix = np.linalg.inv(ours) @ _adapted(gamut[6:]) @ wide
    return found


def _xyz(x: float, y: float) -> Matrix:
    # Camera gamuts have primaries that are no colours, with a y below zero; none has one of zero.
    if not (np.isfinite(x) and np.isfinite(y)) or abs(y) < _LEAST_Y or max(abs(x), abs(y)) > 10:
        raise ValueError(f"({x}, {y}) is no chromaticity")
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(gamut: Chromaticities) -> Matrix:
    red, green, blue, white = (_xyz(*gamut[at : at + 2]) for at in (0, 2, 4, 6))
    primaries = np.stack([red, green, blue], axis=1)
    if abs(np.linalg.det(primaries)) < _LEAST_Y:
        raise ValueError("the primaries lie on a line")
    found: Matrix = primaries * np.linalg.solve(primaries, white)
    return found


def _adapted(white: tuple[float, ...]) -> Matrix:
    ours, theirs = _BRADFORD @ _xyz(*_D65), _BRADFORD @ _xyz(*white[:2])
    if min(abs(theirs)) < _LEAST_Y:
        raise ValueError("the white is none")
    found: Matrix = np.linalg.inv(_BRADFORD) @ np.diag(ours / theirs) @ _BRADFORD
    return found
