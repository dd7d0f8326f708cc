"""From a file's sound to a proxy's: two channels, one rate, no gaps, beginning with the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
import av.filter
import numpy as np
import numpy.typing as npt

from catalog.media.container import has_decoder

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph
    from av.filter.context import FilterContext

Samples = npt.NDArray[np.float32]

RATE = 48_000
# AV_DISPOSITION_DEFAULT; DUB, COMMENT, HEARING_IMPAIRED, VISUAL_IMPAIRED, DESCRIPTIONS, DEPENDENT
_DEFAULT = 0x1
_NOT_THE_MAIN = 0x2 | 0x8 | 0x80 | 0x100 | 0x20000 | 0x80000
_PROFESSIONAL = ("mxf", "mov", "gxf")
# A time so far from where the sound is at is a fault of the file's, not a silence.
_LONGEST_GAP_S = 60
_LONGEST_WAIT_S = 10


def chosen_sounds(container: InputContainer) -> list[AudioStream]:
    """The sound to be heard with the picture: one stream, or two that are left and right.

    The default one, else the first that is no commentary or description. Where
    cameras and editing systems record channels as tracks of their own, the first
    two are heard as left and right, as editing systems play them.
    """
    known = [stream for stream in container.streams.audio if has_decoder(stream)]
    ranked = sorted(known, key=_rank)
    if not ranked:
        return []
    first = ranked[0]
    if not any(name in container.format.name.split(",") for name in _PROFESSIONAL):
        return [first]
    mono = [stream for stream in known if _is_mono(stream)]
    if _is_mono(first) and first is mono[0] and len(mono) > 1 and len(mono) == len(known):
        return mono[:2]
    return [first]


def _rank(stream: AudioStream) -> tuple[bool, bool, int]:
    flags = int(stream.disposition)
    return bool(flags & _NOT_THE_MAIN), not flags & _DEFAULT, stream.index


def _is_mono(stream: AudioStream) -> bool:
    return stream.codec_context.channels == 1


class StereoSound:
    """Brings the sound of one or two streams into two channels of 48 kHz, from time 0 on.

    Gaps become silence, what lies before 0 is cut off. Push frames with the
    moment (seconds in their own stream's time) that is 0.
    """

    def __init__(self, streams: Sequence[AudioStream]) -> None:
        self._places = {stream.index: place for place, stream in enumerate(streams)}
        self._lanes = [_Lane(place, len(streams)) for place in range(len(streams))]
        self._written = 0

    def push(self, index: int, frame: AudioFrame, origin: Fraction) -> Iterator[AudioFrame]:
        """What is ready once this frame of the stream has come."""
        self._lanes[self._places[index]].push(frame, origin)
        yield from self._mixed(last=False)

    def flush(self) -> Iterator[AudioFrame]:
        """What is left."""
        for lane in self._lanes:
            lane.flush()
        yield from self._mixed(last=True)

    def _mixed(self, *, last: bool) -> Iterator[AudioFrame]:
        counts = [lane.count for lane in self._lanes]
        # A track that has ended, or never begins, must not hold the other one up for ever.
        late = max(counts) - min(counts) > _LONGEST_WAIT_S * RATE
        count = max(counts) if last or late else min(counts)
        if not count:
            return
        parts = [lane.take(count) for lane in self._lanes]
        samples = np.ascontiguousarray(np.clip(sum(parts), -1, 1), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts, self._written = self._written, self._written + count
        yield frame


class _Lane:
    """One stream on its way to two channels; ``count`` samples are ready."""

    def __init__(self, place: int, lanes: int) -> None:
        self._side = place if lanes > 1 else None
        self._graph: Graph | None = None
        self._source: FilterContext | None = None
        self._for: tuple[object, ...] | None = None
        self._made = 0  # samples that have left the graph, since time 0
        self._ready: list[Samples] = []
        self.count = 0
        self._owed = 0  # samples for which silence was given when they had not come

    def push(self, frame: AudioFrame, origin: Fraction) -> None:
        form = (frame.format.name, frame.sample_rate, frame.layout.name)
        if form != self._for:
            self.flush()
            self._graph, self._for = self._build(frame), form
        assert self._graph is not None  # noqa: S101  # built above
        rate = frame.sample_rate
        at = None
        if frame.pts is not None and frame.time_base is not None:
            at = round((frame.pts * frame.time_base - origin) * rate)
            if abs(at - self._made * rate // RATE) > _LONGEST_GAP_S * rate:
                at = None
        frame.time_base = Fraction(1, rate)
        frame.pts = at
        self._graph.push(frame)
        self._drain(self._graph)

    def flush(self) -> None:
        if self._graph is not None:
            self._graph.push(None)
            self._drain(self._graph)
            self._graph = None

    def _build(self, frame: AudioFrame) -> Graph:
        graph = av.filter.Graph()
        last = graph.add_abuffer(
            format=frame.format.name,
            sample_rate=frame.sample_rate,
            layout=frame.layout.name,
            time_base=Fraction(1, frame.sample_rate),
        )
        for name, options in self._steps(frame):
            following = graph.add(name, options)
            last.link_to(following)
            last = following
        last.link_to(graph.add("abuffersink"))
        graph.configure()
        return graph

    def _steps(self, frame: AudioFrame) -> list[tuple[str, str]]:
        # first_pts: silence up to the first sample, or a cut; async=1: silence in gaps.
        steps = [("aresample", f"{RATE}:async=1:first_pts={self._made}")]
        if self._side is not None:
            steps.insert(0, ("pan", f"stereo|c{self._side}=c0"))
        elif "channels" in frame.layout.name:  # which is where is not known
            count = len(frame.layout.channels)
            steps.insert(0, ("pan", f"stereo|c0=c0|c1=c{min(1, count - 1)}"))
        form = f"sample_fmts=fltp:sample_rates={RATE}:channel_layouts=stereo"
        return [*steps, ("aformat", form)]

    def _drain(self, graph: Graph) -> None:
        while True:
            try:
                frame = cast("AudioFrame", graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            content: Any = frame.to_ndarray()
            self._ready.append(content)
            self.count += frame.samples
            self._made += frame.samples

    def take(self, count: int) -> Samples:
        """The next samples, shape (2, count); silence for those that have not come."""
        joined = np.concatenate([*self._ready, np.zeros((2, 0), np.float32)], axis=1)
        joined = joined[:, min(self._owed, joined.shape[1]) :]
        self._owed -= self.count - joined.shape[1]
        taken, rest = joined[:, :count], joined[:, count:]
        missing = count - taken.shape[1]
        self._owed += missing
        self._ready, self.count = [rest], rest.shape[1]
        return np.pad(taken, ((0, 0), (0, missing)))
