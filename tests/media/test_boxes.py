"""Boxes of ISO media files: what nests, what lies, what never ends."""

from __future__ import annotations

import io
import struct

import pytest

from catalog.media.boxes import Box, box_at, boxes


def box(name: bytes, content: bytes = b"", *, length: int | None = None) -> bytes:
    return struct.pack(">I4s", len(content) + 8 if length is None else length, name) + content


def long_box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, name, len(content) + 16) + content


def listed(content: bytes, most: int = 100, deepest: int = 8) -> list[tuple[bytes, int, bytes]]:
    def within(each: Box) -> int | None:
        return {b"moov": 0, b"meta": 4}.get(each.name)

    found = boxes(io.BytesIO(content), most=most, within=within, deepest=deepest)
    return [(each.name, each.depth, each.head) for each in found]


def test_boxes_come_in_the_files_order_with_those_within_behind_them():
    content = (
        box(b"ftyp", b"isom")
        + box(b"moov", box(b"mvhd", b"one") + box(b"meta", b"\0\0\0\0" + box(b"hdlr")))
        + long_box(b"mdat", b"x" * 100)
        + box(b"free", b"to the end", length=0)
    )
    assert [(name, depth) for name, depth, _ in listed(content)] == [
        (b"ftyp", 0),
        (b"moov", 0),
        (b"mvhd", 1),
        (b"meta", 1),
        (b"hdlr", 2),
        (b"mdat", 0),
        (b"free", 0),
    ]
    heads = {name: head for name, _, head in listed(content)}
    assert heads[b"mvhd"] == b"one", "and nothing of what follows"
    assert heads[b"mdat"] == b"x" * 24
    assert heads[b"free"] == b"to the end"
    assert len(listed(content, most=3)) == 3
    assert (b"hdlr", 2, b"") not in listed(content, deepest=1)


@pytest.mark.parametrize(
    "lie",
    [
        box(b"mvhd", length=5),  # shorter than its header: its content would be of -3 bytes
        box(b"mvhd", length=7),
        box(b"mvhd", length=500),  # beyond what holds it
        struct.pack(">I4sQ", 1, b"mvhd", 9),
        struct.pack(">I4s", 1, b"mvhd"),
        b"\0\0\0",
    ],
)
def test_a_lie_ends_its_range_alone(lie: bytes):
    content = box(b"moov", box(b"trak") + lie) + box(b"free")
    assert [name for name, *_ in listed(content)] == [b"moov", b"trak", b"free"]
    assert box_at(io.BytesIO(lie), 0, len(lie)) is None
    assert listed(lie) == []
