"""Interlaced pictures: two moments, half a frame apart, in the odd and the even lines.

Only pictures that are kept need treatment: the detectors' small ones average
both fields away. A kept picture shows the first field, its missing lines drawn
from that field's own (FFmpeg's ``estdif``, which follows slanted edges), so no
neighbouring picture has to be held. What the codec marks as interlaced is
treated, and what *looks* woven of two moments, such as two of every five pictures of film that was
telecined and then coded as progressive; of these a whole neighbour is kept where there is one. Soft
telecine is progressive and stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import av.error
import av.filter
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


# A line is unlike both of its neighbours by so much, the same way; and the next, the other way.
_TOOTH = 20
# So many of the teeth in one place, so large (rows by sampled columns), make a comb.
_PLACE, _DENSE = (16, 8), 0.3
_COLUMNS = 3
# Of the teeth that make a comb one of every two goes up, or more; most pictures have fewer at all.
_LEAST_UP = math.floor(_DENSE * _PLACE[0] * _PLACE[1] / 2)
# Nothing larger or smaller was ever interlaced.
_HEIGHTS = range(240, 1153)


def is_combed(frame: VideoFrame) -> bool:
    """Whether a picture shows two moments, woven line by line, whatever its codec says."""
    import cv2  # noqa: PLC0415  slow to import

    lines = _luma(frame)
    if lines is None:
        return False
    above, line, below = lines[:-2], lines[1:-1], lines[2:]
    up = _beyond_tooth(cv2.subtract(line, cv2.max(above, below)))
    if cv2.countNonZero(up) < _LEAST_UP:
        return False
    down = _beyond_tooth(cv2.subtract(cv2.min(above, below), line))
    teeth = cv2.bitwise_or(cv2.bitwise_and(up[:-1], down[1:]), cv2.bitwise_and(down[:-1], up[1:]))
    rows, columns = (size // each for size, each in zip(teeth.shape, _PLACE, strict=True))
    if not rows or not columns or not cv2.countNonZero(teeth):
        return False
    places = teeth[: rows * _PLACE[0], : columns * _PLACE[1]]
    shares = cv2.resize(places, (columns, rows), interpolation=cv2.INTER_AREA)
    return bool(shares.max() > _DENSE * 255)


def _beyond_tooth(apart: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """255 where the difference is that of a tooth, else 0."""
    import cv2  # noqa: PLC0415

    return np.asarray(cv2.threshold(apart, _TOOTH, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _luma(frame: VideoFrame) -> npt.NDArray[np.uint8] | None:
    """Every line of some columns of the brightness, 8 bits; None of what cannot be woven."""
    layout = frame.format
    planar = layout.name.startswith(("yuv", "gray", "nv12"))
    if frame.height not in _HEIGHTS or not planar:
        return None
    plane = frame.planes[0]
    deep = layout.components[0].bits > 8  # a byte
    pixels: Any = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8)
    wide = plane.line_size // pixels.itemsize
    lines = pixels[: wide * frame.height].reshape(frame.height, wide)[:, : frame.width : _COLUMNS]
    if deep:
        lines = lines >> (layout.components[0].bits - 8)
    return np.ascontiguousarray(lines, np.uint8)


class Combed:
    """Whether a picture shows two moments, looked at once."""

    __slots__ = ("_frame", "_is")

    def __init__(self, frame: VideoFrame) -> None:
        self._frame = frame
        self._is: bool | None = None

    def __call__(self) -> bool:
        """As `is_combed` has it."""
        if self._is is None:
            self._is = is_combed(self._frame)
        return self._is


def one_moment(frame: VideoFrame, combed: Callable[[], bool]) -> VideoFrame:
    """The frame itself, or, if it shows two moments, its first field in full height.

    ``combed`` says whether it `is_combed`; as `Combed` does.
    """
    if not (frame.interlaced_frame or combed()):
        return frame
    try:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        )
        fields = graph.add("estdif", "mode=frame:deint=all")
        sink = graph.add("buffersink")
        source.link_to(fields)
        fields.link_to(sink)
        graph.configure()
        source.push(frame)
        source.push(None)
        return cast("VideoFrame", sink.pull())
    except (av.error.FFmpegError, ValueError):
        return frame  # a pixel format the filter does not know
