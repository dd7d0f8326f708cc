"""Places on the earth, as cameras write them: ISO 6709, XMP's angles, plain numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

# As much as one sign and one number of degrees, of degrees and minutes, or of seconds too.
_ISO_6709 = re.compile(
    r"\s*([+-])(\d{1,7})(\.\d{1,12})?([+-])(\d{1,7})(\.\d{1,12})?(?:([+-]\d{1,6}(?:\.\d{1,9})?))?"
)
_XMP_ANGLE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,9})?))?([NSEW])")
_LOWEST, _HIGHEST = -12_000.0, 100_000.0  # metres: the deepest sea, the edge of space


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees, north and east positive, and metres above the sea where they are known."""

    latitude: float
    longitude: float
    altitude: float | None = None


def place(latitude: float, longitude: float, altitude: float | None = None) -> Place | None:
    """The place; None if it is none on earth, or the zero that a receiver without a fix writes."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):  # not so for NaN either
        return None
    if not latitude and not longitude:
        return None
    if altitude is not None and not _LOWEST <= altitude <= _HIGHEST:
        altitude = None
    # Seven digits are a centimetre.
    return Place(
        round(latitude, 7), round(longitude, 7), None if altitude is None else round(altitude, 2)
    )


def parse_iso6709(text: str) -> Place | None:
    """A place such as ``+51.5334-000.1255+026.756/`` (ISO 6709 annex H); None if it is none."""
    found = _ISO_6709.match(text)
    if found is None:
        return None
    south, north_digits, north_rest, west, east_digits, east_rest, height = found.groups()
    return place(
        _angle(south, north_digits, north_rest, widest=2),
        _angle(west, east_digits, east_rest, widest=3),
        float(height) if height else None,
    )


def _angle(sign: str, digits: str, rest: str | None, *, widest: int) -> float:
    """Degrees of DD, DDMM or DDMMSS; the number of digits tells which."""
    fraction = float(rest or 0)
    if len(digits) <= widest:
        angle = int(digits) + fraction
    elif len(digits) <= widest + 2:
        angle = int(digits[:-2]) + (int(digits[-2:]) + fraction) / 60
    else:
        angle = int(digits[:-4]) + int(digits[-4:-2]) / 60 + (int(digits[-2:]) + fraction) / 3600
    return -angle if sign == "-" else angle


def parse_xmp_angle(text: str) -> float | None:
    """Degrees of XMP's ``51,32.004N`` or ``51,32,0.2N``; None if it is none."""
    found = _XMP_ANGLE.fullmatch(text.strip().upper())
    if found is None:
        return None
    angle = int(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
    return -angle if found[4] in "SW" else angle
