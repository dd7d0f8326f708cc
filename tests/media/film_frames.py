"""Writes DPX and OpenEXR files as scanners and renderers do, headers and all."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_UNKNOWN = b"\xff"


def dpx(path: Path, codes: np.ndarray, *, order: str = ">", **said: object) -> Path:
    """Ten bits of RGB, shape (height, width, 3), packed as film scanners pack them.

    ``said`` are fields of the header: ``transfer``, ``timecode`` (eight hexadecimal
    digits), ``film_rate``, texts.
    """
    height, width = codes.shape[:2]
    head = bytearray(_UNKNOWN * 2048)
    struct.pack_into(
        f"{order}4sI8sI", head, 0, b"SDPX", 2048, b"V2.0\0\0\0\0", 2048 + 4 * width * height
    )
    if order == "<":
        head[:4] = b"XPDS"
    struct.pack_into(f"{order}HHII", head, 768, 0, 1, width, height)
    struct.pack_into(f"{order}I", head, 780, 0)
    head[800:804] = bytes((50, int(str(said.get("transfer", 2))), 2, 10))
    struct.pack_into(f"{order}HHIII", head, 804, 1, 0, 2048, 0, 0)
    texts = {
        "file_name": (36, 100), "creator": (160, 100), "project": (260, 200),
        "copyright": (460, 200), "source_created": (1532, 24), "input_device": (1556, 32),
        "input_serial": (1588, 32), "film_id": (1664, 2), "film_type": (1666, 2),
        "offset": (1668, 2), "prefix": (1670, 6), "count": (1676, 4), "slate": (1764, 100),
    }  # fmt: skip
    for name, (at, length) in texts.items():
        if name in said:
            head[at : at + length] = str(said[name]).encode()[:length].ljust(length, b"\0")
    if "film_rate" in said:
        struct.pack_into(f"{order}f", head, 1724, float(str(said["film_rate"])))
    if "timecode" in said:
        struct.pack_into(f"{order}I", head, 1920, int(str(said["timecode"]), 16))
    red, green, blue = (codes[:, :, at].astype(np.uint32) for at in range(3))
    words = (red << 22 | green << 12 | blue << 2).astype(f"{order}u4")
    path.write_bytes(bytes(head) + words.tobytes())
    return path


def cineon(path: Path, codes: np.ndarray, *, order: str = ">", bits: int = 10) -> Path:
    """The same picture as Kodak's scanners wrote it, shape (height, width, 3)."""
    height, width = codes.shape[:2]
    head = bytearray(2048)
    head[:4] = b"\x80\x2a\x5f\xd7" if order == ">" else b"\xd7\x5f\x2a\x80"
    struct.pack_into(f"{order}I", head, 4, 2048)
    head[193] = 3
    for element in range(3):
        struct.pack_into(
            f"{order}4B2I", head, 196 + 28 * element, 0, element + 1, bits, 0, width, height
        )
    head[680:682] = bytes((0, 5))
    texts = {720: "scan.0001.cin", 820: "1999:02:03", 832: "10:20:30EST", 844: "Cineon Genesis",
             908: "LFS-1", 1036: "Academy", 1108: "Scene 12 take 3"}  # fmt: skip
    for at, text in texts.items():
        head[at : at + len(text)] = text.encode()
    struct.pack_into(f"{order}2I", head, 1028, 12_345, 678)
    struct.pack_into(f"{order}f", head, 1072, 24.0)
    red, green, blue = (codes[:, :, at].astype(np.uint32) for at in range(3))
    words = (red << 22 | green << 12 | blue << 2).astype(f"{order}u4")
    path.write_bytes(bytes(head) + words.tobytes())
    return path


def attribute(name: str, kind: str, value: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value


def exr(path: Path, channels: Mapping[str, np.ndarray], *further: bytes, flags: int = 0) -> Path:
    """Channels of 32-bit floats, shape (height, width) each, uncompressed, line by line."""
    height, width = next(iter(channels.values())).shape
    names = sorted(channels)
    listed = b"".join(n.encode() + b"\0" + struct.pack("<iIii", 2, 0, 1, 1) for n in names) + b"\0"
    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | flags)
    head += attribute("channels", "chlist", listed)
    head += attribute("compression", "compression", b"\0")
    head += attribute("dataWindow", "box2i", box) + attribute("displayWindow", "box2i", box)
    head += attribute("lineOrder", "lineOrder", b"\0")
    head += attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    head += attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0))
    head += attribute("screenWindowWidth", "float", struct.pack("<f", 1))
    head += b"".join(further) + b"\0"
    line = 4 * width * len(names)
    first = len(head) + 8 * height
    offsets = b"".join(struct.pack("<Q", first + y * (8 + line)) for y in range(height))
    lines = b"".join(
        struct.pack("<ii", y, line)
        + b"".join(channels[n][y].astype("<f4").tobytes() for n in names)
        for y in range(height)
    )
    path.write_bytes(head + offsets + lines)
    return path
