"""Interlaced pictures: two moments, half a frame apart, in the odd and the even lines.

Only pictures that are kept need treatment: the detectors' small ones average
both fields away. A kept picture shows the first field, its missing lines drawn
from that field's own (FFmpeg's ``estdif``, which follows slanted edges), so no
neighbouring picture has to be held. What the codec marks as interlaced is
treated; soft telecine is progressive and stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import av.error
import av.filter

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def one_moment(frame: VideoFrame) -> VideoFrame:
    """The frame itself, or, of an interlaced one, its first field in full height."""
    if not frame.interlaced_frame:
        return frame
    try:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base,
        )
        fields = graph.add("estdif", "mode=frame:deint=interlaced")
        sink = graph.add("buffersink")
        source.link_to(fields)
        fields.link_to(sink)
        graph.configure()
        source.push(frame)
        source.push(None)
        return cast("VideoFrame", sink.pull())
    except (av.error.FFmpegError, ValueError):
        return frame  # a pixel format the filter does not know
