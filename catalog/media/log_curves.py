"""Camera log curves and film scans' densities: from coded values to the light of the scene.

Each function takes what a decoder gives, expanded to 0 to 1, and gives light in which 0.18 is
a grey card and 1 a white sheet of paper. Makers define most curves by code values over 1023,
black at 64 or above; a decoder that expands the video's range puts code 64 at 0 and code 940 at 1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.media.gamuts import BT709, GAMUTS, Chromaticities

Light = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogCurve:
    """How a picture is coded: ``curve`` is a key of `CURVES`; ``gamut`` its primaries.

    ``full`` says that coded values span the whole range, as those of DPX do.
    """

    curve: str
    gamut: Chromaticities = BT709
    full: bool = False

    def light(self, coded: Light) -> Light:
        """The scene's light, still in the camera's own primaries: only the curve is undone."""
        by_codes, curve = CURVES[self.curve]
        if by_codes and not self.full:
            coded = (64 + 876 * coded) / 1023
        return curve(coded)


def _s_log3(x: Light) -> Light:
    """Sony, technical summary for S-Gamut3.Cine/S-Log3."""
    codes = x * 1023
    bright = 10 ** ((codes - 420) / 261.5) * 0.19 - 0.01
    return np.where(codes >= 171.2102946929, bright, (codes - 95) * 0.01125 / 76.2102946929)


def _log_c3(x: Light) -> Light:
    """ARRI, ALEXA Log C curve: usage in VFX; at exposure index 800."""
    bright = (10 ** ((x - 0.385537) / 0.247190) - 0.052272) / 5.555556
    return np.where(x > 5.367655 * 0.010591 + 0.092809, bright, (x - 0.092809) / 5.367655)


def _log_c4(x: Light) -> Light:
    """ARRI LogC4 specification."""
    a, b, c = (2**18 - 16) / 117.45, (1023 - 95) / 1023, 95 / 1023
    slope = 7 * np.log(2) * 2 ** (7 - 14 * c / b) / (a * b)
    foot = (2 ** (14 * (-c / b) + 6) - 64) / a
    bright = (2 ** (14 * (x - c) / b + 6) - 64) / a
    return np.where(x >= 0, bright, x * slope + foot)


def _v_log(x: Light) -> Light:
    """Panasonic, V-Log/V-Gamut reference manual."""
    return np.where(x < 0.181, (x - 0.125) / 5.6, 10 ** ((x - 0.598206) / 0.241514) - 0.00873)


def _canon(foot: float, slope: float, gain: float) -> Callable[[Light], Light]:
    """Canon Log and Canon Log 2, which are one formula with other numbers."""

    def curve(x: Light) -> Light:
        above = np.abs(x - foot)
        return np.sign(x - foot) * 0.9 * (10 ** (above / slope) - 1) / gain

    return curve


def _canon_log3(x: Light) -> Light:
    """Canon Log 3, with its straight piece about black."""
    dark = -(10 ** ((0.12783901 - x) / 0.36726845) - 1) / 14.98325
    bright = (10 ** ((x - 0.12240537) / 0.36726845) - 1) / 14.98325
    middle = (x - 0.12512219) / 1.9754798
    return 0.9 * np.where(x < 0.097465473, dark, np.where(x <= 0.15277891, middle, bright))


def _cineon(x: Light) -> Light:
    """Kodak's Cineon: printing densities, 0.002 a step, black at 95, white at 685 of 1023."""
    black = 10 ** ((95 - 685) * 0.002 / 0.6)
    return (10 ** ((x * 1023 - 685) * 0.002 / 0.6) - black) / (1 - black)


CURVES: dict[str, tuple[bool, Callable[[Light], Light]]] = {
    "s-log3": (True, _s_log3),
    "logc3": (False, _log_c3),
    "logc4": (False, _log_c4),
    "v-log": (True, _v_log),
    "c-log": (True, _canon(0.0730597, 0.529136, 10.1596)),
    "c-log2": (True, _canon(0.092864125, 0.24136077, 87.099375)),
    "c-log3": (True, _canon_log3),
    "cineon": (True, _cineon),
}
"""By name: whether the curve is of code values over 1023, and the way back to light."""

# What cameras call them, without marks and spaces; the longest name that fits is meant.
_CALLED = {
    "slog3": ("s-log3", "s-gamut3"),
    "slog3cine": ("s-log3", "s-gamut3.cine"),
    "logc": ("logc3", "arri wide gamut 3"),
    "logc3": ("logc3", "arri wide gamut 3"),
    "arrilogc3": ("logc3", "arri wide gamut 3"),
    "logc4": ("logc4", "arri wide gamut 4"),
    "arrilogc4": ("logc4", "arri wide gamut 4"),
    "vlog": ("v-log", "v-gamut"),
    "clog": ("c-log", "bt709"),
    "canonlog": ("c-log", "bt709"),
    "clog2": ("c-log2", "cinema gamut"),
    "canonlog2": ("c-log2", "cinema gamut"),
    "clog3": ("c-log3", "cinema gamut"),
    "canonlog3": ("c-log3", "cinema gamut"),
}
_GAMUTS_CALLED = {
    "sgamut3": "s-gamut3",
    "sgamut3cine": "s-gamut3.cine",
    "awg3": "arri wide gamut 3",
    "awg4": "arri wide gamut 4",
    "vgamut": "v-gamut",
    "cinemagamut": "cinema gamut",
    "bt709": "bt709",
    "rec709": "bt709",
    "bt2020": "bt2020",
    "rec2020": "bt2020",
}
_GAMMA_KEY = re.compile(r"gamma|transfer|logcurve", re.IGNORECASE)
_GAMUT_KEY = re.compile(r"gamut|primaries|colou?rspace", re.IGNORECASE)
_MOST_DEEP = 8


def named_log(said: Mapping[str, Any]) -> dict[str, str]:
    """The log curve that metadata names, as ``{"curve", "gamut", "named"}``; empty if none.

    Only a value whose *key* speaks of gamma counts, and only a name that is one: a title
    such as "V-Log tests" is none. Pixels are never asked.
    """
    gammas, gamuts = [], []
    for key, value in _leaves(said):
        if _GAMMA_KEY.search(key):
            gammas.append(value)
        elif _GAMUT_KEY.search(key):
            gamuts.append(value)
    for value in gammas:
        if (found := _CALLED.get(_plain(value))) is not None:
            curve, usual = found
            gamut = next(filter(None, (_GAMUTS_CALLED.get(_plain(each)) for each in gamuts)), usual)
            return {"curve": curve, "gamut": gamut, "named": value[:100]}
    return {}


def log_curve(noted: Any) -> LogCurve | None:  # noqa: ANN401  # a value of metadata
    """The curve noted in an asset's ``metadata["log"]``; None if there is none known here."""
    if not isinstance(noted, Mapping) or str(noted.get("curve")) not in CURVES:
        return None
    gamut = GAMUTS.get(str(noted.get("gamut")), BT709)
    return LogCurve(str(noted["curve"]), gamut, full=noted["curve"] == "cineon")


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]", "", value.casefold())


def _leaves(said: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """Every text of nested metadata under its key; a value beside a name under that name."""
    if isinstance(said, str):
        yield key, said
    elif depth < _MOST_DEEP and isinstance(said, Mapping):
        name, value = said.get("name"), said.get("value")
        if isinstance(name, str) and isinstance(value, str):
            yield name, value
        for inner, each in said.items():
            yield from _leaves(each, str(inner), depth + 1)
    elif depth < _MOST_DEEP and isinstance(said, list | tuple):
        for each in said:
            yield from _leaves(each, key, depth + 1)
