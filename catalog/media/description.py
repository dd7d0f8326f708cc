"""Everything an open container says of itself, as a `Probe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.domain.media import AssetKind, AudioTrack, Facts, Probe, VideoTrack
from catalog.domain.sidecars import Sidecar
from catalog.media.avchd import camera_pack
from catalog.media.chunks import parts_of
from catalog.media.facts import (
    facts_of_camera_xml,
    facts_of_tags,
    facts_of_wave,
    facts_of_xmp,
    first_of,
    read_xmp,
    slate_lines,
)
from catalog.media.gopro import has_gopro_track, read_gopro
from catalog.media.hdr import CAMERA_PACK, dolby_vision, hdr_facts, hdr_kinds
from catalog.media.log_curves import named_log
from catalog.media.sidecars.columns import labels
from catalog.media.sidecars.nested_xml import parse_nested
from catalog.media.start_timecode import timecode_in_picture, timecode_of_wave
from catalog.media.streams import describe_audio, describe_rest, describe_sound
from catalog.media.tags import (
    clean_tags,
    find_recorded,
    find_timecode,
    find_title,
    find_words,
    local_moment,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

_MICROSECONDS = 1_000_000  # the unit of a container's duration


@dataclass(frozen=True, slots=True)
class _Said:
    """What a file's parts say, read once."""

    tags: Mapping[str, str]
    stream_tags: Mapping[str, str]
    data_tags: tuple[Mapping[str, str], ...]
    xmp: Sidecar | None
    ixml: Mapping[str, Any]
    xml: Mapping[str, Any]

    @property
    def facts(self) -> Facts:
        # FFmpeg calls a Broadcast Wave's description its comment. A slate describes nothing.
        plain = {k: v for k, v in self.tags.items() if k != "comment" or not slate_lines(v)}
        sources = [facts_of_tags(self.stream_tags, *self.data_tags, plain)]
        slate = facts_of_wave(self.tags.get("comment", ""), self.ixml)
        # A recorder writes its slate line by line where a person would describe.
        sources = [slate, *sources] if slate.scene or slate.take or slate.reel else sources
        if self.xmp is not None:
            sources.insert(0, facts_of_xmp(self.xmp))
        return first_of([*sources, facts_of_camera_xml(self.xml)])


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
    said = _read(container, main, parts)
    audio = describe_audio(container)
    recorded, note = find_recorded(said.tags, said.stream_tags)
    gopro = read_gopro(path, parts.get("gpmf", b""), track=has_gopro_track(container))
    pack = camera_pack(sides.get(CAMERA_PACK, b""))
    if recorded is None:
        recorded, note = (gopro.recorded, None) if gopro.recorded else (pack.recorded, pack.note)
    described = said.xmp.description if said.xmp is not None else None
    metadata = {
        **describe_rest(container, main),
        "audio": [describe_sound(each) for each in audio],
        "ixml": said.ixml,
        "xml": said.xml,
        "xmp": described.metadata if described else {},
        "gopro": dict(gopro.said),
        "recorded_note": note,
        "recorded_local": local_moment(said.tags, said.stream_tags) or pack.local,
        "keywords": _keywords(said),
        "lyrics": find_words(said.tags),
        "log": named_log(_spoken_of(said)) if track is not None else {},
    }
    if track is not None:
        track, metadata["hdr"] = _with_range(track, parts.get("dolby", b""), sides)
    return Probe(
        kind=kind,
        container=container.format.name,
        duration=_duration(container, main),
        time_base=main.time_base or Fraction(1, _MICROSECONDS),
        video=track,
        audio=audio,
        timecode=find_timecode(_timecode_sources(container, main))
        or pack.timecode
        or timecode_in_picture(sides, track.frame_rate if track is not None else None)
        or _timecode_of_sound(audio, said),
        recorded=recorded or (described.recorded if described else None),
        title=(described.title if described else None) or find_title(said.tags, said.stream_tags),
        metadata={key: value for key, value in metadata.items() if value},
        facts=first_of([said.facts, gopro.facts, pack.facts]),
        bit_rate=_bit_rate(path, _duration(container, main)),
    )


def _read(container: InputContainer, main: Stream, parts: Mapping[str, bytes]) -> _Said:
    tags = clean_tags(container.metadata)
    return _Said(
        tags=tags,
        stream_tags=clean_tags(main.metadata),
        data_tags=tuple(clean_tags(s.metadata) for s in container.streams if s.type == "data"),
        xmp=read_xmp(parts.get("xmp") or tags.get("xmp")),
        ixml=parse_nested(parts.get("ixml", b"")),
        xml=parse_nested(parts.get("xml", b"")),
    )


def _spoken_of(said: _Said) -> dict[str, Any]:
    """All that may name a log curve."""
    return {"tags": said.tags, "stream": said.stream_tags, "data": said.data_tags, "xml": said.xml}


def _keywords(said: _Said) -> list[str]:
    """Keywords, which become tags: XMP's subjects, and the tags that list them."""
    named = (said.tags.get(name, "") for name in ("keywords", "com.apple.quicktime.keywords"))
    listed = [word for text in named for word in text.replace(";", ",").split(",")]
    from_xmp = said.xmp.description.tags if said.xmp is not None else ()
    return list(labels(iter([*from_xmp, *listed])))


def _with_range(
    track: VideoTrack, record: bytes, sides: Mapping[str, bytes]
) -> tuple[VideoTrack, dict[str, Any]]:
    """The track with its kinds of dynamic range, and what is known of them."""
    facts = hdr_facts(sides)
    if configured := dolby_vision(record):
        facts["dolby_vision"] = configured
    kinds = hdr_kinds(track.color_transfer, track.color_primaries, sides, facts)
    return replace(track, hdr=kinds), facts


def _timecode_of_sound(audio: tuple[AudioTrack, ...], said: _Said) -> str | None:
    return timecode_of_wave(said.tags, audio[0].sample_rate, said.ixml) if audio else None


def _duration(container: InputContainer, main: Stream) -> Fraction | None:
    if main.duration and main.duration > 0 and main.time_base:
        return main.duration * main.time_base
    if container.duration and container.duration > 0:
        return Fraction(container.duration, _MICROSECONDS)
    return None


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
