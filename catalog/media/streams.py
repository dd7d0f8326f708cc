"""Describe the streams of an open container as the values of `catalog.domain.media`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from catalog.domain.languages import language_tag
from catalog.domain.media import AudioTrack, VideoTrack
from catalog.media.container import has_decoder
from catalog.media.orientation import Orientation
from catalog.media.tags import clean_tags, clean_text
from catalog.media.timing import Timing

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

# FFmpeg's names of ITU-T H.273's code points, as ffprobe prints them; 2 is "unspecified".
_PRIMARIES = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "film",
    9: "bt2020",
    10: "smpte428",
    11: "smpte431",
    12: "smpte432",
    22: "ebu3213",
}
_TRANSFERS = {
    1: "bt709",
    4: "bt470m",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "linear",
    9: "log100",
    10: "log316",
    11: "iec61966-2-4",
    12: "bt1361e",
    13: "iec61966-2-1",
    14: "bt2020-10",
    15: "bt2020-12",
    16: "smpte2084",
    17: "smpte428",
    18: "arib-std-b67",
}
_SPACES = {
    0: "gbr",
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
    11: "smpte2085",
    12: "chroma-derived-nc",
    13: "chroma-derived-c",
    14: "ictcp",
}
_RANGES = {1: "tv", 2: "pc"}
_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
_SUBTITLE_NAME_TAGS = ("title", "handler_name")


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
        color_primaries=_PRIMARIES.get(int(context.color_primaries)),
        color_transfer=_TRANSFERS.get(int(context.color_trc)),
        color_space=_SPACES.get(int(context.colorspace)),
        color_range=_RANGES.get(int(context.color_range)),
        field_order=_FIELD_ORDERS.get(int(context.field_order)),
        bit_rate=context.bit_rate or None,
        frame_count=stream.frames or None,
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
        layout=context.layout.name or None,
        language=_language(stream),
        bit_rate=context.bit_rate or None,
    )


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
        for chapter in container.chapters()
    ]


def _further(stream: Stream) -> dict[str, Any]:
    codec = stream.codec_context.codec.canonical_name if has_decoder(stream) else None
    name = next((stream.metadata[tag] for tag in _SUBTITLE_NAME_TAGS if tag in stream.metadata), "")
    return {
        "index": stream.index,
        "type": stream.type,
        "codec": codec,
        "language": _language(stream),
        "name": clean_text(name) or None,
    }


def _language(stream: Stream) -> str | None:
    return language_tag(clean_text(stream.metadata.get("language", "")))
