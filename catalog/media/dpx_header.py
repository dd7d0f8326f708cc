"""The header of a DPX file (SMPTE ST 268-1): film scans, and frames of digital intermediates."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from catalog.domain.media import Facts
from catalog.domain.timecode import is_timecode
from catalog.media.tags import clean_text, parse_moment
from catalog.media.timing import nearest_rate

_ORDERS = {b"SDPX": ">", b"XPDS": "<"}
_LENGTH = 2048
_TRANSFERS = {
    0: "user defined",
    1: "printing density",
    2: "linear",
    3: "logarithmic",
    4: "unspecified video",
    5: "smpte 274m",
    6: "bt709",
    7: "bt601 625",
    8: "bt601 525",
    9: "ntsc",
    10: "pal",
    11: "z linear",
    12: "z homogeneous",
}
# Codes that are densities of film, with black at 95 and white at 685 of 1023.
_DENSITIES = (1, 3)
_UNDEFINED = 0xFFFFFFFF
_TEXTS = {
    "file_name": (36, 100),
    "created": (136, 24),
    "creator": (160, 100),
    "project": (260, 200),
    "copyright": (460, 200),
    "source_file": (1432, 100),
    "source_created": (1532, 24),
    "input_device": (1556, 32),
    "input_serial": (1588, 32),
    "film_format": (1680, 32),
    "frame_id": (1732, 32),
    "slate": (1764, 100),
}
_NUMBERS = {"frame_position": 1712, "sequence_length": 1716, "held_count": 1720}
_FLOATS = {"shutter_angle": 1728, "gamma": 1948}
_FILM_RATE, _VIDEO_RATE, _TIMECODE, _TRANSFER = 1724, 1940, 1920, 801
_KODE = ((1664, 2), (1666, 2), (1670, 6), (1676, 4), (1668, 2))


def read_dpx(head: bytes) -> dict[str, Any] | None:
    """The fields of a `FilmHeader`; None if these are no first bytes of a DPX."""
    order = _ORDERS.get(head[:4])
    if order is None:
        return None
    head = head[:_LENGTH].ljust(_LENGTH, b"\xff")
    said: dict[str, Any] = {name: _text(head, *place) for name, place in _TEXTS.items()}
    said |= {name: _number(head, at, order) for name, at in _NUMBERS.items()}
    said |= {name: _float(head, at, order) for name, at in _FLOATS.items()}
    rate = _rate(head, order)
    said |= {
        "edge_code": _edge_code(head),
        "transfer": _TRANSFERS.get(head[_TRANSFER]),
        "frame_rate": float(rate) if rate is not None else None,
    }
    metadata: dict[str, Any] = {"dpx": {name: v for name, v in said.items() if v is not None}}
    if head[_TRANSFER] in _DENSITIES:
        metadata["log"] = {"curve": "cineon", "gamut": "bt709", "named": said["transfer"]}
    return {
        "metadata": metadata,
        "timecode": _timecode(head, order),
        "rate": rate,
        "recorded": _moment(said["source_created"]),
        "facts": Facts(
            camera_model=said["input_device"],
            camera_serial=said["input_serial"],
            rights=said["copyright"],
        ),
    }


def _text(head: bytes, at: int, length: int) -> str | None:
    value = head[at : at + length].partition(b"\0")[0]
    # Programs fill what they do not know with ones.
    if not value.strip(b"\xff"):
        return None
    return clean_text(value.decode("utf-8", "replace")) or None


def _number(head: bytes, at: int, order: str) -> int | None:
    value: int = struct.unpack_from(f"{order}I", head, at)[0]
    return None if value == _UNDEFINED else value


def _float(head: bytes, at: int, order: str) -> float | None:
    value: float = struct.unpack_from(f"{order}f", head, at)[0]
    return round(value, 6) if math.isfinite(value) and 0 < value < 1e6 else None


def _rate(head: bytes, order: str) -> Fraction | None:
    """Film's frame rate, else the video's: one of the usual ones if it is nearly that."""
    for at in (_FILM_RATE, _VIDEO_RATE):
        value = _float(head, at, order)
        if value is not None and 1 <= value <= 240:
            return nearest_rate(value)
    return None


def _timecode(head: bytes, order: str) -> str | None:
    """Eight decimal digits, a nibble each: hours, minutes, seconds, frames."""
    value = _number(head, _TIMECODE, order)
    # Programs that know of none leave zeros.
    digits = f"{value:08x}" if value else ""
    text = ":".join(digits[at : at + 2] for at in (0, 2, 4, 6))
    return text if digits.isdigit() and is_timecode(text) else None


def _edge_code(head: bytes) -> str | None:
    """A film's key code: maker, stock, prefix, count and perforations (SMPTE ST 254)."""
    parts = [_text(head, *place) for place in _KODE]
    return " ".join(part for part in parts if part) or None if parts[2] or parts[3] else None


def _moment(text: str | None) -> datetime | None:
    """``yyyy:mm:dd:hh:mm:ss`` with a time zone or none, which then is taken for UTC."""
    if text is None or len(text) < 19:
        return None
    year, month, day, rest = text[:4], text[5:7], text[8:10], text[11:19]
    zone = text[19:].strip()
    iso = f"{year}-{month}-{day}T{rest}"
    moment, _ = parse_moment(iso + ("" if zone in ("", "Z") or zone[:1] not in "+-" else zone))
    return moment.astimezone(UTC) if moment is not None else None
