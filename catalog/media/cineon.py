"""Kodak's Cineon files (``.cin``): film scans of before DPX, shown by the decoder of DPX.

Both keep three densities of ten bits in a word of four bytes, so the picture needs another header
and nothing else. Fields by Kodak's "Image File Format Proposal for Digital Pictures", 4.5 draft.
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.domain.media import Facts
from catalog.domain.paths import shown_path
from catalog.errors import UndecodableError
from catalog.media.tags import clean_text, parse_moment
from catalog.media.timing import nearest_rate

CINEON = "Cineon"
MAGICS = (b"\x80\x2a\x5f\xd7", b"\xd7\x5f\x2a\x80")
_LENGTH = 2048
_UNDEFINED = 0xFFFFFFFF
_TEXTS = {
    "file_name": (32, 100),
    "label": (452, 200),
    "source_file": (720, 100),
    "input_device": (844, 64),
    "model": (908, 32),
    "input_serial": (940, 32),
    "film_format": (1036, 32),
    "frame_attribute": (1076, 32),
    "slate": (1108, 200),
}
_NUMBERS = {"edge_prefix": 1028, "edge_count": 1032, "frame_position": 1068}
_GAMMA, _RATE, _CREATED = 980, 1072, (820, 832)
_ELEMENT, _PACKING, _INTERLEAVE, _PADDING = 196, 681, 680, 684
# Ten bits a sample, three samples a word, from the left; all samples of a pixel together.
_WORDS, _BY_PIXEL = 5, 0
_RGB, _DENSITY, _FILLED = 50, 1, 1


def read_cineon(head: bytes) -> dict[str, Any] | None:
    """The fields of a `FilmHeader`; None if these are no first bytes of a Cineon file."""
    if head[:4] not in MAGICS:
        return None
    order = ">" if head[:4] == MAGICS[0] else "<"
    head = head[:_LENGTH].ljust(_LENGTH, b"\xff")
    said: dict[str, Any] = {name: _text(head, *place) for name, place in _TEXTS.items()}
    for name, at in _NUMBERS.items():
        value = struct.unpack_from(f"{order}I", head, at)[0]
        said[name] = None if value in (0, _UNDEFINED) else value
    rate = _float(head, _RATE, order)
    usable = nearest_rate(rate) if rate is not None and 1 <= rate <= 240 else None
    said |= {
        "gamma": _float(head, _GAMMA, order),
        "frame_rate": float(usable) if usable is not None else None,
    }
    return {
        "metadata": {
            "cineon": {name: value for name, value in said.items() if value is not None},
            "log": {"curve": "cineon", "gamut": "bt709", "named": "printing density"},
        },
        "timecode": None,
        "rate": usable,
        "recorded": _moment(head),
        "facts": Facts(
            camera_model=said["model"] or said["input_device"],
            camera_serial=said["input_serial"],
        ),
    }


def as_dpx(path: Path, content: bytes) -> bytes:
    """A Cineon file's content as a DPX file's, whose pixels are the very same.

    Raises
    ------
    UndecodableError
        If its pixels are stored in another way than three times ten bits a word.
    """
    order = ">" if content[:4] == MAGICS[0] else "<"
    head = content[:_LENGTH].ljust(_LENGTH, b"\0")
    offset, elements = struct.unpack_from(f"{order}I", head, 4)[0], head[193]
    bits = {head[_ELEMENT + 28 * number + 2] for number in range(min(elements, 8))}
    width, height = struct.unpack_from(f"{order}2I", head, _ELEMENT + 4)
    padding = struct.unpack_from(f"{order}I", head, _PADDING)[0]
    kept = (elements, bits, head[_PACKING] & 0x7F, head[_INTERLEAVE], padding in (0, _UNDEFINED))
    if kept != (3, {10}, _WORDS, _BY_PIXEL, True):
        raise UndecodableError(
            f"{shown_path(path)} is a Cineon file of {elements} channels of {sorted(bits)} bits,"
            f" packing {head[_PACKING]}; expected three of ten bits in each word of four bytes.",
            remedy="Convert it to DPX.",
            path=shown_path(path),
        )
    return _dpx_header(order, width, height, len(content) - offset) + content[offset:]


def _dpx_header(order: str, width: int, height: int, size: int) -> bytes:
    """A header of SMPTE ST 268-1 that says no more than how to read what follows."""
    made = bytearray(b"\xff" * _LENGTH)
    made[:4] = b"SDPX" if order == ">" else b"XPDS"
    struct.pack_into(f"{order}I8sI", made, 4, _LENGTH, b"V1.0", max(0, size) + _LENGTH)
    struct.pack_into(f"{order}2H2I", made, 768, 0, 1, width, height)
    struct.pack_into(
        f"{order}I16x4B2H3I", made, 780, 0, _RGB, _DENSITY, _DENSITY, 10, _FILLED, 0, _LENGTH, 0, 0
    )
    return bytes(made)


def _text(head: bytes, at: int, length: int) -> str | None:
    value = head[at : at + length].partition(b"\0")[0]
    if not value.strip(b"\xff"):
        return None
    return clean_text(value.decode("utf-8", "replace")) or None


def _float(head: bytes, at: int, order: str) -> float | None:
    value: float = struct.unpack_from(f"{order}f", head, at)[0]
    return round(value, 6) if math.isfinite(value) and 0 < value < 1e6 else None


def _moment(head: bytes) -> datetime | None:
    """``yyyy:mm:dd`` and ``hh:mm:ssLTZ``, whose zone is no offset: taken for UTC."""
    date, time = _text(head, _CREATED[0], 12) or "", (_text(head, _CREATED[1], 12) or "")[:8]
    return parse_moment(f"{date[:10].replace(':', '-')}T{time}")[0]
