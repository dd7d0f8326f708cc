"""What a list by score has shown, as few bytes: a cursor of it goes through a URL."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

from catalog.store.search.passed import MOST, Passed

# With what else a cursor says, in base64, these are under 4,000 characters: proxies take a line of
# an address, or of a header, of twice that.
ROOM = 2800
# How a value is written, in two bits of an entry's first byte.
_NONE, _SINGLE, _DOUBLE = range(3)
_FORMATS = {_SINGLE: struct.Struct("<f"), _DOUBLE: struct.Struct("<d")}
# Each byte of a number has seven bits of it, the lowest first, and one that says it goes on.
_BITS = 7


def pack(passed: Iterable[Passed]) -> bytes:
    """The entries one after another, each value bit for bit; those behind `ROOM` are left out."""
    packed = bytearray()
    for one in passed:
        entry = _entry(one)
        if len(packed) + len(entry) > ROOM:
            break
        packed += entry
    return bytes(packed)


def unpack(packed: bytes, values: int) -> tuple[Passed, ...]:
    """What `pack` was given, each with so many values.

    Raises
    ------
    ValueError
        If `pack` wrote no such bytes.
    """
    if len(packed) > ROOM:
        raise ValueError(f"{len(packed)} bytes; expected {ROOM} at most")
    read: list[Passed] = []
    at = 0
    while at < len(packed):
        if len(read) == MOST:
            raise ValueError(f"more entries than {MOST}")
        one, at = _read(packed, at, values)
        read.append(one)
    return tuple(read)


def _entry(one: Passed) -> bytes:
    kinds, written = 0, b""
    for at, value in enumerate(one.values):
        kind = _kind(value)
        kinds |= kind << 2 * at
        if kind != _NONE:
            written += _FORMATS[kind].pack(value)
    return bytes([kinds]) + written + _number(one.asset_id) + _number(one.clip_id)


def _kind(value: float | None) -> int:
    if value is None:
        return _NONE
    single = _FORMATS[_SINGLE]
    # No rank and no cosine is beyond what single precision can hold; if it were, it says so.
    try:
        return _SINGLE if single.unpack(single.pack(value))[0] == value else _DOUBLE
    except OverflowError:
        return _DOUBLE


def _number(number: int) -> bytes:
    written = bytearray()
    while number >> _BITS:
        written.append(number & (1 << _BITS) - 1 | 1 << _BITS)
        number >>= _BITS
    written.append(number)
    return bytes(written)


def _read(packed: bytes, at: int, count: int) -> tuple[Passed, int]:
    kinds = packed[at]
    if kinds >> 2 * count:
        raise ValueError("more values than there are")
    at += 1
    values: list[float | None] = []
    for each in range(count):
        kind = kinds >> 2 * each & 3
        if kind == _NONE:
            values.append(None)
            continue
        if kind not in _FORMATS or at + _FORMATS[kind].size > len(packed):
            raise ValueError("no value")
        (value,) = _FORMATS[kind].unpack_from(packed, at)
        # A vector of zeros has no cosine, and is shown with NaN.
        if math.isinf(value):
            raise ValueError("an infinite value")
        values.append(value)
        at += _FORMATS[kind].size
    asset_id, at = _read_number(packed, at)
    clip_id, at = _read_number(packed, at)
    return Passed(tuple(values), asset_id, clip_id), at


def _read_number(packed: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(packed[at : at + 9]):
        number |= (byte & (1 << _BITS) - 1) << _BITS * place
        if not byte >> _BITS:
            return number, at + place + 1
    raise ValueError("no number")
