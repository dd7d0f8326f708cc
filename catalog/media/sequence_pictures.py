"""An image sequence as video: its description, and its frames one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
from av.codec.context import ThreadType

from catalog.domain.media import AssetKind, Probe, VideoTrack
from catalog.domain.paths import shown_path
from catalog.domain.sequences import USUAL_RATE, holes
from catalog.domain.timecode import parse_timecode
from catalog.errors import InvalidInputError, MediaError, UnreadableFileError
from catalog.media.cineon import CINEON, MAGICS, as_dpx
from catalog.media.container import open_container, video_candidates
from catalog.media.files import check_readable, unreadable
from catalog.media.sequences import SequenceFrame, frames_of, state_of
from catalog.media.signatures import recognise
from catalog.media.timing import nearest_rate

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

SEQUENCE = "image2"
"""The container of a sequence: what FFmpeg calls files with numbers in their names."""
# A frame so much larger than the first is none of the sequence's, whatever its name.
_LARGEST_FRAME = 4
_MOST_BYTES = 1 << 30  # 8K in 32-bit floats has half of that
_RATES = (("dpx", "frame_rate"), ("cineon", "frame_rate"), ("exr", "frames_per_second"))
_SINGLE = {"DPX": "dpx", "OpenEXR": "exr", CINEON: "dpx"}


def sequence_frames(path: Path) -> list[SequenceFrame]:
    """The frames of a sequence by number, of which there are two at least.

    Raises
    ------
    UnreadableFileError
        If there are not, or its folder cannot be listed.
    """
    try:
        return frames_of(path)
    except OSError as error:
        raise unreadable(path, error) from error


def describe_sequence(
    path: Path,
    frames: Sequence[SequenceFrame],
    described: SequenceFrame,
    found: Probe,
    rate: float | None,
) -> Probe:
    """The probe of a sequence, of whose frames ``found`` is the probe of one, ``described``.

    Its rate is the one that was set, else what the frame says, else 24. Its timecode is that
    of its first frame, by the number of the one that was read.
    """
    assert found.video is not None  # noqa: S101  # a still has a picture
    speed = nearest_rate(rate) if rate is not None else _rate_of(found)
    numbers = [frame.number for frame in frames]
    duration = (numbers[-1] - numbers[0] + 1) / speed
    missing, named = holes(numbers)
    told: dict[str, Any] = {
        "pattern": shown_path(path.name),
        "first": numbers[0],
        "last": numbers[-1],
        "frames": len(numbers),
        "missing_frames": missing,
        "missing": named,
    }
    size = state_of(path).size
    return replace(
        found,
        kind=AssetKind.VIDEO,
        container=SEQUENCE,
        duration=duration,
        time_base=1 / speed,
        video=replace(
            found.video, frame_rate=speed, variable_frame_rate=False, frame_count=len(numbers)
        ),
        timecode=_timecode(found.timecode, described.number - numbers[0], speed),
        metadata={
            **found.metadata,
            "sequence": {name: value for name, value in told.items() if value not in (0, [])}
            | {"first": numbers[0], "last": numbers[-1]},
        },
        bit_rate=min(round(8 * size / duration), 2**63 - 1) or None,
    )


def _rate_of(found: Probe) -> Fraction:
    said = next(
        (header.get(key) for name, key in _RATES if (header := found.metadata.get(name))),
        None,
    )
    usable = isinstance(said, float) and 1 <= said <= 240
    return nearest_rate(said if usable and said is not None else USUAL_RATE)


def _timecode(text: str | None, later: int, rate: Fraction) -> str | None:
    if text is None or not later:
        return text
    try:
        return str(parse_timecode(text, rate) + -later)
    except InvalidInputError:
        return None


def missing_frames(probe: Probe) -> int:
    """How many numbers between a sequence's first and last frame have no file; 0 of all else."""
    told = probe.metadata.get("sequence") or {}
    count = told.get("missing_frames", 0) if probe.container == SEQUENCE else 0
    return int(count)


def sequence_pictures(
    path: Path, track: VideoTrack, prepare: Callable[[VideoCodecContext], None]
) -> Iterator[tuple[int, VideoFrame | None]]:
    """Each frame that is there: how many numbers after the first, and its picture if it decodes.

    ``prepare`` sets a decoder up.

    Raises
    ------
    UnreadableFileError
        If one cannot be read.
    """
    frames = sequence_frames(path)
    decoder = _FrameDecoder(_LARGEST_FRAME * track.width * track.height, prepare)
    for frame in frames:
        yield frame.number - frames[0].number, decoder.picture(frame.path)


class _FrameDecoder:
    """Decodes one file after another; of a format that is one picture by one and the same decoder.

    FFmpeg's demuxers decode a picture to see what it is, and then once more to show it.
    """

    def __init__(self, most_pixels: int, prepare: Callable[[VideoCodecContext], None]) -> None:
        self._most = most_pixels
        self._prepare = prepare
        self._decoders: dict[str, VideoCodecContext] = {}

    def picture(self, path: Path) -> VideoFrame | None:
        """The picture of a file; None if it is broken, empty or too large."""
        try:
            signature = recognise(check_readable(path))
            codec = None if signature is None else _SINGLE.get(signature.name)
            if codec is not None:
                return self._decoded(path, codec)
            with open_container(path) as container:
                stream = next(iter(video_candidates(container)), None)
                if stream is None or stream.width * stream.height > self._most:
                    return None
                self._prepare(stream.codec_context)
                return next(iter(container.decode(stream)), None)
        except UnreadableFileError:
            raise  # storage that went away is no fault of the frame's
        except (MediaError, av.error.FFmpegError, IndexError):
            return None

    def _decoded(self, path: Path, codec: str) -> VideoFrame | None:
        decoder = self._decoders.get(codec)
        if decoder is None:
            decoder = cast("VideoCodecContext", av.CodecContext.create(codec, "r"))
            self._prepare(decoder)
            # By frames it would hold pictures back; this way each comes at once.
            decoder.thread_type = ThreadType.SLICE
            decoder.options = {**decoder.options, "max_pixels": str(self._most)}
            self._decoders[codec] = decoder
        try:
            if path.stat().st_size > _MOST_BYTES:
                return None
            content = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from error
        if content[:4] in MAGICS:
            content = as_dpx(path, content)
        return next(iter(decoder.decode(av.Packet(content))), None)
