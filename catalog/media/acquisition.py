"""Acquisition metadata: what lens and camera were set to, of each picture (SMPTE RDD 18, Sony).

Sets of a lens unit, a camera unit and what the maker adds, each item a number, a length and a
value. Sony's MP4 files have them in a track (``rtmd``), its MXF files in ancillary packets. Only
the first picture's are read. EBU Tech 3349 lists the items; those of the place and the time are
what ExifTool's documentation has of Sony's track.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
import av.stream

from catalog.domain.media import Facts
from catalog.media.container import open_container
from catalog.media.facts import with_place
from catalog.media.place import Place, place
from catalog.media.tags import clean_text, parse_moment

if TYPE_CHECKING:
    from av.container import InputContainer

_TRACK = "Timed Metadata"  # in the name of Sony's handler
_MOST_PACKETS, _LARGEST = 3, 1_000_000
_HEADER = 28  # bytes of a packet, which its first two say
_SETS = bytes.fromhex("060e2b34025301010c020101")
_LABEL = 0x060E
_MOST_ITEMS = 500
_GAMMA, _ISOS, _MOMENT = 0x3210, (0x810B, 0x8119, 0x811E, 0xE301, 0x8115), 0xE304
_LENS, _CAMERA = 0x8007, 0x8114
_LATITUDE, _LONGITUDE, _STATUS = (0x8501, 0x8502, "S"), (0x8503, 0x8504, "W"), 0x8509
# The last four bytes of a transfer characteristic's label: standards' own, and Sony's.
_GAMMAS = {
    "01010000": "BT.470", "01020000": "BT.709", "01030000": "SMPTE ST 240",
    "01040000": "SMPTE ST 274", "01050000": "BT.1361", "01060000": "linear",
    "01080000": "xvYCC", "010b0000": "HLG", "01010501": "S-Log", "01010503": "R709 180%",
    "01010504": "R709 800%", "01010506": "Cine-Log", "01010508": "S-Log2", "01010602": "Still",
    "01010604": "S-Log3", "01010605": "S-Log3-Cine", "01010201": "HG3250G36",
    "01010202": "HG4600G30", "01010203": "HG3259G40", "01010204": "HG4609G33",
    "01010205": "HG8000G36", "01010206": "HG8000G30", "01010207": "HG8009G40",
    "01010208": "HG8009G33", "01010301": "CINE1", "01010302": "CINE2", "01010303": "CINE3",
    "01010304": "CINE4",
}  # fmt: skip
_GAMUTS = {"01030103": "S-Gamut", "01030104": "S-Gamut3", "01030105": "S-Gamut3.Cine"}
_PRIMARIES = {3: "BT.709", 4: "BT.2020", 6: "Display P3", 7: "ACES"}
_EXPOSURES = {
    1: "manual", 2: "full auto", 3: "gain priority", 4: "iris priority", 5: "shutter priority"
}  # fmt: skip
_BALANCES = {0: "preset", 1: "automatic", 2: "hold", 3: "one push"}


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What the first picture's sets say; `said` as it stands in metadata."""

    facts: Facts = field(default_factory=Facts)
    recorded: datetime | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


def has_acquisition_track(container: InputContainer) -> bool:
    """Whether a container may have a track of such sets."""
    return any(
        stream.type == "data" and _TRACK in stream.metadata.get("handler_name", "")
        for stream in container.streams
    )


def read_track(path: Path) -> Acquisition:
    """The first packet of a track that holds such sets; nothing where none does."""
    with suppress(av.error.FFmpegError, IndexError), open_container(path) as container:
        tracks = [s for s in container.streams if _TRACK in s.metadata.get("handler_name", "")]
        for stream in container.streams:
            if stream not in tracks:
                stream.discard = av.stream.Discard.all
        for packet in islice(container.demux(*tracks), _MOST_PACKETS):
            data = bytes(packet) if 0 < packet.size <= _LARGEST else b""
            if _SETS in data[: _HEADER + len(_SETS) + 4]:
                return read_sets(data[int.from_bytes(data[:2], "big") :], "Sony")
    return Acquisition()


def read_sets(data: bytes, make: str | None = None) -> Acquisition:
    """Read sets of acquisition metadata, one after the other; what is broken is left out.

    ``make`` is who built the camera, where it is known whose sets these are: RDD 18 is written by
    other makers, too.
    """
    items: dict[int, bytes] = {}
    for number, value in _items(data):
        items.setdefault(number, value)
    said: dict[str, Any] = {}
    for number, (name, read) in _READERS.items():
        with suppress(struct.error, ValueError, ZeroDivisionError, OverflowError):
            if number in items and (value := read(items[number])) not in (None, ""):
                said[name] = value
    isos = (int.from_bytes(items[number][:4], "big") for number in _ISOS if number in items)
    if iso := next(filter(None, isos), None):
        said["iso"] = iso
    if not said:
        return Acquisition()
    facts = Facts(camera_make=make, lens=said.get("lens"))
    return Acquisition(with_place(facts, _place(items)), _moment(items.get(_MOMENT, b"")), said)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MOST_ITEMS):
        if at + 4 > len(data):
            return
        number, length = struct.unpack_from(">2H", data, at)
        if number == _LABEL:  # of a set: 16 bytes, and a length by BER's rules
            at += 16
            at += 1 + (data[at] & 0x7F if at < len(data) and data[at] & 0x80 else 0)
            continue
        if number in (0, 0xFFFF) or at + 4 + length > len(data):
            return
        yield number, data[at + 4 : at + 4 + length]
        at += 4 + length


# --- values -----------------------------------------------------------------------


def _number(data: bytes) -> int:
    return int(struct.unpack_from(">H", data)[0])


def _stop(data: bytes) -> float:
    """An iris, as the exponent of two counted down from eight."""
    return round(float(2.0 ** (8 * (1 - _number(data) / 65536))), 1)


def _distance(data: bytes) -> float | None:
    """Metres: twelve bits, and four for a power of ten."""
    word = _number(data)
    exponent = (word >> 12) - (16 if word & 0x8000 else 0)
    metres = (word & 0xFFF) * 10.0**exponent
    return float(f"{metres:.4g}") if metres else None


def _millimetres(data: bytes) -> float | None:
    metres = _distance(data)
    return None if metres is None else float(f"{metres * 1000:.4g}")


def _hundredths(data: bytes) -> float:
    return _number(data) / 100


def _rate(data: bytes) -> float:
    above, below = struct.unpack_from(">2I", data)
    return round(float(above / below), 3)


def _shutter(data: bytes) -> str:
    above, below = struct.unpack_from(">2I", data)
    return f"{above}/{below}" if above and below else ""


def _angle(data: bytes) -> float:
    return round(float(struct.unpack_from(">i", data)[0]) / 60, 1)


def _filter(data: bytes) -> str | None:
    """What part of the light a filter lets through; zero is none."""
    part = _number(data)
    return "clear" if part == 1 else f"1/{part}" if part else None


def _text(data: bytes) -> str:
    return clean_text(data.partition(b"\0")[0].decode("utf-8", "replace"))


def _gamma(data: bytes) -> str | None:
    return _GAMMAS.get(data[12:16].hex())


def _primaries(data: bytes) -> str | None:
    return _GAMUTS.get(data[12:16].hex()) or _PRIMARIES.get(data[13] if len(data) > 13 else 0)


def _exposure(data: bytes) -> str | None:
    return _EXPOSURES.get(data[13] if len(data) > 13 else 0)


def _balance(data: bytes) -> str | None:
    return _BALANCES.get(data[0] if data else -1)


_READERS: Mapping[int, tuple[str, Callable[[bytes], Any]]] = {
    0x8000: ("iris_f", _stop),
    0x8008: ("iris_t", _stop),
    0x8001: ("focus_distance", _distance),
    0x8004: ("focal_length_35mm", _millimetres),
    0x8005: ("focal_length", _millimetres),
    _LENS: ("lens", _text),
    _CAMERA: ("camera", _text),
    _GAMMA: ("gamma", _gamma),
    0x3219: ("primaries", _primaries),
    0x8100: ("exposure_mode", _exposure),
    0x8103: ("nd_filter", _filter),
    0x8106: ("capture_frame_rate", _rate),
    0x8108: ("shutter_angle", _angle),
    0x8109: ("shutter", _shutter),
    0x810A: ("gain_db", _hundredths),
    0x810D: ("white_balance_mode", _balance),
    0x810E: ("white_balance", _number),
    0xE109: ("monitoring", _text),
}


def _place(items: Mapping[int, bytes]) -> Place | None:
    """As EXIF has it: three fractions and a letter each; V is a receiver without a fix."""
    if items.get(_STATUS, b"A")[:1] == b"V":
        return None
    angles = []
    for letter, number, negative in (_LATITUDE, _LONGITUDE):
        data = items.get(number, b"")
        if len(data) < 24:
            return None
        parts = struct.unpack_from(">6I", data)
        if not all(parts[1::2]):
            return None
        degrees, minutes, seconds = (a / b for a, b in zip(parts[::2], parts[1::2], strict=True))
        angle = degrees + minutes / 60 + seconds / 3600
        angles.append(-angle if items.get(letter, b"")[:1] == negative.encode() else angle)
    return place(*angles)


def _moment(data: bytes) -> datetime | None:
    """Decimal digits behind a byte for the zone, whose meaning is not known: the clock's own."""
    if len(data) < 8:
        return None
    day, clock = data[1:5].hex(), data[5:8].hex()
    text = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    return parse_moment(text)[0]
