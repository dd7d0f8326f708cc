"""How loud a sound is: integrated loudness, loudness range and true peak, as it goes by.

Loudness and its range are measured by FFmpeg's ``ebur128`` (ITU-R BS.1770, EBU R 128, EBU Tech
3342). Of peaks that filter tells thousandths of full scale, half a decibel of a soft sound; they
are taken here, from the same sound with four samples for one (BS.1770, annex 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
import av.error
import av.filter
import numpy as np

from catalog.domain.media import Loudness
from catalog.media.peaks import Samples, fitted

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.filter.context import FilterContext

FLOOR_DBTP = -120.0
"""The peak of digital silence, which has none."""
_GATE_LUFS = -70.0  # BS.1770's absolute gate: what is softer is no sound
_SHORT_TERM_S = 3  # the window of which a loudness range is made
_FINE_RATE = 192_000  # BS.1770: samples this close together miss no peak
_MOST_FINER = 4
_BLOCKS_A_SECOND, _EVEN_RATE = 10, 48_000
_MOST_WAITING = 1 << 17  # values of all channels
# No block of a gap longer than the longest window is told from that of another.
_LONGEST_GAP_S = 4


class LoudnessMeter:
    """Measures a sound; `add` samples, `skip` silence, then `finish`.

    Memory does not depend on the sound's length.

    Parameters
    ----------
    channels, sample_rate:
        Of the sound; samples are full scale at -1 and 1.
    layout:
        FFmpeg's name of what its channels are: those behind weigh more, and a channel of
        effects weighs nothing. Channels of no known place weigh as those in front.

    Raises
    ------
    ValueError
        If there is no such layout, or so many channels cannot be measured.
    """

    def __init__(self, channels: int, sample_rate: int, layout: str) -> None:
        self._channels = channels
        self._rate = sample_rate
        self._layout = layout
        self._highest = 0.0
        self._said: dict[str, str] = {}
        self._waiting: list[Samples] = []
        self._count_waiting = 0
        self._heard = 0  # samples
        try:
            self._source, self._meter, self._finer = self._graph()
        except av.error.FFmpegError as error:
            raise ValueError(f"the loudness of {layout} cannot be measured") from error

    def _graph(self) -> tuple[FilterContext, FilterContext, FilterContext]:
        """Where samples go in, and where they leave the meter and the finer sampling."""
        self._owner = graph = av.filter.Graph()
        base = Fraction(1, self._rate)
        source = graph.add_abuffer(
            format="flt", sample_rate=self._rate, layout=self._layout, time_base=base
        )
        finer = min(_MOST_FINER, max(1, _FINE_RATE // self._rate))
        split = graph.add("asplit")
        meter = graph.add("ebur128", "metadata=1:framelog=quiet")
        # BS.1770's own filter has 12 taps for each of the samples between.
        resample = graph.add("aresample", f"{self._rate * finer}:filter_size=16")
        form = graph.add("aformat", "sample_fmts=flt")
        ends = graph.add("abuffersink"), graph.add("abuffersink")
        source.link_to(split)
        if self._rate % _BLOCKS_A_SECOND:  # which the filter cannot cut into its blocks
            even = graph.add("aresample", str(_EVEN_RATE))
            split.link_to(even, 0, 0)
            even.link_to(meter)
        else:
            split.link_to(meter, 0, 0)
        split.link_to(resample, 1, 0)
        resample.link_to(form)
        meter.link_to(ends[0])
        form.link_to(ends[1])
        graph.configure()
        return source, *ends

    def add(self, samples: Samples) -> None:
        """The next samples, shape (number, channels)."""
        self._waiting.append(fitted(samples, self._channels))
        self._count_waiting += len(samples)
        if self._count_waiting * self._channels >= _MOST_WAITING:
            self._settle()

    def skip(self, number: int) -> None:
        """So many samples of silence."""
        shown = min(number, _LONGEST_GAP_S * self._rate)
        self.add(np.zeros((shown, self._channels), np.float32))

    def _settle(self) -> None:
        """Measure what waits."""
        if not self._count_waiting:
            return
        samples = np.concatenate(self._waiting)
        self._waiting, self._count_waiting = [], 0
        self._highest = max(self._highest, _reach(samples))
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples).reshape(1, -1), format="flt", layout=self._layout
        )
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts, self._heard = self._heard, self._heard + len(samples)
        self._source.push(frame)
        self._drain()

    def _drain(self) -> None:
        for frame in _pulled(self._meter):
            self._said = frame.metadata or self._said  # the last, if it is short, says nothing
        for frame in _pulled(self._finer):
            self._highest = max(self._highest, _reach(frame.to_ndarray()))

    def finish(self) -> Loudness | None:
        """The loudness of all that went by; None if nothing did."""
        self._settle()
        if not self._heard:
            return None
        self._source.push(None)
        self._drain()
        integrated = self._number("I")
        if integrated is not None and integrated <= _GATE_LUFS:
            integrated = None
        long_enough = self._heard >= _SHORT_TERM_S * self._rate
        spread = self._number("LRA") if integrated is not None and long_enough else None
        peak = 20 * math.log10(self._highest) if self._highest else FLOOR_DBTP
        return Loudness(
            None if integrated is None else round(integrated, 2),
            None if spread is None else round(spread, 2),
            round(max(peak, FLOOR_DBTP), 2),
        )

    def _number(self, name: str) -> float | None:
        said = float(self._said.get(f"lavfi.r128.{name}", "nan"))
        return said if math.isfinite(said) else None


def _reach(samples: Any) -> float:  # noqa: ANN401  # PyAV's arrays are of any kind
    """How far samples are from silence at most, in one pass."""
    import cv2  # noqa: PLC0415  slow to import

    return float(cv2.norm(samples, cv2.NORM_INF))


def _pulled(end: FilterContext) -> Iterator[AudioFrame]:
    while True:
        try:
            yield cast("AudioFrame", end.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
