"""What AVCHD cameras say of a recording, which lies in its pictures and nowhere else.

A message within H.264 (user data with a name of its own) holds packs of five bytes, as DV's tapes
had them: a number and four bytes of decimal digits or texts. Its maker's description is not
public; the numbers are those that ExifTool's documentation lists ("MDPM").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.domain.media import Facts
from catalog.domain.timecode import is_timecode
from catalog.media.facts import with_place
from catalog.media.place import Place, place
from catalog.media.tags import clean_text, parse_moment

MARK = bytes.fromhex("17ee8c60f84d11d98cd60800200c9a66") + b"MDPM"
_PACK = 5
_TIMECODE, _DATE, _TIME, _MAKER = 0x13, 0x18, 0x19, 0xE0
_MODEL = (0xE4, 0xE5, 0xE6)
_LATITUDE, _LONGITUDE = (0xB1, 0xB2, 0xB3, 0xB4), (0xB5, 0xB6, 0xB7, 0xB8)
_BELOW, _ALTITUDE = 0xB9, 0xBA
_MAKERS = {0x0103: "Panasonic", 0x0108: "Sony", 0x1011: "Canon", 0x1104: "JVC"}
# Bits of the byte before the date: half an hour more, hours, west of Greenwich, summer time, unset.
_HALF, _HOURS, _WEST, _SUMMER, _UNSET = 0x01, 0x1E, 0x20, 0x40, 0x80


@dataclass(frozen=True, slots=True)
class CameraPack:
    """What a message says; ``local`` is the clock on the wall, ``note`` is on ``recorded``."""

    recorded: datetime | None = None
    local: str | None = None
    note: str | None = None
    timecode: str | None = None
    facts: Facts = field(default_factory=Facts)


def camera_pack(message: bytes) -> CameraPack:
    """Read one message; what is broken in it is left out."""
    if not message.startswith(MARK) or len(message) <= len(MARK):
        return CameraPack()
    first = len(MARK) + 1
    packs: dict[int, bytes] = {}
    for at in range(first, min(len(message) - 4, first + _PACK * message[len(MARK)]), _PACK):
        packs.setdefault(message[at], message[at + 1 : at + _PACK])
    recorded, local, note = _moment(packs)
    return CameraPack(recorded, local, note, _timecode(packs), _facts(packs))


def _moment(packs: Mapping[int, bytes]) -> tuple[datetime | None, str | None, str | None]:
    day, clock = packs.get(_DATE), packs.get(_TIME)
    if day is None or clock is None:
        return None, None, None
    zone, date = day[0], day[1:].hex() + clock[:1].hex()
    text = f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[1]:02x}:{clock[2]:02x}:{clock[3]:02x}"
    known = not zone & _UNSET
    if known:
        sign = "-" if zone & _WEST else "+"
        text += f"{sign}{(zone & _HOURS) >> 1:02d}:{30 if zone & _HALF else 0:02d}"
    moment, note = parse_moment(text)
    if moment is None:
        return None, None, None
    if known and zone & _SUMMER:
        note = "summer time"  # whether the offset has it in it, cameras do not agree
    return moment, text if known else None, note


def _timecode(packs: Mapping[int, bytes]) -> str | None:
    """Frames first, as on tapes; of their two highest bits one says that numbers are dropped."""
    pack = packs.get(_TIMECODE)
    if pack is None or pack == b"\xff" * 4 or not any(pack):
        return None
    frames, seconds, minutes, hours = pack
    mark = ";" if frames & 0x40 else ":"
    parts = (hours & 0x3F, minutes & 0x7F, seconds & 0x7F)
    text = f"{':'.join(f'{part:02x}' for part in parts)}{mark}{frames & 0x3F:02x}"
    return text if is_timecode(text) and parts[0] <= 0x23 else None


def _facts(packs: Mapping[int, bytes]) -> Facts:
    maker = _MAKERS.get(int.from_bytes(packs.get(_MAKER, b"")[:2], "big"))
    model = None
    if maker == "Sony":
        name = b"".join(packs.get(number, b"") for number in _MODEL)
        model = clean_text(name.partition(b"\0")[0].decode("ascii", "ignore")) or None
    return with_place(Facts(camera_make=maker, camera_model=model), _place(packs))


def _place(packs: Mapping[int, bytes]) -> Place | None:
    latitude, longitude = _angle(packs, _LATITUDE, b"S"), _angle(packs, _LONGITUDE, b"W")
    if latitude is None or longitude is None:
        return None
    height = _rational(packs.get(_ALTITUDE))
    below = any(packs.get(_BELOW, b""))
    return place(latitude, longitude, -height if height is not None and below else height)


def _angle(packs: Mapping[int, bytes], numbers: tuple[int, ...], negative: bytes) -> float | None:
    degrees, minutes, seconds = (_rational(packs.get(number)) for number in numbers[1:])
    if degrees is None or minutes is None:
        return None
    angle = degrees + minutes / 60 + (seconds or 0) / 3600
    return -angle if packs.get(numbers[0], b"").startswith(negative) else angle


def _rational(pack: bytes | None) -> float | None:
    if pack is None:
        return None
    below = int.from_bytes(pack[2:], "big")
    return int.from_bytes(pack[:2], "big") / below if below else None
