"""The header of an OpenEXR file: its attributes, as far as a catalogue has a use for them.

The layout, and the names of the standard attributes, are those of the OpenEXR documentation,
"OpenEXR File Layout" and "Standard OpenEXR Attributes".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from catalog.domain.media import Facts
from catalog.media.gamuts import to_bt709
from catalog.media.place import Place, place
from catalog.media.start_timecode import timecode_of_word
from catalog.media.tags import clean_text, parse_moment
from catalog.media.timing import nearest_rate

_MAGIC = b"\x76\x2f\x31\x01"
_MOST_ATTRIBUTES, _LONGEST_NAME, _MOST_CHANNELS = 500, 255, 1000
_COMPRESSIONS = ("none", "rle", "zips", "zip", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab")
_PIXELS = {0: "uint", 1: "half", 2: "float"}
_TILED, _DEEP, _PARTS = 0x200, 0x800, 0x1000


def read_exr(head: bytes) -> dict[str, Any] | None:
    """The fields of a `FilmHeader`; None if these are no first bytes of an OpenEXR file.

    Of a file of several parts the first is read.
    """
    if not head.startswith(_MAGIC) or len(head) < 8:
        return None
    flags = struct.unpack_from("<I", head, 4)[0]
    said: dict[str, Any] = {}
    for name, kind, value in _attributes(head):
        with suppress(struct.error, ValueError):
            read = _value(kind, value)
            if read not in (None, "", []):
                said.setdefault(name, read)
    rate = said.get("framesPerSecond")
    rate = nearest_rate(rate) if isinstance(rate, Fraction) and 1 <= rate <= 240 else None
    word = said.get("timeCode")
    timecode = timecode_of_word(word, rate) if isinstance(word, int) else None
    kept = {_snake(name): _plain(v) for name, v in said.items() if name not in _UNKEPT}
    kept |= {name: True for name, bit in _FLAGS.items() if flags & bit}
    return {
        "metadata": {"exr": kept},
        "timecode": timecode,
        "rate": rate,
        "recorded": _recorded(said),
        "facts": _facts(said),
    }


_FLAGS = {"tiled": _TILED, "deep": _DEEP, "parts": _PARTS}
_UNKEPT = frozenset(
    {"dataWindow", "displayWindow", "lineOrder", "screenWindowCenter", "screenWindowWidth"}
    | {"timeCode", "tiles", "preview", "pixelAspectRatio"}
)


def _attributes(head: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and value of each; what lies beyond the bytes that were read ends it."""
    at = 8
    for _ in range(_MOST_ATTRIBUTES):
        name, at = _name(head, at)
        if not name:
            return
        kind, at = _name(head, at)
        if at + 4 > len(head):
            return
        size = struct.unpack_from("<i", head, at)[0]
        at += 4
        if size < 0 or at + size > len(head):
            return
        yield name, kind, head[at : at + size]
        at += size


def _name(head: bytes, at: int) -> tuple[str, int]:
    end = head.find(b"\0", at, at + _LONGEST_NAME + 1)
    return ("", at) if end < 0 else (clean_text(head[at:end].decode("utf-8", "replace")), end + 1)


def _value(kind: str, value: bytes) -> Any:  # noqa: ANN401  # an attribute may be anything
    if kind == "string":
        return clean_text(value.decode("utf-8", "replace"))
    if kind == "float":
        return _finite(*struct.unpack("<f", value))
    if kind == "double":
        return _finite(*struct.unpack("<d", value))
    if kind == "int":
        return struct.unpack("<i", value)[0]
    if kind == "rational":
        numerator, denominator = struct.unpack("<iI", value)
        return Fraction(numerator, denominator) if denominator else None
    if kind == "timecode":
        return struct.unpack("<II", value)[0]
    if kind == "chromaticities":
        return _chromaticities(struct.unpack("<8f", value))
    if kind == "keycode":
        numbers = struct.unpack("<7i", value)
        return " ".join(map(str, numbers[:5])) if any(numbers) else None
    if kind == "compression" and value and value[0] < len(_COMPRESSIONS):
        return _COMPRESSIONS[value[0]]
    return _channels(value) if kind == "chlist" else None


def _finite(number: float) -> float | None:
    return round(number, 6) if math.isfinite(number) else None


def _chromaticities(values: tuple[float, ...]) -> list[float] | None:
    with suppress(ValueError, ArithmeticError):
        x = tuple(round(each, 5) for each in values)
        to_bt709((x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]))
        return list(x)
    return None


def _channels(value: bytes) -> list[str]:
    """``R half`` and the like; layers' with their layer, ``diffuse.R half``."""
    found: list[str] = []
    at = 0
    while len(found) < _MOST_CHANNELS:
        name, at = _name(value, at)
        if not name or at + 16 > len(value):
            return found
        pixels = struct.unpack_from("<i", value, at)[0]
        found.append(f"{name} {_PIXELS.get(pixels, '?')}")
        at += 16
    return found


def _snake(name: str) -> str:
    """``capDate`` as ``cap_date``: a key as all others are."""
    spelt = "".join(f"_{c.lower()}" if c.isupper() else c for c in name[:200])
    return "_".join(part for part in spelt.replace(".", "_").split("_") if part)


def _plain(value: Any) -> Any:  # noqa: ANN401  # JSON
    return float(value) if isinstance(value, Fraction) else value


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) and value else None


def _recorded(said: Mapping[str, Any]) -> datetime | None:
    """``capDate``, local, with ``utcOffset``: seconds to add for UTC; without, UTC is assumed."""
    text = _text(said, "capDate")
    if text is None:
        return None
    moment, _ = parse_moment(text.replace(":", "-", 2))
    offset = said.get("utcOffset")
    if moment is not None and isinstance(offset, float) and abs(offset) <= 86_400:
        moment += timedelta(seconds=offset)
    return moment.astimezone(UTC) if moment is not None else None


def _facts(said: Mapping[str, Any]) -> Facts:
    where = _place(said)
    return Facts(
        description=_text(said, "comments"),
        camera_make=_text(said, "cameraMake"),
        camera_model=_text(said, "cameraModel"),
        camera_serial=_text(said, "cameraSerialNumber"),
        lens=_text(said, "lensModel"),
        reel=_text(said, "reelName"),
        rights=_text(said, "owner"),
        latitude=where.latitude if where else None,
        longitude=where.longitude if where else None,
        altitude=where.altitude if where else None,
    )


def _place(said: Mapping[str, Any]) -> Place | None:
    latitude, longitude, altitude = (said.get(n) for n in ("latitude", "longitude", "altitude"))
    if not (isinstance(latitude, float) and isinstance(longitude, float)):
        return None
    return place(latitude, longitude, altitude if isinstance(altitude, float) else None)


def default_layer(channels: list[str]) -> str | None:
    """The layer to show where the picture itself has no channels: the first that has colours."""
    names = [each.rpartition(" ")[0] for each in channels]
    if {"R", "G", "B"} & set(names) or "Y" in names:
        return None
    return next((n[:-2] for n in names if n.endswith(".R")), None)
