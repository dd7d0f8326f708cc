"""Markers and annotations of AIFF and AIFF-C, which FFmpeg passes over, or keeps the last of.

Apple, Audio Interchange File Format 1.3 and AIFF-C (1991).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catalog.media.tags import clean_text

_FORMS = (b"AIFF", b"AIFC")
_MOST_CHUNKS, _MOST_MARKERS, _MOST_NOTES, _LARGEST = 20_000, 2000, 50, 2_000_000
_MARKER = 6  # bytes before its name: its number, and the sample frame that it stands before


@dataclass(frozen=True, slots=True)
class Marker:
    """A name at a sample frame; the name may be empty."""

    at: int
    name: str


def aiff_markers(path: Path) -> list[Marker]:
    """The markers of an AIFF file by time; none of any other file."""
    found = (each for name, body in _chunks(path) if name == b"MARK" for each in _markers(body))
    return sorted(islice(found, _MOST_MARKERS), key=lambda each: each.at)


def aiff_notes(path: Path) -> list[str]:
    """All annotations of an AIFF file, of which FFmpeg tells the last."""
    notes = (_words(body) for name, body in _chunks(path) if name == b"ANNO")
    return list(dict.fromkeys(islice(filter(None, notes), _MOST_NOTES)))


def _chunks(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Those of words, wherever they stand; what lies beyond the file's end ends the walk."""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"FORM" or head[8:] not in _FORMS:
            return
        at = len(head)
        for _ in range(_MOST_CHUNKS):
            file.seek(at)
            header = file.read(8)
            if len(header) < 8:
                return
            name, length = header[:4], int.from_bytes(header[4:], "big")
            if name in (b"MARK", b"ANNO") and length <= _LARGEST:
                yield name, file.read(length)
            at += 8 + length + length % 2


def _markers(body: bytes) -> Iterator[Marker]:
    at = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        head = body[at : at + _MARKER + 1]
        length = head[_MARKER] if len(head) > _MARKER else 0
        name = body[at + _MARKER + 1 : at + _MARKER + 1 + length]
        if len(head) <= _MARKER or len(name) < length:
            return
        yield Marker(int.from_bytes(head[2:_MARKER], "big"), _words(name))
        at += _MARKER + 1 + length + (1 + length) % 2


def _words(content: bytes) -> str:
    """UTF-8, or the Macintosh's own characters, in which the format was made."""
    content = content.rstrip(b"\0")
    with suppress(UnicodeDecodeError):
        return clean_text(content.decode("utf-8"))
    return clean_text(content.decode("mac_roman" if _of_mac(content) else "cp1252", "replace"))


def _of_mac(content: bytes) -> bool:
    """Whether its letters beyond ASCII are Mac OS Roman's, not those of Windows-1252."""
    beyond = [each for each in content if each > 0x7F]
    return sum(each < 0xA0 for each in beyond) * 2 >= len(beyond)
