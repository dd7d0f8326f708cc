"""From a decoded picture to a proxy's: upright, square pixels, whole pictures, standard colours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av.error
import av.filter

from catalog.domain.media import VideoTrack
from catalog.domain.renditions import ProxySettings

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

_WIDEST = 2048
_UNSPECIFIED = 2
_BT709, _BT601 = "bt709", "bt601"
_LARGEST_SD_HEIGHT, _LARGEST_SD_WIDTH = 576, 1024
_PQ, _HLG, _BT2020 = 16, 18, 9  # H.273: transfer characteristics, colour primaries
_TURNS = {90: ("transpose=clock",), 180: ("hflip", "vflip"), 270: ("transpose=cclock",)}


def proxy_size(track: VideoTrack, settings: ProxySettings) -> tuple[int, int]:
    """Width and height of the proxy in pixels, both even; never larger than the original."""
    width, height = Fraction(track.display_width), Fraction(track.display_height)
    scale = min(Fraction(1), settings.lines / height, _WIDEST / width)
    return _even(width * scale), _even(height * scale)


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


class ProxyPictures:
    """Brings pictures to the proxy's form, one for one and in order.

    Parameters
    ----------
    track:
        The original's pictures.
    size:
        Width and height of the result.
    time_base:
        Of the times that pictures are given.
    """

    def __init__(self, track: VideoTrack, size: tuple[int, int], time_base: Fraction) -> None:
        self._track = track
        turned = track.rotation % 180 == 90
        self._size = (size[1], size[0]) if turned else size
        self._base = time_base
        self._graph: Graph | None = None
        self._for: tuple[object, ...] | None = None
        self._interlaced = track.field_order not in (None, "progressive")
        self._times: list[int] = []  # of pictures that are in the graph
        self._last: VideoFrame | None = None

    def push(self, frame: VideoFrame, pts: int) -> Iterator[VideoFrame]:
        """The pictures that are ready once this one has come; their times are exact."""
        self._interlaced = self._interlaced or bool(frame.interlaced_frame)
        form = (frame.width, frame.height, frame.format.name, int(frame.colorspace))
        form = (*form, int(frame.color_trc), int(frame.color_range), self._interlaced)
        if form != self._for:
            yield from self.flush()
            self._graph, self._for = self._build(frame), form
        assert self._graph is not None  # noqa: S101  # built above
        self._times.append(pts)
        frame.pts, frame.time_base = pts, self._base
        self._graph.push(frame)
        yield from self._ready(self._graph)

    def flush(self) -> Iterator[VideoFrame]:
        """The pictures that were waiting for a next one."""
        if self._graph is None:
            return
        self._graph.push(None)
        yield from self._ready(self._graph)
        self._graph = None
        # Deinterlacers hold one picture back, and of a single one they give none.
        while self._times and self._last is not None:
            yield self._timed(self._last)
        self._times.clear()

    def _ready(self, graph: Graph) -> Iterator[VideoFrame]:
        while True:
            try:
                frame = cast("VideoFrame", graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if self._times:
                self._last = frame
                yield self._timed(frame)

    def _timed(self, frame: VideoFrame) -> VideoFrame:
        # Filters double and round times; order is all that is asked of them.
        frame.pts, frame.time_base = self._times.pop(0), self._base
        return frame

    def _build(self, frame: VideoFrame) -> Graph:
        graph = av.filter.Graph()
        last = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._base
        )
        for step in self._steps(frame):
            name, _, options = step.partition("=")
            following = graph.add(name, options or None)
            last.link_to(following)
            last = following
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph

    def _steps(self, frame: VideoFrame) -> list[str]:
        steps = []
        if self._interlaced:
            steps.append("bwdif=mode=send_frame:deint=interlaced")
        width, height = self._size
        steps.append(f"scale=w={width}:h={height}:flags=bicubic:{_colours(frame)}")
        steps.append("format=yuv420p")
        if self._track.mirrored:
            steps.append("hflip")
        steps.extend(_TURNS.get(self._track.rotation, ()))
        steps.append("setsar=1")
        return steps


def _colours(frame: VideoFrame) -> str:
    """What the scaler must know of colours, and what it must make of them: BT.709, limited."""
    wanted = [f"out_color_matrix={_BT709}", "out_range=tv"]
    if int(frame.colorspace) == _UNSPECIFIED:
        # As for the kept pictures: what players assume of untagged ones.
        sd = frame.height <= _LARGEST_SD_HEIGHT and frame.width <= _LARGEST_SD_WIDTH
        wanted.append(f"in_color_matrix={_BT601 if sd else _BT709}")
    transfer = int(frame.color_trc)
    if transfer in (_PQ, _HLG) or int(frame.color_primaries) == _BT2020:
        wanted += [f"out_primaries={_BT709}", f"out_transfer={_BT709}"]
        wanted.append("in_primaries=bt2020")
        if transfer != _PQ:
            # HLG was made to be shown as it is by displays that know nothing of it
            # (BT.2390, 7.2); what the scaler would make of it clips all that is bright.
            wanted.append(f"in_transfer={_BT709}")
    return ":".join(wanted)
