"""The decode pass over a sound: its outline, the picture of that, and how loud it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import av.error
import av.stream
import numpy as np
import numpy.typing as npt
from av.audio.frame import format_dtypes

from catalog.domain.media import Loudness, Probe
from catalog.media.container import MP4_FAMILY, open_container
from catalog.media.files import check_readable
from catalog.media.loudness import LoudnessMeter
from catalog.media.peaks import LONGEST_GAP_S, Outline, Peaks, Samples
from catalog.media.proxy_sound import StereoSound, chosen_sounds
from catalog.media.rereading import Rereading

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

Values = npt.NDArray[Any]

_WIDTH, _ROW, _MOST_HEIGHT = 1600, 160, 640
_GROUND, _REACH, _BODY, _AXIS = (0, 0, 0), (96, 144, 192), (44, 92, 148), (128, 128, 128)
_GAPS = 10  # times may stray by a second's so manyth part before silence is filled in
_MOST_FAILED_READS = 16
# Values of all channels that are made ready at once: a codec gives a thousand or so at a time, of
# which each step would cost more than its samples.
_TOGETHER = 1 << 15


class Listener(Protocol):
    """Hears a sound go by, in order."""

    def add(self, samples: Samples, rate: int) -> None:
        """The next samples, shape (number, channels), of so many a second."""

    def skip(self, number: int, rate: int) -> None:
        """So many samples are missing."""

    def finish(self) -> None:
        """There are no more."""


class SoundPass:
    """One pass over an asset's sound; call `run`, then read the counts.

    Who reads the file for its pictures as well calls `open`, `hear` for each packet
    of the sound, and `finish`.

    Parameters
    ----------
    path:
        The file.
    probe:
        What `catalog.media.probe.probe` said of it. Of a video, times count from
        its first picture, as everywhere.
    progress:
        Called about once per second of media with the seconds done so far.
    drawn:
        Whether the outline is wanted.
    measured:
        Whether it is wanted how loud it is.
    listener:
        Hears all that goes into the outline.

    Attributes
    ----------
    decoded:
        Blocks of samples decoded so far.
    errors:
        Broken packets and failed reads so far; they are skipped.
    peaks:
        The outline so far; None if nothing was decoded yet, or it is not wanted.
    loudness:
        How loud it is, once it is finished; None if there is no sound, or none that can
        be measured.
    whole:
        Whether all that was decoded so far counts: what comes after a change of the
        sample rate does not.
    """

    def __init__(
        self,
        path: Path,
        probe: Probe,
        progress: Callable[[float], None] = lambda _: None,
        *,
        drawn: bool = True,
        measured: bool = True,
        listener: Listener | None = None,
    ) -> None:
        self._path = path
        self._probe = probe
        self._progress = progress
        self._drawn = drawn
        self._measured = measured
        self._listener = listener
        self._rate: int | None = None
        self._samples = 0
        self._reported = 0
        self._origin: Fraction | None = None
        self._pair: StereoSound | None = None
        self._meter: LoudnessMeter | None = None
        self._form: Form | None = None
        self._blocks: list[Values] = []
        self._count_blocks = 0
        self.decoded = 0
        self.errors = 0
        self.peaks: Peaks | None = None
        self.loudness: Loudness | None = None
        self.whole = True

    @property
    def seconds(self) -> Fraction:
        """Length of the sound so far."""
        return Fraction(self._samples, self._rate) if self._rate else Fraction(0)

    def run(self) -> Outline | None:
        """The sound's outline; None if not one sample can be decoded, or it is not wanted.

        Raises
        ------
        MediaError
            If the file cannot be opened.
        """
        with open_container(self._path) as container:
            streams = self.open(container)
            if streams:
                _pass_over_others(container, streams)
                for packet in self._packets(container, streams):
                    self.hear(packet)
            return self.finish()

    def open(self, container: InputContainer) -> list[AudioStream]:
        """The streams whose packets are to be heard, as a proxy has them: one, a pair, or none."""
        streams = chosen_sounds(container)
        self._origin = self._probe.origin
        self._pair = StereoSound(streams) if len(streams) > 1 else None
        return streams

    def _packets(
        self, container: InputContainer, streams: list[AudioStream]
    ) -> Iterator[Packet[AudioStream]]:
        failed_reads = 0
        read = Rereading(self._path, self._probe.container)
        packets = container.demux(*streams)
        while failed_reads < _MOST_FAILED_READS:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                check_readable(self._path)
                failed_reads += 1
                self.errors += 1
                packets = container.demux(*streams)
                continue
            except IndexError:  # see PictureReader: PyAV 18 at the end of some transport streams
                return
            if packet is None:
                return
            failed_reads = 0
            read.add(packet.size)
            yield cast("Packet[AudioStream]", packet)

    def hear(self, packet: Packet[AudioStream]) -> None:
        """The next packet of one of the streams."""
        try:
            for frame in packet.stream.decode(packet):
                self.decoded += 1
                self._join(packet.stream.index, frame)
        except av.error.EOFError:
            pass
        except (av.error.FFmpegError, ValueError):  # ValueError: no numbers NumPy knows
            self.errors += 1

    def finish(self) -> Outline | None:
        """The outline, as `run` gives it; ``loudness`` is known then."""
        for frame in self._pair.flush() if self._pair is not None else ():
            self._add(frame)
        try:
            self._hand_on()
        except (av.error.FFmpegError, ValueError):
            self.errors += 1
        if self._meter is not None:
            self.loudness = self._meter.finish()
        if self._listener is not None:
            self._listener.finish()
        return self.peaks.finish() if self.peaks else None

    def _join(self, index: int, frame: AudioFrame) -> None:
        """Left and right, where they are tracks of their own, become one."""
        if self._pair is None:
            self._add(frame)
            return
        if self._origin is None:
            self._origin = self._time(frame) or Fraction(0)
        for joined in self._pair.push(index, frame, self._origin):
            self._add(joined)

    def _add(self, frame: AudioFrame) -> None:
        form = Form.of(frame)
        values = form.values(frame)
        if self._rate is None:
            self._begin(frame, form.channels)
        elif self._rate != frame.sample_rate:
            self.whole = False
            return  # a change of rate in the middle; what follows has no place here
        if form != self._form:
            self._hand_on()
            self._form = form
        wanted = self._place(frame)
        if wanted is not None:
            stray = wanted - self._samples
            if stray * _GAPS > frame.sample_rate:
                self._hand_on()
                self._skip(stray)
            elif wanted < 0:
                values = values[-wanted:]  # before the first picture
        self._samples += len(values)
        self._blocks.append(values)
        self._count_blocks += values.size
        if self._count_blocks >= _TOGETHER:
            self._hand_on()
        if self._samples - self._reported >= frame.sample_rate:
            self._reported = self._samples
            self._progress(float(self.seconds))

    def _hand_on(self) -> None:
        """Give what was decoded to all who hear it."""
        blocks, self._blocks, self._count_blocks = self._blocks, [], 0
        if not any(map(len, blocks)):
            return
        assert self._rate is not None  # noqa: S101  # set with the first samples
        samples = scaled(np.concatenate(blocks))
        if self._listener is not None:
            self._listener.add(samples, self._rate)
        if self.peaks is not None:
            self.peaks.add(samples)
        if self._meter is not None:
            self._meter.add(samples)

    def _begin(self, frame: AudioFrame, channels: int) -> None:
        """What the first samples decide."""
        self._rate = frame.sample_rate
        self._first = self._origin if self._pair is None else Fraction(0)
        if self._first is None:
            self._first = self._time(frame)
        if self._drawn:
            self.peaks = Peaks(channels, frame.sample_rate)
        if not self._measured:
            return
        with suppress(ValueError):  # a layout that nobody can weigh
            self._meter = LoudnessMeter(channels, frame.sample_rate, frame.layout.name)

    def _skip(self, number: int) -> None:
        """A gap is silence; no recording has one of a day, and a broken clock has."""
        assert self._rate is not None  # noqa: S101  # set with the first samples
        if number > LONGEST_GAP_S * self._rate:
            return
        self._samples += number
        if self.peaks is not None:
            self.peaks.skip(number)
        if self._meter is not None:
            self._meter.skip(number)
        if self._listener is not None:
            self._listener.skip(number, self._rate)

    def _place(self, frame: AudioFrame) -> int | None:
        """Which sample of the asset's sound a frame begins with, by its time; None if unknown."""
        first, base = self._first, frame.time_base
        if frame.pts is None or base is None or first is None:
            return None
        # One fraction in place of four: a codec gives some fifty frames a second.
        after = frame.pts * base.numerator * first.denominator - first.numerator * base.denominator
        return round(Fraction(after * frame.sample_rate, base.denominator * first.denominator))

    def _time(self, frame: AudioFrame) -> Fraction | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return frame.pts * frame.time_base


def _pass_over_others(container: InputContainer, streams: list[AudioStream]) -> None:
    """Leave unread what is not heard, where an index leads straight to the sound."""
    if container.format.name == MP4_FAMILY:
        heard = {stream.index for stream in streams}
        for other in container.streams:
            if other.index not in heard:
                other.discard = av.stream.Discard.all


@dataclass(frozen=True, slots=True)
class Form:
    """In what form a decoder gives samples: frames of one form may be joined."""

    name: str
    channels: int
    planar: bool

    @classmethod
    def of(cls, frame: AudioFrame) -> Self:
        """The form of a frame."""
        form = frame.format
        return cls(form.name, max(1, frame.layout.nb_channels), form.is_planar)

    def values(self, frame: AudioFrame) -> Values:
        """The frame's samples as they are, shape (number, channels)."""
        # As PyAV's `to_ndarray` has it, which stacks a single plane, too.
        if frame.format.name not in format_dtypes:
            raise ValueError(f"no numbers for {frame.format.name}")
        kind: Any = format_dtypes[frame.format.name]
        count = frame.samples * (1 if self.planar else self.channels)
        planes = [np.frombuffer(memoryview(plane), kind, count) for plane in frame.planes]
        if self.planar and len(planes) > 1:
            return np.stack(planes).T
        return planes[0].reshape(-1, self.channels)


def samples_of(frame: AudioFrame) -> Samples:
    """A frame's samples, shape (number, channels), full scale at -1 and 1; all are numbers."""
    return scaled(Form.of(frame).values(frame))


def scaled(values: Values) -> Samples:
    """Samples as a decoder gives them, as floats: full scale at -1 and 1; all are numbers."""
    samples: Samples = values.astype(np.float32)
    if values.dtype == np.uint8:
        samples -= 128
        samples /= 128
    elif np.issubdtype(values.dtype, np.integer):
        samples /= -float(np.iinfo(values.dtype).min)
    elif not np.isfinite(samples).all():
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return samples


def draw_waveform(outline: Outline) -> tuple[bytes, int, int]:
    """The outline as a PNG on a clear ground, a row for each channel: content, width, height.

    The light band reaches from the lowest to the highest sample, the dark one
    is as high as the sound's power.
    """
    from PIL import Image  # noqa: PLC0415  slow to import

    channels = outline.low.shape[1]
    row = min(_ROW, _MOST_HEIGHT // channels)
    pixels = np.zeros((row * channels, _WIDTH), np.uint8)
    low, high, rms = (_drawn(v, join) for v, join in _bands(outline))
    middle = (row - 1) / 2
    lines = np.arange(row)[:, np.newaxis]
    for channel in range(channels):
        part = pixels[channel * row : (channel + 1) * row]
        top, bottom = (1 - high[channel]) * middle, (1 - low[channel]) * middle
        part[(lines >= np.floor(top)) & (lines <= np.ceil(bottom))] = 1
        reach = rms[channel] * middle
        part[(lines >= middle - reach) & (lines <= middle + reach)] = 2
        part[row // 2][part[row // 2] == 0] = 3
    image = Image.fromarray(pixels, "P")
    image.putpalette([c for colour in (_GROUND, _REACH, _BODY, _AXIS) for c in colour])
    kept = io.BytesIO()
    image.save(kept, "PNG", optimize=True, transparency=0)
    return kept.getvalue(), _WIDTH, row * channels


def _bands(outline: Outline) -> list[tuple[Samples, Any]]:
    return [(outline.low, np.minimum), (outline.high, np.maximum), (outline.rms, np.maximum)]


def _drawn(values: Samples, join: Any) -> Samples:  # noqa: ANN401  # a ufunc
    """The values at each pixel of the width, (channels, width), within full scale."""
    columns = len(values)
    if not columns:
        return np.zeros((values.shape[1], _WIDTH), np.float32)
    edges = np.arange(_WIDTH) * columns // _WIDTH
    # A pixel that falls on no new column repeats the one it falls into.
    drawn: Samples = join.reduceat(values, edges, axis=0)
    return np.clip(drawn, -1, 1).T
