"""What an Insta360 camera says of itself, in records behind the end of its films.

Not documented by its maker; read as ExifTool's documentation of the trailer describes it: records
that are counted from the end, of which one holds serial number, model and firmware.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from catalog.domain.media import Facts
from catalog.media.tags import clean_text

_MARK = b"8db42d694ccc418790edff439fe026bf"
_END = 78  # bytes that end the file: the last record's number and length, the trailer's, the mark
_CAMERA = 0x101
_NAMES = {0x0A: "serial", 0x12: "camera", 0x1A: "firmware"}
_MOST_RECORDS, _MOST_FIELDS, _LARGEST = 64, 32, 100_000


def read_insta360(path: Path) -> dict[str, str]:
    """``serial``, ``camera`` and ``firmware``, as far as the trailer tells them."""
    with suppress(OSError, struct.error), path.open("rb") as file:
        at = file.seek(0, 2) - _END
        if at < 0:
            return {}
        file.seek(at)
        end = file.read(_END)
        if not end.endswith(_MARK):
            return {}
        number, length = struct.unpack_from("<HI", end)
        for _ in range(_MOST_RECORDS):
            at -= length
            if at < 6:
                break
            if number == _CAMERA and length <= _LARGEST:
                file.seek(at)
                return _texts(file.read(length))
            at -= 6
            file.seek(at)
            number, length = struct.unpack("<HI", file.read(6))
    return {}


def insta360_facts(said: Mapping[str, str]) -> Facts:
    """The camera of what `read_insta360` found."""
    if not said:
        return Facts()
    return Facts(
        camera_make="Insta360", camera_model=said.get("camera"), camera_serial=said.get("serial")
    )


def _texts(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    for _ in range(_MOST_FIELDS):
        if at + 2 > len(data) or len(found) == len(_NAMES):
            break
        value = data[at + 2 : at + 2 + data[at + 1]]
        if (name := _NAMES.get(data[at])) and (text := clean_text(value.decode("utf-8", "ignore"))):
            found[name] = text
        at += 2 + data[at + 1]
    return found
