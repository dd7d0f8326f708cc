"""Describe the streams of an open container as the values of `catalog.domain.media`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from catalog.domain.languages import language_tag
from catalog.domain.media import AudioTrack, VideoTrack
from catalog.media.color import (
    FIELD_ORDERS,
    PRIMARIES,
    RANGES,
    SPACES,
    TRANSFERS,
    chroma,
    level,
)
from catalog.media.container import has_decoder
from catalog.media.orientation import Orientation
from catalog.media.tags import clean_tags, clean_text
from catalog.media.timing import Timing

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_NAME_TAGS = ("title", "handler_name", "filename")  # the last of attachments
# Of timecode tracks, of which there may be several, and of attachments.
_TOLD_OF_FURTHER = ("timecode", "reel_name", "mimetype")
_PCM_BITS = re.compile(r"(?<=[suf])\d{1,2}")
_TOLD_OF_SOUND = (
    "index", "codec", "profile", "sample_rate", "channels", "layout", "sample_format", "bit_depth",
    "bit_rate", "language", "title",
)  # fmt: skip
_MOST_CHAPTERS = 2000
_MACHINE_NAME = re.compile(r"handle|^core media|^iso media file", re.IGNORECASE)


def describe_video(stream: VideoStream, timing: Timing, orientation: Orientation) -> VideoTrack:
    """The chosen video stream as a track; ``timing`` and ``orientation`` come from its pictures."""
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio
    aspect = aspect if aspect is not None and aspect > 0 else Fraction(1)
    width, height = context.width, context.height
    shown = max(1, round(width * aspect)), height
    if orientation.swaps_sides:
        shown = shown[1], shown[0]
    return VideoTrack(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=context.profile,
        width=width,
        height=height,
        display_width=shown[0],
        display_height=shown[1],
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        sample_aspect_ratio=aspect,
        pixel_format=context.pix_fmt,
        bit_depth=_bit_depth(stream),
        frame_rate=timing.frame_rate,
        variable_frame_rate=timing.variable,
        color_primaries=PRIMARIES.get(int(context.color_primaries)),
        color_transfer=TRANSFERS.get(int(context.color_trc)),
        color_space=SPACES.get(int(context.colorspace)),
        color_range=RANGES.get(int(context.color_range)),
        field_order=FIELD_ORDERS.get(int(context.field_order)),
        bit_rate=context.bit_rate or None,
        frame_count=stream.frames or None,
        level=level(context.codec.canonical_name, context.level),
        chroma=chroma(context.format),
    )


def _bit_depth(stream: VideoStream) -> int | None:
    pixels = stream.codec_context.format
    components = pixels.components if pixels is not None else ()
    return max((component.bits for component in components), default=None)


def describe_audio(container: InputContainer) -> tuple[AudioTrack, ...]:
    """The sound streams whose codec is known."""
    return tuple(_audio_track(stream) for stream in container.streams.audio if has_decoder(stream))


def _audio_track(stream: AudioStream) -> AudioTrack:
    context = stream.codec_context
    return AudioTrack(
        index=stream.index,
        codec=context.codec.canonical_name,
        sample_rate=context.sample_rate,
        channels=context.channels,
        layout=_layout(context.layout.name, context.channels),
        language=language_of(stream),
        bit_rate=context.bit_rate or None,
        profile=context.profile,
        sample_format=context.format.name if context.format is not None else None,
        bit_depth=_sample_bits(stream),
        title=name_of(stream),
    )


def _layout(name: str, channels: int) -> str | None:
    """A layout's name; one or two channels of which nothing is said are mono and stereo."""
    if not name.endswith(" channels"):
        return name or None
    return {1: "mono", 2: "stereo"}.get(channels)


def _sample_bits(stream: AudioStream) -> int | None:
    """Bits of a stored sample; None for codecs that store no samples."""
    context = stream.codec_context
    codec, extra = context.codec.canonical_name, context.extradata or b""
    if codec.startswith("pcm_") and (size := _PCM_BITS.search(codec)):
        return int(size[0])
    if codec in {"pcm_alaw", "pcm_mulaw"}:
        return 8  # ITU-T G.711
    if codec == "flac" and len(extra) >= 14:  # RFC 9639: STREAMINFO, bit 103 on
        return (int.from_bytes(extra[12:14], "big") >> 4 & 0x1F) + 1
    if codec == "alac" and len(extra) >= 18:  # Apple's magic cookie, behind its atom's head
        return extra[17] if extra[17] in (16, 20, 24, 32) else None
    return None


def describe_sound(track: AudioTrack) -> dict[str, Any]:
    """An audio track as it stands in metadata: what it says, without what it does not."""
    found = {name: getattr(track, name) for name in _TOLD_OF_SOUND}
    found = {name: value for name, value in found.items() if value is not None}
    return found if track.decodable else {**found, "decodable": False}


def describe_rest(container: InputContainer, main: Stream | None) -> dict[str, Any]:
    """What has no field of its own: tags, chapters, subtitles and further streams, JSON-ready."""
    found = {
        "tags": clean_tags(container.metadata),
        "stream_tags": clean_tags(main.metadata) if main is not None else {},
        "chapters": _chapters(container),
        "subtitles": [_further(stream) for stream in container.streams.subtitles],
        "further_streams": [
            _further(stream)
            for stream in container.streams
            if stream.type != "subtitle"
            and stream is not main
            and not (stream.type == "audio" and has_decoder(stream))
        ],
    }
    return {name: value for name, value in found.items() if value}


def _chapters(container: InputContainer) -> list[dict[str, Any]]:
    return [
        {
            "start": float(chapter["start"] * (chapter["time_base"] or 0)),
            "end": float(chapter["end"] * (chapter["time_base"] or 0)),
            "title": clean_text(chapter["metadata"].get("title", "")) or None,
        }
        for chapter in container.chapters()[:_MOST_CHAPTERS]
    ]


def _further(stream: Stream) -> dict[str, Any]:
    codec = stream.codec_context.codec.canonical_name if has_decoder(stream) else None
    found = {
        "index": stream.index,
        "type": stream.type,
        "codec": codec,
        "language": language_of(stream),
        "name": name_of(stream),
    }
    told = {name: clean_text(stream.metadata.get(name, "")) for name in _TOLD_OF_FURTHER}
    return found | {name: text for name, text in told.items() if text}


def name_of(stream: Stream) -> str | None:
    """What people called the stream; muxers' own names are none."""
    names = (clean_text(stream.metadata.get(tag, "")) for tag in _NAME_TAGS)
    return next((name for name in names if name and not _MACHINE_NAME.search(name)), None)


def language_of(stream: Stream) -> str | None:
    """The tag of the language that a stream says it is in."""
    return language_tag(clean_text(stream.metadata.get("language", "")))
