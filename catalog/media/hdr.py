"""High dynamic range: which kinds a picture is made for, and for which display.

The kinds are ``pq`` and ``hlg`` (SMPTE ST 2084, ARIB STD-B67: the transfer
functions), ``hdr10`` (PQ in BT.2020 with the mastering display of SMPTE ST 2086
or CTA-861.3's light levels), ``hdr10plus`` (SMPTE ST 2094-40) and ``dolbyvision``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalog.media.avchd import MARK

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_SIDE_DATA = (
    "MASTERING_DISPLAY_METADATA",
    "CONTENT_LIGHT_LEVEL",
    "DYNAMIC_HDR_PLUS",
    "DOVI_METADATA",
    "DOVI_RPU_BUFFER",
    "S12M_TIMECODE",
    "GOP_TIMECODE",
)
CAMERA_PACK, _MESSAGE = "CAMERA_PACK", "SEI_UNREGISTERED"
_RED, _GREEN, _BLUE, _WHITE = range(4)


def side_data(picture: VideoFrame) -> dict[str, bytes]:
    """What a decoded picture carries of range and timecode, as FFmpeg lays it out in memory.

    And a camera's own message under ``CAMERA_PACK``, see `catalog.media.avchd`.
    """
    found = {}
    try:
        for name in _SIDE_DATA:
            data: Any = picture.side_data.get(name)
            if data is not None:
                found[name] = bytes(data)
        every: Any = picture.side_data  # of one kind there may be several
        messages = (bytes(each) for each in every if each.type.name == _MESSAGE)
        if (message := next((m for m in messages if m.startswith(MARK)), None)) is not None:
            found[CAMERA_PACK] = message
    except ValueError:
        # PyAV refuses a picture's whole side data for one kind it has no name for.
        return found
    return found


def hdr_facts(sides: Mapping[str, bytes]) -> dict[str, Any]:
    """The mastering display and the light levels, JSON-ready: nits, and CIE 1931 x, y."""
    found: dict[str, Any] = {}
    display = _mastering_display(sides.get("MASTERING_DISPLAY_METADATA", b""))
    if display:
        found["mastering_display"] = display
    light = sides.get("CONTENT_LIGHT_LEVEL", b"")
    if len(light) >= 8:
        brightest, average = struct.unpack_from("=II", light)
        if brightest or average:
            found["content_light_level"] = {"max": brightest, "average": average}
    return found


def _mastering_display(data: bytes) -> dict[str, Any]:
    """FFmpeg's AVMasteringDisplayMetadata: ten rationals and two flags."""
    if len(data) < 88:
        return {}
    numbers = struct.unpack_from("=20i2i", data)
    values = [n / d if d else 0.0 for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
    found: dict[str, Any] = {}
    if numbers[20]:
        points = [
            [round(x, 5), round(y, 5)] for x, y in zip(values[:8:2], values[1:8:2], strict=True)
        ]
        found |= {"red": points[_RED], "green": points[_GREEN], "blue": points[_BLUE]}
        found["white"] = points[_WHITE]
    if numbers[21]:
        found |= {"min_nits": round(values[8], 4), "max_nits": round(values[9], 2)}
    return found


def dolby_vision(record: bytes) -> dict[str, Any]:
    """A Dolby Vision configuration record (``dvcC``, ``dvvC``); empty if it is none."""
    if len(record) < 5 or record[0] == 0:
        return {}
    bits = int.from_bytes(record[2:5], "big")
    profile, level, compatible = bits >> 17, bits >> 11 & 0x3F, bits >> 4 & 0xF
    return {
        "profile": f"{profile}.{compatible}" if compatible else str(profile),
        "level": level,
        "enhancement_layer": bool(bits >> 9 & 1),
    }


def hdr_kinds(
    transfer: str | None,
    primaries: str | None,
    sides: Mapping[str, bytes],
    facts: Mapping[str, Any],
) -> tuple[str, ...]:
    """The kinds of high dynamic range; none for ordinary pictures."""
    kinds = []
    if transfer == "smpte2084":
        kinds.append("pq")
        if primaries == "bt2020" and (
            "mastering_display" in facts or "content_light_level" in facts
        ):
            kinds.append("hdr10")
    elif transfer == "arib-std-b67":
        kinds.append("hlg")
    if "DYNAMIC_HDR_PLUS" in sides:
        kinds.append("hdr10plus")
    if "dolby_vision" in facts or "DOVI_METADATA" in sides or "DOVI_RPU_BUFFER" in sides:
        kinds.append("dolbyvision")
    return tuple(kinds)
