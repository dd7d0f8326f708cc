"""Parts of files that FFmpeg passes over: RIFF's chunks and ISO media's boxes, by their headers.

Nothing is believed: what lies beyond its parent, repeats without end or is
larger than such a part can be ends the walk, and what was found counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from catalog.media.boxes import Box, boxes
from catalog.media.mxf import MXF_KEY, mxf_parts

_MOST_PARTS = 20_000
_LARGEST = 2_000_000  # bytes of one part that is read
_LARGEST_USER_DATA = 8_000_000  # cameras put a preview or two among its texts
# id: what it is called here. XMP specification part 3; EBU Tech 3285; www.ixml.info;
# AES46 (cart); ITU-R BS.2088 (axml).
_RIFF_PARTS = {b"iXML": "ixml", b"_PMX": "xmp", b"bext": "bext", b"cart": "cart", b"axml": "axml"}
# Sony's Wave64: a chunk's name is longer, and so is its length, which counts both.
_WAVE_64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_REPEATED = ("udta", "mxf")
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_ISO_PARTS = {b"dvcC": "dolby", b"dvvC": "dolby", b"dvwC": "dolby", b"XMP_": "xmp", b"xml ": "xml"}
_ISO_PARTS |= {b"GPMF": "gpmf"}
_PARENTS = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8, b"udta": 0}
# Sample entries of pictures have 78 bytes before their boxes.
_PICTURES = {
    b"avc1",
    b"avc3",
    b"hvc1",
    b"hev1",
    b"dvh1",
    b"dvhe",
    b"dva1",
    b"dvav",
    b"av01",
    b"dav1",
}


def parts_of(path: Path) -> dict[str, bytes]:
    """The parts that say more, by what they are called here.

    ``ixml``, ``xmp``, ``bext``, ``cart``, ``axml`` of RIFF, RF64, BW64 and Wave64; ``xmp``,
    ``xml``, ``dolby``, ``gpmf``, ``udta`` (a film's user data), ``canon`` (its own boxes) of ISO
    media; those of `catalog.media.mxf`.
    """
    found: dict[str, bytes] = {}
    repeated: dict[str, list[bytes]] = {}
    with suppress(OSError, struct.error), path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(12)
        parts = _iso(file)
        if head[:4] in (b"RIFF", b"RF64", b"BW64"):
            parts = _riff(file, size)
        elif head == _WAVE_64[:12]:
            parts = _wave_64(file, size)
        elif head.startswith(MXF_KEY):
            parts = mxf_parts(file, size)
        for name, data in parts:
            if name in _REPEATED:  # programs add one of their own
                each = repeated.setdefault(name, [])
                if sum(map(len, each)) < _LARGEST_USER_DATA:
                    each.append(data)
            else:
                found.setdefault(name, data)
    return found | {name: b"".join(each) for name, each in repeated.items()}


def _riff(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    at, data_size = 12, 0
    for _ in range(_MOST_PARTS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return
        name, length = header[:4], int.from_bytes(header[4:], "little")
        if name == b"ds64":  # EBU Tech 3306: sizes that need more than 32 bits
            data_size = int.from_bytes(file.read(16)[8:], "little")
        elif name in _RIFF_PARTS and length <= _LARGEST:
            yield _RIFF_PARTS[name], file.read(length)
        if name == b"data" and length == 0xFFFFFFFF:
            length = data_size
        at += 8 + length + length % 2
        if at >= size:
            return


def _wave_64(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    at, header = 40, 24
    for _ in range(_MOST_PARTS):
        file.seek(at)
        head = file.read(header)
        length = int.from_bytes(head[16:], "little")
        if len(head) < header or not header <= length <= size - at:
            return
        name = _RIFF_PARTS.get(head[:4])
        if name is not None and length <= _LARGEST:
            yield name, file.read(length - header)
        at += (length + 7) // 8 * 8


def _iso(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    for box in boxes(file, most=_MOST_PARTS, within=_skipped):
        if box.name == b"uuid" and box.head[:16] == _XMP_UUID:
            yield from _read("xmp", file, box.start + 16, box.end)
        elif box.name == b"uuid" and box.head[:16] == _CANON_UUID:
            yield from _read("canon", file, box.start + 16, box.end)
        elif box.name in _ISO_PARTS:
            yield from _read(_ISO_PARTS[box.name], file, box.start, box.end)
        if box.name == b"udta" and box.depth == 1:
            yield from _read("udta", file, box.start, box.end, largest=_LARGEST_USER_DATA)


def _skipped(box: Box) -> int | None:
    """Bytes before the boxes within a box; None if it holds none that are wanted."""
    if box.name == b"meta":
        # ISO's has four bytes of version and flags, QuickTime's has none.
        return 0 if box.head[4:8] in (b"hdlr", b"xml ") else 4
    return 78 if box.name in _PICTURES else _PARENTS.get(box.name)


def _read(
    name: str, file: BinaryIO, start: int, end: int, *, largest: int = _LARGEST
) -> Iterator[tuple[str, bytes]]:
    if end - start <= largest:
        file.seek(start)
        yield name, file.read(end - start)
