"""Write pictures as a video file: for the demonstration's footage and for tests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import numpy.typing as npt

from catalog.errors import InvalidInputError

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

RgbPicture = npt.NDArray[np.uint8]

# PyAV would take whichever encoder of that codec FFmpeg lists first.
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_QUALITY = {"preset": "veryfast", "crf": "18"}
# With gaps between the times, the decoding times of B-pictures are guessed and the edit list cuts.
_NO_REORDERING = {"bf": "0"}
_BT709 = 1  # AVCOL_SPC_BT709, AVCOL_PRI_BT709 and AVCOL_TRC_BT709 are all 1
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG


def write_video(
    path: Path,
    frames: Iterable[RgbPicture],
    *,
    frame_rate: Fraction,
    start_timecode: str | None = None,
    metadata: Mapping[str, str] | None = None,
    codec: str = "h264",
    pts: Iterable[int] | None = None,
    rotation: int = 0,
    sample_aspect_ratio: Fraction | None = None,
    options: Mapping[str, str] | None = None,
) -> int:
    """Encode pictures into an MP4 or MOV file, whole or not at all.

    Parameters
    ----------
    path:
        The file to write; its suffix (``.mp4``, ``.mov``, ``.mkv``) chooses the
        container. It appears under that name only once it is complete.
    frames:
        RGB pictures, uint8, shape (height, width, 3), all of one even size.
        They are consumed one by one, so the file may be longer than memory.
    frame_rate:
        Pictures per second, exact (``Fraction(30000, 1001)`` for 29.97).
    start_timecode:
        SMPTE timecode of the first picture, ``;`` before the frames when drop-frame.
    metadata:
        Container tags (``title``, ``creation_time`` as ISO 8601, any other name).
    codec:
        ``h264``, ``hevc``, or the name of an FFmpeg encoder.
    pts:
        Presentation times of the pictures in units of one frame, increasing;
        gaps make a variable frame rate. Default 0, 1, 2, …
    rotation:
        Clockwise degrees (0, 90, 180, 270) a player must turn the pictures by.
    sample_aspect_ratio:
        Width of a pixel by its height; square if not given.
    options:
        Further encoder options, such as ``{"g": "12"}``.

    Returns
    -------
    int
        How many pictures were written.

    Raises
    ------
    InvalidInputError
        If there is no picture, or a picture's shape, type or size does not fit.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        with av.open(os.fspath(part), "w", options=_muxer_options(path)) as container:
            container.metadata.update(metadata or {})
            if start_timecode:
                container.metadata["timecode"] = start_timecode
            stream = cast(
                "VideoStream",
                container.add_stream(
                    _ENCODERS.get(codec, codec),
                    rate=frame_rate,
                    options=_QUALITY
                    | ({} if pts is None else _NO_REORDERING)
                    | dict(options or {}),
                ),
            )
            if sample_aspect_ratio is not None:
                stream.sample_aspect_ratio = sample_aspect_ratio
            # Players and FFmpeg spell the display matrix's angle counter-clockwise.
            if rotation:
                stream.set_display_rotation(-rotation)
            written = _encode(container, stream, frames, pts if pts is not None else count())
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return written


def _muxer_options(path: Path) -> dict[str, str]:
    if path.suffix.lower() not in {".mp4", ".mov", ".m4v"}:
        return {}
    # use_metadata_tags keeps tags that QuickTime has no atom for.
    return {"movflags": "+faststart+use_metadata_tags"}


def _encode(
    container: OutputContainer,
    stream: VideoStream,
    frames: Iterable[RgbPicture],
    pts: Iterable[int],
) -> int:
    written = 0
    # The stream's rate is the one it was added with; reading it back gives the exact fraction.
    frame_rate = stream.codec_context.framerate
    for picture, at in zip(_checked(frames), pts, strict=False):
        if not written:
            _describe(stream, picture)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation="AREA"
        )
        frame.pts, frame.time_base = at, 1 / frame_rate
        container.mux(stream.encode(frame))
        written += 1
    if not written:
        raise InvalidInputError(
            "No pictures were given, expected at least one.",
            remedy="Give write_video an iterable that yields pictures.",
        )
    container.mux(stream.encode(None))
    return written


def _describe(stream: VideoStream, picture: RgbPicture) -> None:
    context = stream.codec_context
    context.height, context.width = picture.shape[:2]
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / context.framerate
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE


def _checked(frames: Iterable[RgbPicture]) -> Iterator[RgbPicture]:
    size: tuple[int, ...] | None = None
    for picture in frames:
        shape = picture.shape
        fits = len(shape) == 3 and shape[2] == 3 and not (shape[0] % 2 or shape[1] % 2)
        if picture.dtype != np.uint8 or not fits or (size is not None and shape != size):
            raise InvalidInputError(
                f"A picture of shape {shape} and type {picture.dtype} cannot be written; expected"
                f" uint8 of shape {size or '(even height, even width, 3)'}.",
                remedy="Give RGB pictures of one even size.",
            )
        size = shape
        yield picture
