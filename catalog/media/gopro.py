"""GoPro's metadata format: which camera it was, and where, from its box and the first packets.

GPMF (github.com/gopro/gpmf-parser, its description in words): keys of four letters, each with a
type, the size of one sample and how many there are; what has the type zero holds further ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
import av.stream

from catalog.domain.media import Facts
from catalog.media.container import open_container
from catalog.media.facts import with_place
from catalog.media.place import Place, place
from catalog.media.tags import clean_text

if TYPE_CHECKING:
    from av.container import InputContainer

_MAKE = "GoPro"
_TRACK = "GoPro MET"
_DEEPEST = 4
_MOST_ITEMS = 2000
_MOST_PACKETS = 10  # seconds, in which a receiver that had a fix says so
_LARGEST = 1_000_000
_NUMBERS = {"b": "b", "B": "B", "s": "h", "S": "H", "l": "i", "L": "I", "f": "f", "d": "d"}
_TEXTS = {
    "DVNM": "device",
    "MINF": "camera",
    "CASN": "serial",
    "FMWR": "firmware",
    "LINF": "lens_serial",
    "VFOV": "field_of_view",
    "PRJT": "projection",
    "EISE": "stabilised",
    "PTWB": "white_balance",
    "PTCL": "colour",
    "PTSH": "sharpness",
}
_LEAST_FIX = 2
_GPS9_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class GoPro:
    """What the camera says of itself and of where it was; `said` as it stands in metadata."""

    facts: Facts = field(default_factory=Facts)
    recorded: datetime | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Item:
    key: str
    kind: str
    size: int
    data: bytes


def has_gopro_track(container: InputContainer) -> bool:
    """Whether a container has a track of a GoPro's measurements."""
    return any(
        stream.type == "data" and _TRACK in stream.metadata.get("handler_name", "")
        for stream in container.streams
    )


def read_gopro(path: Path, box: bytes, *, track: bool) -> GoPro:
    """What a GoPro's box ``GPMF`` and, where there is one, its track say; nothing where broken."""
    found: dict[str, Any] = {}
    with suppress(struct.error):
        _take(found, box, 0)
    if track:
        with suppress(av.error.FFmpegError, IndexError, struct.error):
            for packet in _packets(path):
                _take(found, packet, 0)
                if "place" in found:
                    break
    if not found:
        return GoPro()
    where, clock = found.pop("place", None), found.pop("clock", None)
    model = found.get("camera") or found.get("device")
    facts = Facts(camera_make=_MAKE, camera_model=model, camera_serial=found.get("serial"))
    return GoPro(with_place(facts, where), clock, found)


def _packets(path: Path) -> Iterator[bytes]:
    with open_container(path) as container:
        stream = next(s for s in container.streams if _TRACK in s.metadata.get("handler_name", ""))
        for other in container.streams:
            if other is not stream:
                other.discard = av.stream.Discard.all
        for packet in islice(container.demux(stream), _MOST_PACKETS):
            if 0 < packet.size <= _LARGEST:
                yield bytes(packet)


def _take(found: dict[str, Any], data: bytes, depth: int) -> None:
    """Add what a payload says; what was said before stays."""
    items = list(_items(data))
    for item in items:
        if item.kind == "\0" and depth < _DEEPEST:
            _take(found, item.data, depth + 1)
        elif item.key in _TEXTS and item.kind in "cF":
            text = clean_text(item.data.split(b"\0")[0].decode("latin-1"))
            if text:
                found.setdefault(_TEXTS[item.key], text)
    by_key = {item.key: item for item in items}
    if "place" not in found and (where := _where(by_key)) is not None:
        found["place"], clock = where
        if clock is not None:
            found["clock"] = clock


def _items(data: bytes) -> Iterator[_Item]:
    at = 0
    for _ in range(_MOST_ITEMS):
        if at + 8 > len(data):
            return
        key, kind, size, repeat = struct.unpack_from(">4scBH", data, at)
        length = size * repeat
        if not key.isalnum() or at + 8 + length > len(data):
            return
        yield _Item(
            key.decode("latin-1"), kind.decode("latin-1"), size, data[at + 8 : at + 8 + length]
        )
        at += 8 + (length + 3) // 4 * 4


def _where(items: Mapping[str, _Item]) -> tuple[Place, datetime | None] | None:
    """The first place of a stream of the receiver's, and its time, if it had a fix."""
    scales = _numbers(items.get("SCAL"))
    if (newer := items.get("GPS9")) is not None and len(newer.data) >= 32:
        values = struct.unpack_from(">7i2H", newer.data)
        clock: datetime | None = _GPS9_FIRST_DAY + timedelta(
            days=values[5] % 100_000, milliseconds=values[6]
        )
        fixed = values[8] >= _LEAST_FIX
    elif (older := items.get("GPS5")) is not None and len(older.data) >= 20:
        values = struct.unpack_from(">5i", older.data)
        fix = _numbers(items.get("GPSF"))
        fixed = not fix or fix[0] >= _LEAST_FIX
        clock = _clock(items.get("GPSU"))
    else:
        return None
    scales = scales * 5 if len(scales) == 1 else scales
    if not fixed or len(scales) < 3 or 0 in scales[:3]:
        return None
    where = place(*(value / scale for value, scale in zip(values[:3], scales, strict=False)))
    return None if where is None else (where, clock)


def _numbers(item: _Item | None) -> list[float]:
    form = _NUMBERS.get(item.kind) if item is not None else None
    if item is None or form is None:
        return []
    size = struct.calcsize(form)
    return list(struct.unpack_from(f">{len(item.data) // size}{form}", item.data))


def _clock(item: _Item | None) -> datetime | None:
    """``yymmddhhmmss.sss``, in UTC."""
    text = item.data[:12].decode("latin-1") if item is not None else ""
    try:
        return datetime.strptime(text, "%y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
