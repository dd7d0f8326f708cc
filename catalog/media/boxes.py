"""Boxes of ISO media files (ISO/IEC 14496-12, 4.2), QuickTime's atoms and JPEG 2000's boxes.

Nothing is believed: a box that reaches beyond what holds it, or is shorter than its own header,
ends that range, and only so many are looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_HEAD = 24  # bytes of a content that come with the box: an identifier, and a little
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its four letters, where its content begins and ends, and how deep it lies.

    ``depth`` is 0 at the top; ``head`` the beginning of the content, up to 24 bytes.
    """

    name: bytes
    start: int
    end: int
    depth: int
    head: bytes


def box_at(file: BinaryIO, at: int, end: int, depth: int = 0) -> Box | None:
    """The box that begins there, in a range that ends at ``end``; None where none can be."""
    if end - at < 8:
        return None
    file.seek(at)
    header = file.read(16 + _HEAD)
    if len(header) < 8:
        return None
    length, name = struct.unpack_from(">I4s", header)
    content = 8
    if length == 1 and len(header) >= 16:  # it follows in 64 bits
        length, content = struct.unpack_from(">Q", header, 8)[0], 16
    after = at + length if length else end
    start = at + content
    if not start <= after <= end:
        return None
    return Box(name, start, after, depth, header[content : content + min(_HEAD, after - start)])


def boxes(
    file: BinaryIO,
    *,
    most: int,
    within: Callable[[Box], int | None] = lambda _: None,
    deepest: int = _DEEPEST,
) -> Iterator[Box]:
    """Each box of a file, those within it behind it; ``most`` at most.

    ``within`` tells how many bytes of a box's content come before the boxes in it; None where it
    holds none that are wanted.
    """
    # A stack of ranges; the innermost last.
    ranges = [(0, file.seek(0, 2), 0)]
    for _ in range(most):
        box = None
        while ranges and box is None:
            at, end, depth = ranges.pop()
            box = box_at(file, at, end, depth)
        if box is None:
            return
        ranges.append((box.end, end, depth))
        yield box
        before = within(box) if depth < deepest else None
        if before is not None:
            ranges.append((box.start + before, box.end, depth + 1))
