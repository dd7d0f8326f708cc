"""What MP4 and QuickTime say of a track whose codec nothing here knows: its four letters.

PyAV tells nothing of such a stream but that it is there. Its sample entry (ISO/IEC 14496-12, 8.5.2;
QuickTime File Format, "Sample description atoms") names the codec, the size of its pictures, or the
channels and rate of its sound.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.domain.media import AudioTrack
from catalog.media.boxes import Box, boxes
from catalog.media.container import MP4_FAMILY, has_decoder, undecodable_video
from catalog.media.streams import language_of, name_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

_MOST_BOXES = 5000
_KINDS = {b"vide": "video", b"soun": "audio"}
_ENTRY_BYTES = 96
_MOST_CHANNELS, _HIGHEST_RATE = 128, 1_000_000


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """How a track is coded: its kind and four letters, and two of its numbers.

    ``numbers`` are width and height in pixels, or channels and samples a second; 0 is unknown.
    """

    kind: str
    codec: str
    numbers: tuple[int, int]


def undecodable_pictures(path: Path, container: InputContainer) -> list[dict[str, object]]:
    """The video streams nothing here decodes: index, and codec, width and height where known."""
    streams = undecodable_video(container)
    entries = _entries(path, container) if streams else {}
    return [
        {"index": stream.index, **_pictures_of(entries.get(stream.index))} for stream in streams
    ]


def undecodable_sounds(path: Path, container: InputContainer) -> list[AudioTrack]:
    """The sound streams nothing here decodes, of which channels and rate are known."""
    streams = [stream for stream in container.streams.audio if not has_decoder(stream)]
    entries = _entries(path, container) if streams else {}
    return [
        AudioTrack(
            index=stream.index,
            codec=entry.codec,
            sample_rate=entry.numbers[1],
            channels=entry.numbers[0],
            layout=None,
            language=language_of(stream),
            title=name_of(stream),
            decodable=False,
        )
        for stream in streams
        if (entry := entries.get(stream.index)) is not None and all(entry.numbers)
    ]


def undecodable_codecs(path: Path, container: InputContainer, streams: Sequence[Stream]) -> str:
    """The four letters of such streams, for a message: `` (brxq)``; empty where unknown."""
    entries = _entries(path, container)
    names = dict.fromkeys(entries[s.index].codec for s in streams if s.index in entries)
    return f" ({', '.join(names)})" if names else ""


def _pictures_of(entry: SampleEntry | None) -> dict[str, object]:
    if entry is None:
        return {}
    width, height = entry.numbers
    return {"codec": entry.codec} | ({"width": width, "height": height} if width else {})


def _entries(path: Path, container: InputContainer) -> dict[int, SampleEntry]:
    """The entries by the index of their streams, which FFmpeg numbers as the tracks come."""
    if container.format.name != MP4_FAMILY:
        return {}
    found: tuple[SampleEntry | None, ...] = ()
    with suppress(OSError, struct.error), path.open("rb") as file:
        state = os.fstat(file.fileno())
        found = _tracks_of(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))
    return {
        stream.index: entry
        for stream, entry in zip(container.streams, found, strict=False)
        if entry is not None and entry.kind == stream.type
    }


@lru_cache(maxsize=1)  # whoever describes a file asks of pictures, sounds and names in turn
def _tracks_of(path: Path, _state: tuple[int, ...]) -> tuple[SampleEntry | None, ...]:
    tracks: list[dict[bytes, bytes]] = []
    with path.open("rb") as file:
        for box in boxes(file, most=_MOST_BOXES, within=_within):
            if box.name == b"trak" and box.depth == 1:
                tracks.append({})
            # That of the media, and not that of its data, which lies deeper.
            elif (box.name, box.depth) in ((b"hdlr", 3), (b"stsd", 5)) and tracks:
                file.seek(box.start)
                content = file.read(min(box.end - box.start, _ENTRY_BYTES))
                tracks[-1].setdefault(box.name, content)
    return tuple(map(_entry, tracks))


def _within(box: Box) -> int | None:
    parents = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    return 0 if box.depth < len(parents) and box.name == parents[box.depth] else None


def _entry(track: Mapping[bytes, bytes]) -> SampleEntry | None:
    entry = track.get(b"stsd", b"")[8:]
    kind = _KINDS.get(track.get(b"hdlr", b"")[8:12])
    if kind is None or len(entry) < 36:
        return None
    codec = entry[4:8].decode("latin-1").strip()
    if not codec.isprintable() or not codec:
        return None
    numbers = _sound(entry) if kind == "audio" else struct.unpack_from(">2H", entry, 32)
    return SampleEntry(kind, codec, numbers)


def _sound(entry: bytes) -> tuple[int, int]:
    """Channels and samples a second."""
    version, channels, rate = struct.unpack_from(">H6xH6xH", entry, 16)
    if version == 2 and len(entry) >= 52:
        wide, channels = struct.unpack_from(">dI", entry, 40)
        rate = int(wide) if 0 < wide < _HIGHEST_RATE else 0
    known = 0 < channels <= _MOST_CHANNELS and rate
    return (channels, rate) if known else (0, 0)
