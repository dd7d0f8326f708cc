"""Words in PNG's text chunks, GIF's comments and XMP, and Photoshop's resources.

No reader here gives us those: Pillow has PNG's only once the pixels are read, and mixes them with
names of its own; FFmpeg has none of them. Nothing is believed: what is broken ends the walk.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from catalog.media.sidecars.columns import moment
from catalog.media.tags import clean_tags, parse_moment

_PHOTOSHOP = b"8BPS"
# Image resources by number (Adobe Photoshop File Formats Specification).
_RESOURCES = {1028: "iptc", 1058: "exif", 1060: "xmp"}
_MOST_RESOURCES = 5000
_PNG, _GIFS = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
# What PNG (third edition, 11.3.3.2) names, and what programs that make pictures of words write:
# keyword -> FFmpeg's name of such a tag. Other names are programs' own, and say nothing to people.
_KEYWORDS = {
    "Title": "title",
    "Author": "author",
    "Description": "description",
    "Copyright": "copyright",
    "Creation Time": "creation_time",
    "Software": "software",
    "Disclaimer": "disclaimer",
    "Warning": "warning",
    "Source": "source_device",  # `source` would be who is to be credited
    "Comment": "comment",
    "Collection": "collection",
    "parameters": "parameters",
}
_XMP_KEYWORD = b"XML:com.adobe.xmp"
_MOST_CHUNKS, _MOST_BLOCKS, _MOST_TEXTS = 100_000, 500_000, 500
_LONGEST_MOMENT = 100
_LARGEST = 2_000_000  # bytes of one chunk that is read, and of what is unpacked of it
# The application block of GIF that holds XMP (XMP specification part 3, 1.1.2). The packet lies
# bare where blocks would be; a run of falling numbers behind it leads readers out of it.
_XMP_BLOCK, _XMP_TRAILER = b"XMP DataXMP", 258


@dataclass(frozen=True, slots=True)
class PictureTexts:
    """Cleaned texts by FFmpeg's names of tags; an XMP packet, EXIF and IPTC's data sets."""

    tags: dict[str, str] = field(default_factory=dict)
    xmp: bytes = b""
    exif: bytes = b""
    iptc: bytes = b""


def read_picture_texts(path: Path) -> PictureTexts:
    """What a PNG, GIF or PSD says in words, wherever they lie; nothing of any other file."""
    texts: dict[str, str] = {}
    blocks: dict[str, bytes] = {}
    with suppress(OSError), path.open("rb") as file:
        head = file.read(len(_PNG))
        for name, content in _found(file, head):
            if name in _RESOURCES.values():
                blocks.setdefault(name, content)
            else:
                texts.setdefault(name, content.decode("utf-8", "replace"))
    if "creation_time" in texts:
        texts["creation_time"] = _iso(texts["creation_time"][:_LONGEST_MOMENT])
    return PictureTexts(clean_tags(texts), **blocks)


def _found(file: BinaryIO, head: bytes) -> Iterator[tuple[str, bytes]]:
    if head == _PNG:
        return _of_png(file)
    if head[:6] in _GIFS:
        return _of_gif(file)
    return _of_photoshop(file) if head.startswith(_PHOTOSHOP) else iter(())


def _iso(text: str) -> str:
    """A moment as ISO 8601 has it, where it is spelt as mails (which PNG asks for) or EXIF do."""
    if parse_moment(text)[0] is not None:
        return text
    try:
        sent = parsedate_to_datetime(text)
        return (sent if sent.tzinfo is not None else sent.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        found = moment(text)
        return text if found is None else found.replace(tzinfo=None).isoformat()


def _of_png(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Names and UTF-8 texts of the chunks, before the pixels and behind them."""
    texts = 0
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        length, kind = int.from_bytes(header[:4], "big"), header[4:]
        if len(header) < 8 or kind == b"IEND" or texts >= _MOST_TEXTS:
            return
        if kind not in (b"tEXt", b"zTXt", b"iTXt") or length > _LARGEST:
            file.seek(length + 4, 1)
            continue
        texts += 1
        content = file.read(length)
        file.seek(4, 1)
        keyword, _, rest = content.partition(b"\0")
        name = "xmp" if keyword == _XMP_KEYWORD else _KEYWORDS.get(keyword.decode("latin-1"))
        text = _text(kind, rest) if name is not None else None
        if name is not None and text:
            yield name, text


def _text(kind: bytes, rest: bytes) -> bytes | None:
    """The text of a chunk behind its keyword, as UTF-8; None where it cannot be unpacked."""
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        for _ in range(2):  # its language, and the keyword in it
            rest = rest.partition(b"\0")[2]
        return _unpacked(rest) if packed else rest
    text = _unpacked(rest[1:]) if kind == b"zTXt" else rest
    # Latin-1 by the standard; `clean_tags` finds those who wrote UTF-8 all the same.
    return None if text is None else text.decode("latin-1").encode()


def _unpacked(content: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(content, _LARGEST)
    except zlib.error:
        return None


def _of_gif(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """A comment, and XMP, as far as whole blocks follow each other."""
    file.seek(6)
    screen = file.read(7)
    if len(screen) < 7:
        return
    file.seek(_colours(screen[4]), 1)
    packets = 0
    for _ in range(_MOST_BLOCKS):
        kind = file.read(1)
        if kind == b"\x2c":  # a picture: its place, its colours, a byte of its coding
            place = file.read(9)
            file.seek(_colours(place[8]) + 1 if len(place) == 9 else 0, 1)
            _pass_blocks(file)
        elif kind == b"\x21":
            for found in _extension(file, packets):
                packets += found[0] == "xmp"
                if found[1]:
                    yield found
        else:
            return


def _colours(flags: int) -> int:
    """Bytes of the table of colours that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _extension(file: BinaryIO, packets: int) -> Iterator[tuple[str, bytes]]:
    """A comment; XMP, empty where it has no end. It is looked for once: that reads far ahead."""
    label = file.read(1)
    start = file.tell()
    if label == b"\xfe":
        comment = b"".join(_blocks(file))[:_LARGEST]
        yield "comment", comment.decode("latin-1").encode()
        return
    if label == b"\xff" and not packets and file.read(12)[1:] == _XMP_BLOCK:
        content = file.read(_LARGEST)
        end = content.find(b"\x01\xff\xfe")
        yield "xmp", content[: max(0, end)]
        if end >= 0:
            file.seek(start + 12 + end + _XMP_TRAILER)
            return
    file.seek(start)
    _pass_blocks(file)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    for _ in range(_MOST_BLOCKS):
        length = file.read(1)
        if length in (b"", b"\0"):
            return
        yield file.read(length[0])


def _pass_blocks(file: BinaryIO) -> None:
    for _ in _blocks(file):
        pass


def _of_photoshop(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The resources that say who, when and what, before the layers."""
    file.seek(26)
    colours = int.from_bytes(file.read(4), "big")
    file.seek(colours, 1)
    left = int.from_bytes(file.read(4), "big")
    for _ in range(_MOST_RESOURCES):
        head = file.read(7)
        if len(head) < 7 or left < 12 or head[:4] not in (b"8BIM", b"MeSa"):
            return
        named = head[6] + 1 + (head[6] + 1) % 2  # with its length, and even
        file.seek(named - 1, 1)
        length = int.from_bytes(file.read(4), "big")
        name = _RESOURCES.get(int.from_bytes(head[4:6], "big"))
        padded = length + length % 2
        left -= 6 + named + 4 + padded
        if name is None or length > _LARGEST:
            file.seek(padded, 1)
            continue
        content = file.read(padded)[:length]
        if len(content) == length:
            yield name, content
