"""What a broadcast says of itself: channel, programme and its description (ETSI EN 300 468).

Recordings off the air carry the service's name, and what is on now, in tables beside the essence;
FFmpeg's library gives them to no one. Only the beginning of a file is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.media.tags import clean_text, parse_moment

_PACKET, _SYNC = 188, 0x47
_STRIDES = (188, 192, 204)  # plain, with a clock before each, with error correction behind
_READ = 6_000_000  # bytes: the tables come every two seconds
_SERVICES, _EVENTS = 0x11, 0x12  # packet identifiers
_SERVICE_TABLE, _EVENT_TABLE = 0x42, 0x4E  # of this stream; now and next
_SERVICE, _SHORT_EVENT, _EXTENDED_EVENT = 0x48, 0x4D, 0x4E
_MOST_SECTIONS, _MOST_DESCRIPTORS = 2000, 64
_LONGEST_SECTION = 4098
_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)  # of the modified Julian date
# FFmpeg's own, where nobody named a service.
_UNNAMED = frozenset({"Service01", "FFmpeg"})
_TABLES = {1: 5, 2: 6, 3: 7, 4: 8, 5: 9, 6: 10, 7: 11, 9: 13, 10: 14, 11: 15}  # of ISO 8859
_OTHERS = {0x11: "utf-16-be", 0x12: "euc-kr", 0x13: "gb2312", 0x14: "big5", 0x15: "utf-8"}


@dataclass(frozen=True, slots=True)
class Broadcast:
    """The channel and, of the programme that was on, title, text and beginning; `said` is all."""

    service: str | None = None
    title: str | None = None
    text: str | None = None
    begins: datetime | None = None
    said: Mapping[str, str | int] = field(default_factory=dict)


def read_broadcast(path: Path) -> Broadcast:
    """What the tables of a transport stream say; nothing of a file of several channels."""
    try:
        with path.open("rb") as file:
            data = file.read(_READ)
    except OSError:
        return Broadcast()  # who opened it with FFmpeg has said what there is to say
    services: dict[int, tuple[str, str]] = {}
    events: dict[int, bytes] = {}
    for section in _sections(data):
        if section[0] == _SERVICE_TABLE:
            services.update(_services(section))
        elif section[0] == _EVENT_TABLE and len(section) > 14 and section[6] == 0:
            # Section 0 is what is on now; the first that is complete is the recording's.
            events.setdefault(int.from_bytes(section[3:5], "big"), section[14:-4])
    services = {n: each for n, each in services.items() if not _UNNAMED & set(each)}
    numbers = set(services) or set(events)
    if len(numbers) != 1:
        return Broadcast()
    number = numbers.pop()
    provider, service = services.get(number, ("", ""))
    return _broadcast(service, provider, events.get(number, b""))


def _broadcast(service: str, provider: str, event: bytes) -> Broadcast:
    title = text = begins = None
    seconds, more = 0, ""
    if len(event) >= 12:
        begins, seconds = _moment(event[2:7]), _seconds(event[7:10])
        for kind, body in _descriptors(event[12:]):
            if kind == _SHORT_EVENT and title is None and len(body) > 4:
                title, rest = _counted(body[3:])
                text = _counted(rest)[0]
            elif kind == _EXTENDED_EVENT and len(body) > 5:
                more += _counted(body[5 + body[4] :])[0]
    words = "\n".join(filter(None, (text, more)))
    said: dict[str, str | int | None] = {
        "service": service,
        "provider": provider,
        "programme": title,
        "text": words,
        "seconds": seconds,
    }
    return Broadcast(
        service=service or None,
        title=title or None,
        text=words or None,
        begins=begins,
        said={name: value for name, value in said.items() if value},
    )


# --- packets and sections ---------------------------------------------------------


def _sections(data: bytes) -> Iterator[bytes]:
    """The complete sections of both tables, put together of their packets."""
    found = _stride(data)
    if found is None:
        return
    at, stride = found
    building: dict[int, bytes] = {}
    given = 0
    while at + _PACKET <= len(data) and given < _MOST_SECTIONS:
        packet = data[at : at + _PACKET]
        at += stride
        number = (packet[1] & 0x1F) << 8 | packet[2]
        if packet[0] != _SYNC or number not in (_SERVICES, _EVENTS) or not packet[3] & 0x10:
            continue
        payload = packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]
        if packet[1] & 0x40 and payload:  # a section begins behind the end of the last
            rest, payload = payload[1 : 1 + payload[0]], payload[1 + payload[0] :]
            yield from _complete(building.pop(number, b"") + rest)
            building[number] = payload
        elif number in building:
            building[number] += payload
        whole = list(_complete(building.get(number, b"")))
        given += len(whole)
        yield from whole
        if whole:
            building[number] = building[number][sum(map(len, whole)) :]
        elif len(building.get(number, b"")) > _LONGEST_SECTION:
            del building[number]  # it is none


def _complete(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 3 <= len(data) and data[at] != 0xFF:
        length = 3 + ((data[at + 1] & 0x0F) << 8 | data[at + 2])
        if at + length > len(data):
            return
        yield data[at : at + length]
        at += length


def _stride(data: bytes) -> tuple[int, int] | None:
    """Where the first packet begins, and how far it is to the next."""
    for stride in _STRIDES:
        for at in range(stride):
            if data[at : at + 8 * stride : stride] == bytes([_SYNC]) * 8:
                return at, stride
    return None


def _services(section: bytes) -> Iterator[tuple[int, tuple[str, str]]]:
    at = 11
    while at + 5 < len(section) - 4:
        length = int.from_bytes(section[at + 3 : at + 5], "big") & 0x0FFF
        for kind, body in _descriptors(section[at + 5 : at + 5 + length]):
            if kind == _SERVICE and len(body) > 2:
                provider, rest = _counted(body[1:])
                name = _counted(rest)[0]
                yield int.from_bytes(section[at : at + 2], "big"), (provider, name)
        at += 5 + length


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_MOST_DESCRIPTORS):
        if at + 2 > len(data):
            return
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


# --- values -----------------------------------------------------------------------


def _counted(data: bytes) -> tuple[str, bytes]:
    """A text behind its length, and what follows it."""
    length = data[0] if data else 0
    return _text(data[1 : 1 + length]), data[1 + length :]


def _text(data: bytes) -> str:
    """Text in the characters that its first byte names (annex A of the standard)."""
    first = data[0] if data else 0
    if first == 0x10 and len(data) > 3:
        encoding, data = f"iso8859-{data[2]}", data[3:]
    elif first < 0x20:
        encoding, data = _OTHERS.get(first) or f"iso8859-{_TABLES.get(first, 1)}", data[1:]
    else:
        encoding = "latin-1"  # ISO 6937, whose letters without accents are the same
    try:
        text = data.decode(encoding, "replace")
    except LookupError:
        return ""
    # 0x86, 0x87: emphasis; 0x8A: a new line.
    return clean_text(text.replace("\x8a", "\n").translate({0x86: None, 0x87: None}))


def _moment(data: bytes) -> datetime | None:
    clock = data[2:].hex()
    if data == b"\xff" * 5 or not clock.isdigit():
        return None
    day = _EPOCH + timedelta(days=int.from_bytes(data[:2], "big"))
    text = f"{day:%Y-%m-%d}T{clock[:2]}:{clock[2:4]}:{clock[4:]}+00:00"
    return parse_moment(text)[0]


def _seconds(data: bytes) -> int:
    digits = data.hex()
    if not digits.isdigit():
        return 0
    return int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
