"""Circles on the earth: read from a filter's text, and spelled again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from catalog.domain.query.mistakes import SpellingError
from catalog.domain.query.nodes import Circle

_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,9})?")
_RADIUS = re.compile(r"([0-9]{1,8}(?:\.[0-9]{1,6})?)(km|m|mi)?", re.IGNORECASE)
_METRES = {"km": Decimal(1000), "m": Decimal(1), "mi": Decimal("1609.344")}
_USUAL_RADIUS = 1000.0  # a village, a stadium, a mountain
_FARTHEST = 20_040_000  # metres: half way round


def read_circle(texts: Sequence[str]) -> Circle:
    """Latitude, longitude and, after another comma, a radius; raises :class:`SpellingError`."""
    if len(texts) not in (2, 3):
        raise SpellingError
    latitude, longitude = _read_degrees(texts[0], 90), _read_degrees(texts[1], 180)
    return Circle(latitude, longitude, _read_radius(texts[2]) if len(texts) == 3 else _USUAL_RADIUS)


def spell_circle(circle: Circle) -> str:
    """The text that reads back as ``circle``."""
    metres = _spell(circle.radius)
    return f"{_spell(circle.latitude)},{_spell(circle.longitude)},{metres}m"


def _read_degrees(text: str, most: int) -> float:
    if not _DEGREES.fullmatch(text):
        raise SpellingError
    degrees = float(text)
    if abs(degrees) > most:
        raise SpellingError(f"it is beyond {most} degrees")
    return degrees + 0.0  # no negative zero


def _read_radius(text: str) -> float:
    found = _RADIUS.fullmatch(text)
    if found is None:
        raise SpellingError
    metres = (Decimal(found[1]) * _METRES[(found[2] or "km").lower()]).quantize(Decimal("0.001"))
    if not 0 < metres <= _FARTHEST:
        raise SpellingError("a radius is more than nothing, and at most half way round the earth")
    return float(metres)


def _spell(number: float) -> str:
    return f"{Decimal(repr(number)):f}".removesuffix(".0")
