"""What FFmpeg leaves unread in the tags of MP3 files: timed lyrics, those of ID3v2.2, and APEv2.

Of a text of ID3v2.4 that has several values, two artists for one, FFmpeg reads the first alone.

ID3v2 stands before the sound (id3.org: id3v2-00, id3v2.3.0, id3v2.4.0-structure), APEv2 behind it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HEADER, _LONGEST_TAG = 10, 1 << 22
_MOST_FRAMES, _MOST_LINES, _MOST_ITEMS, _MOST_VALUES = 1000, 5000, 200, 100
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
_CODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_MILLISECONDS = 2
# How FFmpeg calls texts of which there may be several; others by their own names.
_SEVERAL = {
    b"TPE1": "artist", b"TPE2": "album_artist", b"TPE3": "performer", b"TCOM": "composer",
    b"TCON": "genre", b"TPUB": "publisher", b"TCOP": "copyright", b"TIT2": "title",
}  # fmt: skip
_SUNG = frozenset({0, 1, 2})  # not said what, lyrics, a transcript; neither chords nor remarks
_APE, _APE_FOOTER, _ID3V1 = b"APETAGEX", 32, 128
_NO_TEXT = 0x06  # of an item's flags: bytes, or an address


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a version writes its frames: lengths of name and size, seven bits a byte or eight."""

    name: int
    size: int
    flags: int
    safe: bool
    changed: int  # flags of what is compressed or encrypted
    grouped: int  # the flag of what begins with a byte that names its group

    def length(self, content: bytes) -> int:
        return _syncsafe(content) if self.safe else int.from_bytes(content, "big")


_LAYOUTS = {
    2: _Layout(3, 3, 0, safe=False, changed=0, grouped=0),
    3: _Layout(4, 4, 2, safe=False, changed=0xC0, grouped=0x20),
    4: _Layout(4, 4, 2, safe=True, changed=0x0C, grouped=0x40),
}
_HAS_LENGTH, _HAS_NOUGHTS = 0x01, 0x02  # of a frame of version 4


def read_id3(path: Path) -> dict[str, str]:
    """Tags by FFmpeg's names: ``lyrics-eng``, ``syncedlyrics`` as LRC has them, and APE's items.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        frames = list(_tag_frames(file))
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST_TAG // 4))
        tail = file.read()
    return dict(_ape_items(tail)) | dict(_lyrics(frames))


def with_all_values(path: Path, told: Mapping[str, str]) -> dict[str, str]:
    """FFmpeg's tags of an MP3 file, with all values of a text where it has the first alone.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        several = dict(_several(_tag_frames(file, versions=(4,))))
    return {
        name: all_of if (all_of := several.get(name.lower(), "")).startswith(value) else value
        for name, value in told.items()
    }


def _syncsafe(content: bytes) -> int:
    value = 0
    for each in content:
        value = value << 7 | each & 0x7F
    return value


def _tag_frames(
    file: BinaryIO, versions: Collection[int] = tuple(_LAYOUTS)
) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the frames before the sound."""
    file.seek(0)
    head = file.read(_HEADER)
    if head[:3] != b"ID3" or head[3] not in versions:
        return
    body = file.read(min(_syncsafe(head[6:10]), _LONGEST_TAG))
    version, flags = head[3], head[5]
    if version in (2, 3) and flags & _UNSYNCHRONISED:
        body = body.replace(b"\xff\x00", b"\xff")
    if version in (3, 4) and flags & _EXTENDED:
        layout = _LAYOUTS[version]
        body = body[layout.length(body[:4]) + (4 if version == 3 else 0) :]
    yield from _frames(_LAYOUTS[version], body)


def _several(frames: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    """Texts of several values, which version 4 parts with noughts."""
    for frame, content in frames:
        if not frame.startswith(b"T") or not content:
            continue
        values: list[str] = []
        at = 1
        while at < len(content) and len(values) < _MOST_VALUES:
            value, at = _text(content[0], content, at)
            values.append(value.strip("\ufeff "))
        name = _SEVERAL.get(frame, frame.decode("latin-1"))
        if frame == b"TXXX":
            name, values = values[0] if values else "", values[1:]
        if name and len(values := list(filter(None, values))) > 1:
            yield name.lower(), "; ".join(dict.fromkeys(values))


def _lyrics(frames: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    for name, content in frames:
        if name == b"ULT" and len(content) > 4:  # FFmpeg reads the later USLT
            language = content[1:4].decode("latin-1").strip("\0 ").lower()
            _, at = _text(content[0], content, 4)
            yield f"lyrics-{language or 'xxx'}", _text(content[0], content, at)[0]
        elif name in (b"SYLT", b"SLT") and (timed := "\n".join(_timed(content))):
            yield "syncedlyrics", timed


def _frames(layout: _Layout, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, header = 0, layout.name + layout.size + layout.flags
    for _ in range(_MOST_FRAMES):
        first = body[at : at + header]
        if len(first) < header or not first[0]:
            return
        size = layout.length(first[layout.name : layout.name + layout.size])
        content = body[at + header : at + header + size]
        at += header + size
        flags = first[-1] if layout.flags else 0
        if flags & layout.changed:
            continue
        if flags & layout.grouped:
            content = content[1:]
        if layout.safe and flags & _HAS_LENGTH:
            content = content[4:]
        if layout.safe and flags & _HAS_NOUGHTS:
            content = content.replace(b"\xff\x00", b"\xff")
        yield first[: layout.name], content


def _text(coding: int, content: bytes, start: int) -> tuple[str, int]:
    """Text from a place up to its end, and where what follows it begins."""
    wide = 2 if coding in (1, 2) else 1
    end = content.find(bytes(wide), start)
    while end >= 0 and (end - start) % wide:  # half of each of two letters
        end = content.find(bytes(wide), end + 1)
    end = len(content) - (len(content) - start) % wide if end < 0 else end
    name = _CODINGS[coding] if coding < len(_CODINGS) else _CODINGS[0]
    return content[start:end].decode(name, "replace"), end + wide


def _timed(content: bytes) -> Iterator[str]:
    """The lines of a frame of timed lyrics, as LRC writes them."""
    if len(content) < 7 or content[4] != _MILLISECONDS or content[5] not in _SUNG:
        return
    coding = content[0]
    _, at = _text(coding, content, 6)
    for _ in range(_MOST_LINES):
        words, time = _text(coding, content, at)
        at = time + 4
        if at > len(content):
            return
        minutes, milliseconds = divmod(int.from_bytes(content[time:at], "big"), 60_000)
        if minutes < 1000:  # what LRC has room for
            line = " ".join(words.split())
            yield f"[{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}]{line}"


def _ape_items(tail: bytes) -> Iterator[tuple[str, str]]:
    """Texts of an APEv2 tag at the end of a file, before an ID3v1 tag if there is one."""
    end = len(tail) - (_ID3V1 if tail[-_ID3V1:].startswith(b"TAG") else 0)
    footer = tail[max(0, end - _APE_FOOTER) : end]
    if len(footer) < _APE_FOOTER or not footer.startswith(_APE):
        return
    size, count = (int.from_bytes(footer[at : at + 4], "little") for at in (12, 16))
    if not _APE_FOOTER <= size <= end:
        return
    items = tail[end - size : end - _APE_FOOTER]
    for _ in range(min(count, _MOST_ITEMS)):
        length, flags = (int.from_bytes(items[at : at + 4], "little") for at in (0, 4))
        name, _, rest = items[8:].partition(b"\0")
        if not name:
            return
        if not flags & _NO_TEXT:
            words = rest[:length].decode("utf-8", "replace")
            yield name.decode("ascii", "replace").lower(), words.replace("\0", "; ")
        items = rest[length:]
