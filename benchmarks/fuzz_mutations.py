"""Ways in which media files get broken: by chance, by transfer, and by who knows the format.

Every mutation takes the file's bytes and a seeded generator of random numbers,
and gives other bytes. Those that know a structure edit lengths and numbers where
readers look for them, and put checksums right, so that the damage gets past the
first check.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Mutation = Callable[[bytes, random.Random], bytes]

# ISO boxes that hold boxes; of `meta` and `stsd` the content begins after a few bytes.
_BOXES_WITHIN = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"edts": 0} | {
    b"udta": 0, b"dinf": 0, b"moof": 0, b"traf": 0, b"mvex": 0, b"meta": 4, b"stsd": 8,
    b"iprp": 0, b"ipco": 0, b"dref": 8,
}  # fmt: skip
_EBML_WITHIN = {0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0xE1, 0x1F43B675, 0xA0} | {
    0x1C53BB6B, 0xBB, 0xB7, 0x114D9B74, 0x4DBB, 0x1043A770, 0x45B9, 0xB6, 0x1A45DFA3,
}  # fmt: skip
_MOST_PARTS = 5000
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file's structure: where it begins, its length field, its content."""

    start: int
    length_at: int
    length_bytes: int
    content: int
    end: int


def parts_of(data: bytes) -> list[Part]:
    """The parts of the container, of those that are understood; else none."""
    if data[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return _iso(data, 0, len(data))
    if data[:4] == b"\x1aE\xdf\xa3":
        return _ebml(data, 0, len(data))
    if data[:4] in {b"RIFF", b"RF64"}:
        return _chunks(data, 12, "<")
    if data[:4] == b"FORM":
        return _chunks(data, 12, ">")
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png(data)
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"\x06\x0e\x2b\x34":
        return _klv(data)
    return []


def _iso(data: bytes, at: int, end: int) -> list[Part]:
    found: list[Part] = []
    while at + 8 <= end and len(found) < _MOST_PARTS:
        length, name = struct.unpack_from(">I4s", data, at)
        stop = min(end, at + length) if length >= 8 else end
        found.append(Part(at, at, 4, at + 8, stop))
        if name in _BOXES_WITHIN:
            found += _iso(data, at + 8 + _BOXES_WITHIN[name], stop)
        at = stop
    return found


def _ebml(data: bytes, at: int, end: int) -> list[Part]:
    found: list[Part] = []
    while at + 2 <= end and len(found) < _MOST_PARTS:
        width = 9 - data[at].bit_length() if data[at] else 9
        if width > 4 or at + width >= end:
            break
        name = int.from_bytes(data[at : at + width], "big")
        size_at = at + width
        size_width = 9 - data[size_at].bit_length() if data[size_at] else 9
        if size_width > 8:
            break
        raw = int.from_bytes(data[size_at : size_at + size_width], "big")
        length = raw & ((1 << (7 * size_width)) - 1)
        content = size_at + size_width
        stop = min(end, content + length)
        found.append(Part(at, size_at, size_width, content, stop))
        if name in _EBML_WITHIN:
            found += _ebml(data, content, stop)
        at = stop
    return found


def _chunks(data: bytes, at: int, order: str) -> list[Part]:
    found = []
    while at + 8 <= len(data) and len(found) < _MOST_PARTS:
        (length,) = struct.unpack_from(f"{order}I", data, at + 4)
        stop = min(len(data), at + 8 + length)
        # The lists of an AVI hold chunks; their own begin after their kind.
        inner = data[at : at + 4] == b"LIST"
        found.append(Part(at, at + 4, 4, at + 8, stop))
        at = at + 12 if inner else stop + (stop & 1)
    return found


def _png(data: bytes) -> list[Part]:
    found, at = [], 8
    while at + 12 <= len(data) and len(found) < _MOST_PARTS:
        (length,) = struct.unpack_from(">I", data, at)
        stop = min(len(data), at + 8 + length)
        found.append(Part(at, at, 4, at + 8, stop))
        at = stop + 4
    return found


def _jpeg(data: bytes) -> list[Part]:
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        found.append(Part(at, at + 2, 2, at + 4, min(len(data), at + 2 + length)))
        at += 2 + max(2, length)
    return found


def _klv(data: bytes) -> list[Part]:
    found, at = [], 0
    while at + 17 <= len(data) and len(found) < _MOST_PARTS:
        first = data[at + 16]
        width = first & 0x7F if first & 0x80 else 0
        length = int.from_bytes(data[at + 17 : at + 17 + width], "big") if width else first
        content = at + 17 + width
        stop = min(len(data), content + length)
        found.append(Part(at, at + 16, 1 + width, content, stop))
        at = stop
    return found


# --- mutations --------------------------------------------------------------------


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    """Some bits, in the head, at the end or anywhere."""
    broken = bytearray(data)
    reach = rng.choice([min(len(data), 512), min(len(data), 8192), len(data)])
    for _ in range(rng.choice([1, 4, 16, 64])):
        broken[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(broken)


def overwrite(data: bytes, rng: random.Random) -> bytes:
    """A run of zeros, ones or noise, as a bad sector leaves."""
    at = rng.randrange(len(data))
    length = min(len(data) - at, rng.choice([4, 64, 512, 4096, 65536]))
    filling = rng.choice([b"\0" * length, b"\xff" * length, rng.randbytes(length)])
    return data[:at] + filling + data[at + length :]


def truncate(data: bytes, rng: random.Random) -> bytes:
    """The beginning only, as of a transfer that broke off."""
    share = rng.choice([rng.random(), rng.random() ** 4, 1 - rng.random() ** 4])
    return data[: max(1, int(len(data) * share))]


def behead(data: bytes, rng: random.Random) -> bytes:
    """The end only."""
    return data[min(len(data) - 1, int(len(data) * rng.random() ** 3)) :]


def _piece(data: bytes, rng: random.Random) -> tuple[int, int]:
    at = rng.randrange(len(data))
    return at, min(len(data), at + rng.choice([1, 16, 188, 1024, 32768]))


def delete(data: bytes, rng: random.Random) -> bytes:
    """Without a piece."""
    start, end = _piece(data, rng)
    return data[:start] + data[end:] or b"\0"


def duplicate(data: bytes, rng: random.Random) -> bytes:
    """A piece several times."""
    start, end = _piece(data, rng)
    return data[:start] + data[start:end] * rng.choice([2, 3, 20]) + data[end:]


def swap(data: bytes, rng: random.Random) -> bytes:
    """Two pieces in each other's place."""
    (a, b), (c, d) = sorted([_piece(data, rng), _piece(data, rng)])
    if b > c:
        return duplicate(data, rng)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def edit_number(data: bytes, rng: random.Random) -> bytes:
    """A number of the head, set to one that readers trip over."""
    broken = bytearray(data)
    width = rng.choice([1, 2, 4, 8])
    at = rng.randrange(max(1, min(len(data), 4096) - width))
    value = rng.choice([*_EXTREMES, rng.getrandbits(8 * width), 10**18])
    value &= (1 << (8 * width)) - 1
    broken[at : at + width] = value.to_bytes(width, rng.choice(["big", "little"]))
    return bytes(broken)


def edit_part(data: bytes, rng: random.Random) -> bytes:
    """A length, or a number within, of one part of the container."""
    parts = parts_of(data)
    if not parts:
        return edit_number(data, rng)
    part = rng.choice(parts)
    broken = bytearray(data)
    if rng.random() < 0.4:
        at, width = part.length_at, part.length_bytes
    else:
        width = rng.choice([1, 2, 4, 8])
        reach = min(part.end, part.content + 128) - width
        at = rng.randint(part.content, max(part.content, reach))
    value = rng.choice([*_EXTREMES, rng.getrandbits(8 * width)]) & ((1 << (8 * width)) - 1)
    broken[at : at + width] = value.to_bytes(width, "big")
    return _checked(bytes(broken))


def move_part(data: bytes, rng: random.Random) -> bytes:
    """One part of the container left out, twice, many times, or elsewhere."""
    parts = parts_of(data)
    if not parts:
        return swap(data, rng)
    part, other = rng.choice(parts), rng.choice(parts)
    whole = data[part.start : part.end]
    way = rng.randrange(4)
    if way == 0:
        return data[: part.start] + data[part.end :] or b"\0"
    if way == 1:
        return data[: part.end] + whole + data[part.end :]
    if way == 2 and len(whole) < 4096:
        return data[: part.end] + whole * 500 + data[part.end :]
    return data[: other.start] + whole + data[other.start :]


def _checked(data: bytes) -> bytes:
    """A PNG with its checksums put right; anything else as it is."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return data
    fixed = bytearray(data)
    for part in _png(data):
        if part.end + 4 <= len(data):
            check = zlib.crc32(data[part.start + 4 : part.end])
            struct.pack_into(">I", fixed, part.end, check)
    return bytes(fixed)


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits, overwrite, truncate, behead, delete, duplicate, swap,
    edit_number, edit_part, edit_part, edit_part, move_part, move_part,
)  # fmt: skip


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to three mutations; now and then first joined to another file."""
    if rng.random() < 0.08:
        data = data[: rng.randint(1, len(data))] + other[rng.randrange(len(other)) :]
    for _ in range(rng.choice([1, 1, 2, 3])):
        data = rng.choice(MUTATIONS)(data, rng)
    return data
