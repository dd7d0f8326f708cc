"""Everything an open container says of itself, as a `Probe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.domain.media import AssetKind, AudioTrack, Probe, VideoTrack
from catalog.media.avchd import camera_pack
from catalog.media.chunks import parts_of
from catalog.media.hdr import CAMERA_PACK, dolby_vision, hdr_facts, hdr_kinds
from catalog.media.log_curves import named_log
from catalog.media.markers import markers_of
from catalog.media.said import Said, read_said
from catalog.media.sample_entries import undecodable_sounds
from catalog.media.start_timecode import (
    timecode_in_picture,
    timecode_of_text,
    timecode_of_wave,
    timecode_of_xmp,
)
from catalog.media.streams import describe_audio, describe_rest, describe_sound
from catalog.media.tags import find_timecode

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

# What a colourist graded a film with, in an MXF for mastering (IMF).
_DOLBY_MASTERS, _HEAD = (b"<DolbyLabsMDF", b"<DolbyVisionGlobalData"), 1000
_MICROSECONDS = 1_000_000  # the unit of a container's duration
_LATE = 60 * _MICROSECONDS  # less than this may be a track that comes late, and costs little


def describe_file(
    path: Path,
    container: InputContainer,
    main: Stream,
    kind: AssetKind,
    track: VideoTrack | None,
    *,
    sides: Mapping[str, bytes] | None = None,
) -> Probe:
    """The probe of an open container.

    Parameters
    ----------
    main, track:
        The stream that is catalogued, and its description where it has pictures.
    sides:
        What its first picture carries (`catalog.media.hdr.side_data`).
    """
    sides, parts = sides or {}, parts_of(path)
    said = read_said(path, container, main, parts, camera_pack(sides.get(CAMERA_PACK, b"")))
    heard, unheard = describe_audio(container), undecodable_sounds(path, container)
    audio = tuple(sorted((*heard, *unheard), key=lambda each: each.index))
    metadata = {
        **describe_rest(container, main),
        **said.metadata(),
        "audio": [describe_sound(each) for each in audio],
        **_marked(path, container),
        "log": named_log(said.of_gamma()) if track is not None else {},
    }
    if track is not None:
        track, metadata["hdr"] = _with_range(track, parts, said, sides)
    timecodes = _timecodes(_timecode_sources(container, main), said, sides, track, audio)
    return Probe(
        kind=kind,
        container=container.format.name,
        duration=_duration(container, main),
        time_base=main.time_base or Fraction(1, _MICROSECONDS),
        video=track,
        audio=audio,
        timecode=next(timecodes, None),
        recorded=said.recorded[0],
        title=said.title,
        metadata={key: value for key, value in metadata.items() if value},
        facts=said.facts,
        bit_rate=_bit_rate(path, _duration(container, main)),
    )


def _marked(path: Path, container: InputContainer) -> dict[str, Any]:
    """An AIFF's markers, as chapters."""
    found = [
        {"start": float(start), "end": float(end), "title": name or None}
        for start, end, name in markers_of(path, container)
    ]
    return {"chapters": found} if found else {}


def _timecodes(
    tags: Iterator[dict[str, str]],
    said: Said,
    sides: Mapping[str, bytes],
    track: VideoTrack | None,
    audio: tuple[AudioTrack, ...],
) -> Iterator[str]:
    """Start timecodes, the one that counts first; docs/metadata.md has the order."""
    found = (
        find_timecode(tags),
        said.camera.start_timecode,
        said.pack.timecode,
        timecode_in_picture(sides, track.frame_rate if track is not None else None),
        timecode_of_wave(said.tags, audio[0].sample_rate, said.ixml) if audio else None,
        timecode_of_xmp(said.described.metadata),
        timecode_of_text(said.tags.get("start_timecode", "")),
    )
    return filter(None, found)


def _with_range(
    track: VideoTrack, parts: Mapping[str, bytes], said: Said, sides: Mapping[str, bytes]
) -> tuple[VideoTrack, dict[str, Any]]:
    """The track with its kinds of dynamic range, and what is known of them."""
    facts = hdr_facts(sides)
    if configured := dolby_vision(parts.get("dolby", b"")):
        facts["dolby_vision"] = configured
    elif any(root in parts.get("xml", b"")[:_HEAD] for root in _DOLBY_MASTERS):
        facts["dolby_vision"] = {"master": said.xml.get("version", "")}
    kinds = hdr_kinds(track.color_transfer, track.color_primaries, sides, facts)
    return replace(track, hdr=kinds), facts


def _duration(container: InputContainer, main: Stream) -> Fraction | None:
    if main.duration and main.duration > 0 and main.time_base:
        return main.duration * main.time_base
    if container.duration and container.duration > 0:
        return Fraction(container.duration - _counted_before(container), _MICROSECONDS)
    return None


def _counted_before(container: InputContainer) -> int:
    """Microseconds before its first packet that a file's duration counts: of FFmpeg's Matroska.

    A recording that was cut out of a longer one, or copied with its times, begins at 10:00:00, say,
    and would last ten hours longer than it does.
    """
    tags = {name.lower(): value for name, value in container.metadata.items()}
    counted = "matroska" in container.format.name and tags.get("encoder", "").startswith("Lavf")
    start = container.start_time or 0
    return start if counted and _LATE < start < (container.duration or 0) else 0


def _bit_rate(path: Path, duration: Fraction | None) -> int | None:
    """Bits per second of the whole file, whatever the container claims; a bigint at most."""
    rate = round(8 * path.stat().st_size / duration) if duration else 0
    return rate if 0 < rate < 2**63 else None


def _timecode_sources(container: InputContainer, main: Stream) -> Iterator[dict[str, str]]:
    """The picture's own, then a timecode track's, then the container's."""
    yield main.metadata
    for stream in container.streams:
        if stream.type == "data":
            yield stream.metadata
    yield container.metadata
