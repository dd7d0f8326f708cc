"""Cameras' raw pictures that are no plain TIFF: where CR3, RAF, ORF and others keep their previews.

None of these is documented by its maker. What is read here is what the descriptions of ExifTool,
libraw and L. Clévy agree on: Fujifilm's header points to a whole JPEG; Olympus' and Panasonic's
files are TIFF under another first word; Canon's CR3 is an ISO media file; Minolta's holds a TIFF
with EXIF in a block; Sigma's begins with the sensor's size. ARRIRAW holds no preview.
"""

from __future__ import annotations

import io
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from catalog.media.boxes import Box, boxes

if TYPE_CHECKING:
    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

_JPEG = b"\xff\xd8\xff"
_LARGEST_PREVIEW = 64_000_000  # bytes
_MOST_LOOKED_AT, _MOST_BOXES, _DEEPEST = 32, 2000, 6
_RAF = b"FUJIFILMCCD-RAW "
_OLYMPUS = (b"IIRO", b"IIRS", b"MMOR")
_PANASONIC = b"IIU\0"
_MINOLTA, _SIGMA, _ARRI = b"\0MRM", b"FOVb", (b"ARRI\x12\x34\x56\x78", b"ARRI\x78\x56\x34\x12")
# How a JPEG goes on whose first byte a Minolta wrote over: with a table, or EXIF.
_GOES_ON = (b"\xd8\xff\xdb", b"\xd8\xff\xe1")
_PLAIN = {b"I": b"II*\0", b"M": b"MM\0*"}
_JPEG_FROM_RAW = 0x2E  # Panasonic's tag
_EXIF_BLOCK, _GPS_BLOCK = 0x8769, 0x8825
_CANON_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_PREVIEW_UUID = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


@dataclass(slots=True)
class RawParts:
    """What a raw file holds beside the sensor's values.

    ``previews`` are JPEGs, none yet known to decode; ``exif`` the file's, None where the
    preview's own is; ``sensor`` its size, where the file says.
    """

    format: str
    previews: list[bytes] = field(default_factory=list)
    exif: Image.Exif | None = None
    sensor: dict[str, Any] = field(default_factory=dict)


def raw_format(head: bytes) -> str | None:
    """Which format bytes begin: ``cr3``, ``raf``, ``orf``, ``rw2``, ``mrw``, ``x3f``, ``ari``."""
    if head.startswith(_RAF):
        return "raf"
    if head[4:12] == b"ftypcrx ":
        return "cr3"
    if head[:4] in _OLYMPUS:
        return "orf"
    if head.startswith(_ARRI):
        return "ari"
    others = {_PANASONIC: "rw2", _MINOLTA: "mrw", _SIGMA: "x3f"}
    return others.get(head[:4])


def raw_parts(path: Path, form: str) -> RawParts:
    """What a file of one of the formats holds, as far as its structure can be followed."""
    parts = RawParts(form)
    readers = {
        "raf": _fujifilm, "cr3": _canon, "orf": _olympus, "rw2": _panasonic, "mrw": _minolta,
        "x3f": _sigma,
    }  # fmt: skip
    read = readers.get(form)
    if read is None:
        return parts
    with path.open("rb") as file, suppress(struct.error, ValueError, OverflowError):
        read(file, parts)
    return parts


def _fujifilm(file: BinaryIO, parts: RawParts) -> None:
    head = file.read(108)
    at, length, table, _ = struct.unpack_from(">4I", head, 84)
    parts.previews += _piece(file, at, length)
    file.seek(table)
    (count,) = struct.unpack(">I", file.read(4))
    for _ in range(min(count, 256)):
        tag, size = struct.unpack(">2H", file.read(4))
        value = file.read(size)
        if tag == 0x0100:  # of the whole picture: height before width
            height, width = struct.unpack_from(">2H", value)
            parts.sensor = {"width": width, "height": height}


def _panasonic(file: BinaryIO, parts: RawParts) -> None:
    with _as_tiff(file) as (_, directory):
        value = directory.get(_JPEG_FROM_RAW)
        if isinstance(value, bytes):
            parts.previews.append(value)
        edges = [directory.get(tag) for tag in (4, 5, 6, 7)]  # top, left, bottom, right
        if all(isinstance(each, int) for each in edges):
            top, left, bottom, right = (int(each) for each in edges if each is not None)
            parts.sensor = _size(right - left, bottom - top)


def _olympus(file: BinaryIO, parts: RawParts) -> None:
    with _as_tiff(file) as (content, directory):
        parts.sensor = _size(directory.get(256), directory.get(257))
        content.seek(0)
        parts.exif = _whole_exif(cast("IO[bytes]", content))
        # The maker's own notes say where the preview is, in a way of each model's.
        parts.previews += _jpegs(content)


def _minolta(file: BinaryIO, parts: RawParts) -> None:
    (length,) = struct.unpack_from(">I", file.read(8), 4)
    blocks = file.read(min(length, _LARGEST_PREVIEW))
    at = 0
    for _ in range(_MOST_LOOKED_AT):
        name, size = blocks[at : at + 4], int.from_bytes(blocks[at + 4 : at + 8], "big")
        block = blocks[at + 8 : at + 8 + size]
        if name == b"\0PRD":  # of the sensor: height before width
            height, width = struct.unpack_from(">2H", block.ljust(12, b"\0"), 8)
            parts.sensor = _size(width, height)
        elif name == b"\0TTW":
            parts.exif = _whole_exif(io.BytesIO(block))
        at += 8 + size
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for each in _GOES_ON:
            parts.previews += [b"\xff" + piece for piece in _jpegs(content, each)]


def _sigma(file: BinaryIO, parts: RawParts) -> None:
    major, width, height = struct.unpack_from("<2xH20x2I", file.read(64), 4)
    if major < 4:  # the header of later ones is longer, in a way that nobody describes
        parts.sensor = _size(width, height)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        parts.previews += _jpegs(content)


def _jpegs(content: mmap.mmap, begins: bytes = _JPEG) -> Iterator[bytes]:
    """What lies at each place where a JPEG may begin; the first few."""
    at = content.find(begins)
    for _ in range(_MOST_LOOKED_AT):
        if at < 0:
            return
        yield content[at : at + _LARGEST_PREVIEW // 4]
        at = content.find(begins, at + 1)


def _whole_exif(content: IO[bytes]) -> Image.Exif | None:
    """The EXIF of a TIFF; None if it is broken."""
    from PIL import Image  # noqa: PLC0415

    exif = Image.Exif()
    with suppress(Exception):  # Pillow's reader raises anything
        exif.load_from_fp(content)
        exif.get_ifd(_EXIF_BLOCK), exif.get_ifd(_GPS_BLOCK)
        return exif
    return None


def _size(width: Any, height: Any) -> dict[str, Any]:  # noqa: ANN401  # a tag's value
    if not (isinstance(width, int) and isinstance(height, int)):
        return {}
    return {"width": width, "height": height} if 0 < width < 1e6 and 0 < height < 1e6 else {}


@contextmanager
def _as_tiff(file: BinaryIO) -> Iterator[tuple[mmap.mmap, ImageFileDirectory_v2]]:
    """The file with TIFF's own first word, which its makers changed, and its first directory."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2  # noqa: PLC0415

    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as content:
        content[:4] = _PLAIN[content[:1]]
        directory = ImageFileDirectory_v2(content[:8])
        content.seek(directory.next)
        with suppress(Exception):  # Pillow's reader raises anything
            directory.load(cast("IO[bytes]", content))
        yield content, directory


def _canon(file: BinaryIO, parts: RawParts) -> None:
    blocks: dict[bytes, bytes] = {}
    sizes: list[int] = []
    for box in boxes(file, most=_MOST_BOXES, within=_within, deepest=_DEEPEST):
        name, start, end = box.name, box.start, box.end
        if name in (b"CMT1", b"CMT2", b"CMT4"):
            blocks[name] = _read(file, start, end)
        elif name == b"PRVW":
            content = _read(file, start, end)
            parts.previews += [content[at:] for at in (content.find(_JPEG),) if at >= 0]
        elif name == b"stsz":
            fixed, count, first = struct.unpack(
                ">4x3I", _read(file, start, start + 16).ljust(16, b"\0")
            )
            sizes.append(fixed or (first if count else 0))
        elif name == b"co64" and sizes:
            at = struct.unpack_from(">Q", _read(file, start, start + 16), 8)[0]
            parts.previews += _piece(file, at, sizes.pop())
    parts.exif = canon_exif(blocks)
    if parts.exif is not None:
        parts.sensor = _size(parts.exif.get(256), parts.exif.get(257))


def canon_exif(blocks: dict[bytes, bytes]) -> Image.Exif | None:
    """EXIF put together of the three blocks among a Canon's boxes: CMT1, CMT2 and CMT4."""
    from PIL import Image  # noqa: PLC0415

    found: dict[bytes, Image.Exif] = {}
    for name, block in blocks.items():
        exif = Image.Exif()
        with suppress(Exception):  # Pillow's reader raises anything
            exif.load(b"Exif\0\0" + block)
            found[name] = exif
    whole = found.get(b"CMT1")
    if whole is not None:
        for name, tag in ((b"CMT2", _EXIF_BLOCK), (b"CMT4", _GPS_BLOCK)):
            whole._ifds[tag] = dict(found[name]) if name in found else {}
    return whole


def _within(box: Box) -> int | None:
    """Bytes before the boxes within a box; None if it holds none that are wanted."""
    if box.name == b"uuid":
        return {_CANON_UUID: 16, _PREVIEW_UUID: 24}.get(box.head[:16])
    return 0 if box.name in _PARENTS else None


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    if not 0 < end - start <= _LARGEST_PREVIEW:
        return b""
    file.seek(start)
    return file.read(end - start)


def _piece(file: BinaryIO, at: int, length: int) -> list[bytes]:
    """A JPEG that lies there; none if what lies there is none."""
    piece = _read(file, at, at + length)
    return [piece] if piece.startswith(_JPEG) else []
