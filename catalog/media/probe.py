"""Say what a file is and what is known of it, without decoding it all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error

from catalog.domain.media import AssetKind, Probe
from catalog.domain.paths import shown_path
from catalog.errors import MediaError, UndecodableError
from catalog.media.animation import probe_animation
from catalog.media.container import (
    has_decoder,
    not_media,
    open_container,
    reason,
    undecodable_video,
    video_candidates,
)
from catalog.media.description import describe_file
from catalog.media.files import STILL_SUFFIXES, check_readable
from catalog.media.film_header import read_film_header, with_film_header
from catalog.media.hdr import side_data
from catalog.media.orientation import Orientation
from catalog.media.raw import is_raw
from catalog.media.sample_entries import undecodable_codecs, undecodable_pictures
from catalog.media.sequence_pictures import describe_sequence, sequence_frames
from catalog.media.sequences import is_sequence
from catalog.media.signatures import Reader, recognise
from catalog.media.still_format import jpeg2000_bits
from catalog.media.stills import describe_still, is_animated, open_still
from catalog.media.streams import describe_video
from catalog.media.timing import measure_timing
from catalog.media.truncation import missing_bytes, truncated

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Enough packets to tell the frame rate and to find a picture after a broken start.
_PEEKED_PACKETS = 150
# A broadcast that was cut anywhere begins with what refers to pictures before the cut; so many
# packets of it are tried for one that decodes, and so many bytes.
_TRIED_PACKETS, _TRIED_BYTES = 1500, 128 << 20
_PEEKED_FRAMES = 16
_JPEG_STREAMS = frozenset({".mjpeg", ".mjpg"})
_JPEG_2000, _HEADER_BYTES = ("jpeg2000", "libopenjpeg"), 1000
_MICROSECONDS = 1_000_000  # the unit of a container's duration


def probe(path: Path, *, sequence_rate: float | None = None) -> Probe:
    """What a file is: video, still or sound, with its technical metadata.

    What the bytes are decides, not the name. Sound with a cover picture is
    sound; an animated GIF, PNG or WebP is video; one that does not move is a
    still. Of several video streams the one FFmpeg would show is described.

    Parameters
    ----------
    path:
        The file; any name the operating system allows. Or the pattern of an image
        sequence (`catalog.media.sequences`), which is video.
    sequence_rate:
        A sequence's pictures a second; None for what its frames say, else 24.

    Raises
    ------
    UnreadableFileError, EmptyFileError
        If there is nothing to read.
    NotMediaError
        If it is no media.
    UndecodableError
        If it is media, but broken, or of a codec nothing here decodes. A video
        whose pictures turn out to be broken is only found out by `analyse`.
    MediaTooLargeError
        If a still has more than 300 million pixels.
    """
    if is_sequence(path):
        return _probe_sequence(path, sequence_rate)
    signature = recognise(check_readable(path))
    by_pillow = signature is not None and signature.reader is Reader.PILLOW
    if by_pillow and path.suffix.lower() in _JPEG_STREAMS and _moves(path):
        return _probe_container(path)
    unknown_still = signature is None and path.suffix.lower() in STILL_SUFFIXES
    if by_pillow or unknown_still or (signature is not None and signature.name == "GIF"):
        found = _probe_picture(path)
        if found is not None:
            return found
    return _probe_container(path)


def _moves(path: Path) -> bool:
    """Whether more than one picture follow each other: JPEGs end to end begin as a JPEG does."""
    try:
        with open_container(path) as container:
            packets = (packet for packet in container.demux(video=0) if packet.size)
            return len(list(islice(packets, 2))) > 1
    except (MediaError, av.error.FFmpegError, IndexError):
        return False


def _probe_sequence(path: Path, rate: float | None) -> Probe:
    """A sequence as its first frame that is whole describes it."""
    frames = sequence_frames(path)
    refused: list[MediaError] = []
    for frame in frames[:_PEEKED_FRAMES]:
        try:
            found = probe(frame.path)
        except MediaError as error:
            refused.append(error)
            continue
        if found.video is not None and found.kind is AssetKind.STILL:
            return describe_sequence(path, frames, frame, found, rate)
        refused.append(not_media(frame.path))
    raise refused[0]


def _probe_picture(path: Path) -> Probe | None:
    """The probe of a still or a WebP animation; None if FFmpeg is the one to ask."""
    try:
        with open_still(path) as image:
            if not is_animated(image):
                return describe_still(image)
            return probe_animation(path, image) if image.format == "WEBP" else None
    except UndecodableError as error:
        if is_raw(path, check_readable(path)):
            raise  # FFmpeg would show the thumbnail, or the sensor's values undeveloped
        # Pillow lacks varieties that FFmpeg has, such as lossless JPEG.
        try:
            return _probe_container(path)
        except MediaError:
            raise error from None


def _probe_container(path: Path) -> Probe:
    with open_container(path) as container:
        streams = [stream.index for stream in video_candidates(container)]
        if not streams:
            return _probe_sound(path, container)
        found = _probe_stream(path, container, streams[0])
    for index in streams[1:]:
        if found is not None:
            break
        # Peeking moves the demuxer on, so every further candidate gets it fresh.
        with open_container(path) as container:
            found = _probe_stream(path, container, index)
    if found is not None:
        return found
    with open_container(path) as container:
        return _probe_sound(path, container)


def _probe_stream(path: Path, container: InputContainer, index: int) -> Probe | None:
    """What a fresh container's video stream shows; None if it has no packets."""
    stream = next(s for s in container.streams.video if s.index == index)
    peek = _peek(container, stream)
    return _describe(path, container, stream, peek) if peek.times or peek.seen else None


@dataclass(slots=True)
class _Peek:
    """What the first packets of a video stream showed."""

    times: list[int] = field(default_factory=list)
    seen: int = 0
    complete: bool = False
    first: int | None = None
    orientation: Orientation = field(default_factory=Orientation)
    sides: dict[str, bytes] = field(default_factory=dict)
    bits: int | None = None


def _peek(container: InputContainer, stream: VideoStream) -> _Peek:
    peek = _Peek()
    pictured, size = False, 0
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and peek.seen < _PEEKED_PACKETS:
                peek.times.append(packet.pts)
            if packet.size and not peek.seen and stream.codec_context.name in _JPEG_2000:
                peek.bits = jpeg2000_bits(memoryview(packet)[:_HEADER_BYTES].tobytes())
            peek.seen += bool(packet.size)
            if not pictured:
                pictured = _see_picture(stream, packet, peek)
            size += packet.size
            enough = pictured or peek.seen >= _TRIED_PACKETS or size > _TRIED_BYTES
            if enough and peek.seen >= _PEEKED_PACKETS:
                return peek
        peek.complete = True
    except (av.error.FFmpegError, IndexError):
        # A break further on is the decode pass's to report; what was seen counts. (PyAV 18
        # raises IndexError at the end of a transport stream in which streams were added.)
        pass
    return peek


def _see_picture(stream: VideoStream, packet: Packet[VideoStream], peek: _Peek) -> bool:
    """Decode until the first picture: it is 0, and carries the display matrix of its stream."""
    try:
        pictures = stream.decode(packet)
    except av.error.FFmpegError:
        return False
    if pictures:
        peek.first = pictures[0].pts
        peek.orientation = _orientation(pictures[0])
        peek.sides = side_data(pictures[0])
    return bool(pictures)


def _orientation(picture: VideoFrame) -> Orientation:
    try:
        matrix: Any = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV refuses a picture's whole side data for one kind it has no name for (HDR Vivid's,
        # for one), but tells the angle, counter-clockwise, all the same.
        return Orientation(rotation=round(-picture.rotation / 90) * 90 % 360)
    return Orientation() if matrix is None else Orientation.from_display_matrix(bytes(matrix))


def _describe(path: Path, container: InputContainer, stream: VideoStream, peek: _Peek) -> Probe:
    time_base = stream.time_base or Fraction(1, _MICROSECONDS)
    timing = measure_timing(
        peek.times,
        time_base,
        complete=peek.complete,
        claims=(stream.guessed_rate, stream.base_rate),
        average=stream.average_rate,
    )
    track = describe_video(stream, timing, peek.orientation)
    if peek.bits is not None:  # decoders give 12 bits as 16
        track = replace(track, bit_depth=peek.bits)
    if container.format.name.endswith("_pipe"):
        # FFmpeg's readers of single pictures, which it plays at 25 frames a second.
        still = replace(track, frame_rate=None, variable_frame_rate=False, frame_count=1)
        header = read_film_header(path)
        if header is not None and header.deep:
            raise _deep(path)
        return with_film_header(
            replace(
                describe_file(path, container, stream, AssetKind.STILL, still),
                time_base=Fraction(1),
                duration=None,
            ),
            header,
        )
    found = describe_file(path, container, stream, AssetKind.VIDEO, track, sides=peek.sides)
    first = stream.start_time if peek.first is None else peek.first
    return found if first is None else replace(found, origin=first * time_base)


def _deep(path: Path) -> MediaError:
    return UndecodableError(
        f"{shown_path(path)} is a deep OpenEXR file, of many values for each pixel; expected one.",
        remedy="Nothing here flattens such files: render or save it flat.",
        path=shown_path(path),
    )


def _probe_sound(path: Path, container: InputContainer) -> Probe:
    sounds = [stream for stream in container.streams.audio if has_decoder(stream)]
    if not sounds:
        raise _without_essence(path, container)
    found = describe_file(path, container, sounds[0], AssetKind.AUDIO, None)
    lost = undecodable_pictures(path, container)
    _check_sounds(path, container, sounds[0])
    told: dict[str, Any] = {"undecodable_video": lost} if lost else {}
    if pictures := sum(stream.frames for stream in video_candidates(container)):
        told["lost_pictures"] = pictures
    if told:
        found = replace(found, metadata={**found.metadata, **told})
    return found


def _check_sounds(path: Path, container: InputContainer, stream: AudioStream) -> None:
    """Some demuxers take any bytes for sound; only what decodes is."""
    failed, why = 0, ""
    try:
        for packet in container.demux(stream):
            try:
                if stream.decode(packet):
                    return
            except av.error.FFmpegError as error:
                failed, why = failed + 1, reason(error)
            if failed >= _PEEKED_PACKETS:
                break
    except (av.error.FFmpegError, IndexError) as error:
        why = reason(error)
    if recognise(check_readable(path)) is None:
        raise not_media(path)
    if not why:
        return  # a recorder that was stopped as soon as it was started: whole, and without sound
    raise UndecodableError(
        f"{shown_path(path)} is {container.format.name} sound, but none of it can be decoded"
        f" ({failed} broken packets; {why}); expected a complete file.",
        remedy="It is truncated or damaged: copy it again from its source.",
        path=shown_path(path),
        broken_packets=failed,
    )


def _without_essence(path: Path, container: InputContainer) -> MediaError:
    if missing := missing_bytes(path):
        return truncated(path, container.format.name, missing)
    unseen, unheard = undecodable_video(container), list(container.streams.audio)
    if unseen and container.format.name.endswith("_pipe"):
        why, remedy = "nothing here decodes such pictures", "Save it as JPEG, PNG or TIFF."
    elif unseen:
        codecs = undecodable_codecs(path, container, unseen)
        why = f"its video is of a codec that nothing here decodes{codecs}"
        remedy = "Transcode it to H.264."
    elif (
        unheard and recognise(check_readable(path)) is not None and not video_candidates(container)
    ):
        codecs = undecodable_codecs(path, container, unheard)
        why = f"its sound is of a codec that nothing here decodes{codecs}"
        remedy = "Transcode it to AAC, FLAC or PCM."
    elif video_candidates(container):
        why, remedy = "it holds no picture", "It is damaged: copy it again from its source."
    else:
        return not_media(path)
    return UndecodableError(
        f"{shown_path(path)} is {container.format.name}, but {why}; expected pictures or"
        " sound that can be decoded.",
        remedy=remedy,
        path=shown_path(path),
        format=container.format.name,
    )
