"""From a decoded picture to a proxy's: upright, square pixels, whole pictures, standard colours."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av.error
import av.filter

from catalog.domain.media import VideoTrack
from catalog.domain.renditions import ProxySettings
from catalog.media.color import UNSPECIFIED, is_standard_definition

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame

_WIDEST = 2048
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
        colours = (int(frame.colorspace), int(frame.color_trc), int(frame.color_range))
        form = (frame.width, frame.height, frame.format.name, colours, self._interlaced)
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
        steps.extend(_scaled(frame, *self._size))
        if self._track.mirrored:
            steps.append("hflip")
        steps.extend(_TURNS.get(self._track.rotation, ()))
        steps.append("setsar=1")
        return steps


def _scaled(frame: VideoFrame, width: int, height: int) -> list[str]:
    """Bring a picture to its size and to what browsers take it for: 8 bits, BT.709, limited."""
    scale = f"scale=w={width}:h={height}:flags=bicubic"
    matrix = f"{scale}:out_color_matrix=bt709:out_range=tv"
    if int(frame.color_trc) == _PQ:
        standard = "out_primaries=bt709:out_transfer=bt709:in_primaries=bt2020"
        return [f"{matrix}:{standard}:in_transfer=smpte2084", "format=yuv420p"]
    if int(frame.color_trc) == _HLG or int(frame.color_primaries) == _BT2020:
        # HLG was made to be shown as it is by displays that know nothing of it (BT.2390, 7.2):
        # only its colours are brought into BT.709. The scaler would clip what is bright.
        source = "ispace=bt2020ncl:iprimaries=bt2020:itrc=bt709"
        wanted = "space=bt709:primaries=bt709:trc=bt709:range=tv:format=yuv420p"
        return [scale, "format=yuv420p10", f"colorspace={source}:{wanted}"]
    if int(frame.colorspace) == UNSPECIFIED:
        sd = is_standard_definition(frame.width, frame.height)
        matrix += f":in_color_matrix={'bt601' if sd else 'bt709'}"
    return [matrix, "format=yuv420p"]
