"""Films with boxes of cameras' and programs' own, for the tests of what is read from them."""

from __future__ import annotations

import struct
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def text(name: bytes, words: str | bytes, language: int = 0x55C4) -> bytes:
    """A text of QuickTime's user data."""
    data = words if isinstance(words, bytes) else words.encode()
    return box(b"\xa9" + name, struct.pack(">2H", len(data), language), data)


def asset(name: bytes, words: str | bytes) -> bytes:
    """A text of 3GPP's asset information."""
    data = words if isinstance(words, bytes) else words.encode() + b"\0"
    return box(name, b"\0\0\0\0\x15\xc7", data)


def film(path: Path, *boxes: bytes) -> Path:
    """A film of a few pictures, its index behind them, with these boxes in it."""
    content = _plain()
    at = content.rindex(b"moov") - 4
    (length,) = struct.unpack_from(">I", content, at)
    within = b"".join(boxes)
    path.write_bytes(
        content[:at] + struct.pack(">I", length + len(within)) + content[at + 4 :] + within
    )
    return path


@cache
def _plain() -> bytes:
    file = BytesIO()
    with av.open(file, "w", format="mov") as output:
        stream = output.add_stream("mpeg4", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 9, np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()
