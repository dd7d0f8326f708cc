"""Texts within a file: subtitle streams as speech, chapters as subclips."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
import av.stream

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import CutBy, Segment, Sidecar
from catalog.media.container import MP4_FAMILY, has_decoder, open_container
from catalog.media.line21 import Captions
from catalog.media.markers import markers_of
from catalog.media.sidecars.subtitles import MOST_CUES, plain
from catalog.media.tags import clean_text

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.subtitles.stream import SubtitleStream

# As FFmpeg names them. DVD's and Blu-ray's are pictures.
_LINE_21 = "cc_dec"  # of CEA-608, in tracks of QuickTime
TEXT_CODECS = frozenset({_LINE_21, "mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text"})
MAX_SECONDS = 60.0
MOST_BYTES = 5_000_000
# A cue without a length is read as long as a line of that kind usually stands.
_USUAL_SECONDS = Fraction(3)
_ASS_FIELDS = 8  # of a decoded event, before its text


def read_embedded(
    path: Path, origin: Fraction | None = None, *, seconds: float = MAX_SECONDS
) -> Sidecar:
    """The text streams and chapters of a file, as far as ``seconds`` of demuxing reach.

    Nothing but text is decoded, and what is no text is not even read where the
    container has an index. What was broken off before the end says so (``read_until``), and
    what was too much (``cut_by``). Times count from ``origin``, the probe's, or from where the
    earliest stream begins.

    Raises
    ------
    MediaError
        If the file cannot be opened.
    """
    with open_container(path) as container:
        streams = [stream for stream in container.streams.subtitles if _is_text(stream)]
        segments, until, cut_by = list(_chapters(container, origin or Fraction(0))), None, None
        segments += _markers(path, container)
        if origin is None:
            origin = Fraction(container.start_time or 0, 1_000_000)
        if streams:
            cues, until, cut_by = _cues(container, streams, origin, seconds)
            segments += cues
    return Sidecar(segments=tuple(segments), read_until=until, cut_by=cut_by)


def _is_text(stream: Stream) -> bool:
    return has_decoder(stream) and stream.codec_context.name in TEXT_CODECS


def _chapters(container: InputContainer, origin: Fraction) -> Iterator[Segment]:
    chapters = [
        (chapter["start"] * base, chapter["end"] * base, chapter["metadata"].get("title", ""))
        for chapter in container.chapters()
        if (base := chapter["time_base"])
    ]
    if all(end <= origin for _, end, _ in chapters):
        origin = Fraction(0)  # who cut the film out of a longer one counted them anew
    for start, end, said in chapters:
        title = clean_text(said)
        if title and end > origin:
            yield Segment("subclip", max(Fraction(0), start - origin), end - origin, title)


def _markers(path: Path, container: InputContainer) -> Iterator[Segment]:
    for start, end, name in markers_of(path, container):
        if name:
            yield Segment("subclip", start, end, name)


def _cues(
    container: InputContainer,
    streams: Sequence[SubtitleStream],
    origin: Fraction,
    seconds: float,
) -> tuple[list[Segment], Fraction | None, CutBy | None]:
    indexed = container.format.name == MP4_FAMILY
    for stream in container.streams if indexed else ():
        if stream not in streams:
            stream.discard = av.stream.Discard.all
    wanted = {stream.index for stream in streams}
    line21 = {s.index: Captions() for s in streams if s.codec_context.name == _LINE_21}
    found: list[Segment] = []
    size, began = 0, time.monotonic()
    latest: dict[int, int] = {}  # pts, of each stream
    until, cut_by = None, None
    # A break in the file ends the text as it ends the pictures; what was read counts.
    with suppress(av.error.FFmpegError, IndexError):
        # Without an index all is read on the way; each packet is a moment to look at the clock.
        for packet in container.demux(*(streams if indexed else ())):
            pts = packet.pts
            if pts is not None and pts > latest.get(packet.stream_index, 0):
                latest[packet.stream_index] = pts
            if packet.stream_index in wanted:
                size += packet.size
                captions = line21.get(packet.stream_index)
                found += _segments(packet, origin, captions)
            late = time.monotonic() - began > seconds
            if late or len(found) >= MOST_CUES or size > MOST_BYTES:
                cut_by = _cut_by(len(found), size)
                until = _reached(container, latest, origin)
                break
    end = Fraction(container.duration or 0, 1_000_000)
    found += [each for captions in line21.values() for each in captions.finish(end)]
    return found, until, cut_by


def _cut_by(cues: int, size: int) -> CutBy:
    """What there is too much of: more time helps only where it is neither cues nor bytes."""
    if cues >= MOST_CUES:
        return CutBy.CUES
    return CutBy.SIZE if size > MOST_BYTES else CutBy.TIME


def _reached(container: InputContainer, latest: Mapping[int, int], origin: Fraction) -> Fraction:
    """Seconds that were read; a packet's clock may be broken, and tell of years."""
    bases = {stream.index: stream.time_base or Fraction(0) for stream in container.streams}
    ends = (pts * bases.get(index, Fraction(0)) - origin for index, pts in latest.items())
    reached = max(ends, default=Fraction(0))
    if container.duration and container.duration > 0:
        reached = min(reached, Fraction(container.duration, 1_000_000))
    return max(Fraction(0), reached)


def _segments(
    packet: Packet[Any], origin: Fraction, captions: Captions | None
) -> Iterator[Segment]:
    base = packet.time_base
    if not packet.size or packet.pts is None or not base:
        return
    if captions is not None:
        yield from captions.add(max(Fraction(0), packet.pts * base - origin), bytes(packet))
        return
    try:
        rects = packet.decode()
    except (av.error.FFmpegError, ValueError):
        return
    start = packet.pts * base - origin
    length = packet.duration * base if packet.duration else _USUAL_SECONDS
    words = "\n".join(filter(None, map(_words, rects)))
    if words and length > 0 and start + length > 0:
        language = language_tag(packet.stream.metadata.get("language", ""))
        yield Segment("speech", max(Fraction(0), start), start + length, words, language)


def _words(rect: Any) -> str:  # noqa: ANN401  # PyAV's subtitle classes
    if getattr(rect, "type", None) == b"ass":
        event = bytes(rect.ass).decode("utf-8", "replace").split(",", _ASS_FIELDS)
        return plain(event[_ASS_FIELDS]) if len(event) > _ASS_FIELDS else ""
    text = bytes(getattr(rect, "text", b""))  # a bitmap has none
    return plain(text.decode("utf-8", "replace"))
