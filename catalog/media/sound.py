"""The decode pass over a sound: its samples as they go by, and the picture of its outline."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
import numpy as np

from catalog.domain.media import Probe
from catalog.media.container import has_decoder, open_container
from catalog.media.files import check_readable
from catalog.media.peaks import Outline, Peaks, Samples

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

_WIDTH, _ROW, _MOST_HEIGHT = 1600, 160, 640
_GROUND, _REACH, _BODY, _AXIS = (0, 0, 0), (96, 144, 192), (44, 92, 148), (128, 128, 128)
_GAP = Fraction(1, 10)  # seconds that times may stray before silence is filled in
_MOST_FAILED_READS = 16


class SoundPass:
    """One pass over an asset's sound; call `run`, then read the counts.

    Parameters
    ----------
    path:
        The file.
    probe:
        What `catalog.media.probe.probe` said of it. Of a video, times count from
        its first picture, as everywhere.
    progress:
        Called about once per second of media with the seconds done so far.

    Attributes
    ----------
    decoded:
        Blocks of samples decoded so far.
    errors:
        Broken packets and failed reads so far; they are skipped.
    """

    def __init__(
        self, path: Path, probe: Probe, progress: Callable[[float], None] = lambda _: None
    ) -> None:
        self._path = path
        self._probe = probe
        self._progress = progress
        self._reported = 0
        self.decoded = 0
        self.errors = 0
        self.peaks: Peaks | None = None

    @property
    def seconds(self) -> Fraction:
        """Length of the sound so far."""
        return Fraction(self.peaks.samples, self.peaks.sample_rate) if self.peaks else Fraction(0)

    def run(self) -> Outline | None:
        """The sound's outline; None if not one sample can be decoded.

        Raises
        ------
        MediaError
            If the file cannot be opened.
        """
        with open_container(self._path) as container:
            stream = main_sound(container)
            if stream is None:
                return None
            origin = self._origin(container)
            for frame in self._frames(container, stream):
                self.decoded += 1
                self._add(frame, origin)
        return self.peaks.finish() if self.peaks else None

    def _origin(self, container: InputContainer) -> Fraction | None:
        """The moment that counts as 0, in the container's time; None: the first sample's."""
        track = self._probe.video
        if track is None:
            return None
        stream = next(s for s in container.streams.video if s.index == track.index)
        if stream.start_time is None or not stream.time_base:
            return None
        return stream.start_time * stream.time_base

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        failed_reads = 0
        packets = container.demux(stream)
        while failed_reads < _MOST_FAILED_READS:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError:
                check_readable(self._path)
                failed_reads += 1
                self.errors += 1
                packets = container.demux(stream)
                continue
            except IndexError:  # see PictureReader: PyAV 18 at the end of some transport streams
                return
            if packet is None:
                return
            failed_reads = 0
            try:
                yield from stream.decode(packet)
            except av.error.EOFError:
                continue
            except av.error.FFmpegError:
                self.errors += 1

    def _add(self, frame: AudioFrame, origin: Fraction | None) -> None:
        samples = samples_of(frame)
        if self.peaks is None or self.peaks.sample_rate != frame.sample_rate:
            if self.peaks is not None:
                return  # a change of rate in the middle; what follows has no place here
            self.peaks = Peaks(samples.shape[1], frame.sample_rate)
            self._first = self._time(frame) if origin is None else origin
        at = self._time(frame)
        if at is not None and self._first is not None:
            wanted = round((at - self._first) * frame.sample_rate)
            stray = wanted - self.peaks.samples
            if stray > _GAP * frame.sample_rate:
                self.peaks.skip(stray)
            elif wanted < 0:
                samples = samples[-wanted:]  # before the first picture
        self.peaks.add(samples)
        if self.peaks.samples - self._reported >= frame.sample_rate:
            self._reported = self.peaks.samples
            self._progress(float(self.seconds))

    def _time(self, frame: AudioFrame) -> Fraction | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return frame.pts * frame.time_base


def main_sound(container: InputContainer) -> AudioStream | None:
    """The sound stream a player would choose: a default one, else the first that decodes."""
    known = [stream for stream in container.streams.audio if has_decoder(stream)]
    return min(known, key=lambda s: (not int(s.disposition) & 1, s.index), default=None)


def samples_of(frame: AudioFrame) -> Samples:
    """A frame's samples, shape (number, channels), full scale at -1 and 1; all are numbers."""
    content: Any = frame.to_ndarray()
    channels = max(1, len(frame.layout.channels))
    values = content.T if frame.format.is_planar else content.reshape(-1, channels)
    samples: Samples = values.astype(np.float32)
    if values.dtype == np.uint8:
        samples -= 128
        samples /= 128
    elif np.issubdtype(values.dtype, np.integer):
        samples /= -float(np.iinfo(values.dtype).min)
    else:
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
