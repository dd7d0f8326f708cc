"""Words in boxes of JPEG 2000 (ISO/IEC 15444-1, I.7.2), which Pillow passes over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.media.boxes import boxes

if TYPE_CHECKING:
    from PIL import Image

# As Adobe and ExifTool write them; XMP Specification Part 3, 1.1.5.
_KINDS = {
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
    b"JpgTiffExif->JP2": "exif",
    bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"): "iptc",
    bytes.fromhex("09a14e97c0b442e0bebf36df6f0ce36f"): "iptc",
}
_UUID, _DATA_SET = 16, 5
_MOST_BOXES, _LARGEST = 1000, 4 << 20
_START = b"\0\0\0\x0cjP  "


def note_boxes(image: Image.Image, path: Path) -> None:
    """Put them where other formats have theirs: in ``info``, as ``xmp``, ``exif`` and ``iptc``.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if image.format != "JPEG2000":
        return
    with path.open("rb") as file:
        if file.read(len(_START)) != _START:
            return  # a bare codestream
        for box in boxes(file, most=_MOST_BOXES):
            kind = _KINDS.get(box.head[:_UUID]) if box.name == b"uuid" else None
            if kind is not None and 0 < box.end - box.start - _UUID <= _LARGEST:
                file.seek(box.start + _UUID)
                image.info.setdefault(kind, file.read(box.end - box.start - _UUID))


def iptc_datasets(content: bytes) -> dict[tuple[int, int], list[bytes]]:
    """The data sets of IPTC-IIM (4.2, 1.5), as far as they can be believed."""
    found: dict[tuple[int, int], list[bytes]] = {}
    at = 0
    while content[at : at + 1] == b"\x1c" and len(content) >= at + _DATA_SET:
        record, number = content[at + 1], content[at + 2]
        length = int.from_bytes(content[at + 3 : at + _DATA_SET], "big")
        at += _DATA_SET
        if length & 0x8000:  # the length of the length, which no text needs
            return found
        found.setdefault((record, number), []).append(content[at : at + length])
        at += length
    return found
