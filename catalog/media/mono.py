"""A sound as one channel at a chosen rate, and as the 16-bit samples that go between processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.domain.speech import RATE
from catalog.media.peaks import LONGEST_GAP_S, Samples

_FULL_SCALE = 32_768
_BLOCK = 8 * RATE  # samples an ear gives at once
# On a channel with less than -60 dBFS nobody has plugged anything in.
_LIVE = 1e-3


class Mono:
    """Mixes a sound to one channel and brings it to a rate; `finish` gives the rest.

    Who extends it is given what comes of it by `keep`, in order. Of the channels those count on
    which anything was heard so far: cameras record eight and plug a microphone into one, and a
    mean of all would be too soft to be understood.

    Parameters
    ----------
    rate:
        Samples a second of what comes of it.
    """

    def __init__(self, rate: int) -> None:
        self._to = rate
        self._resampler: Any = None
        self._live: npt.NDArray[np.bool_] | None = None
        # A broken clock may claim a day of silence, again and again.
        self._silence_left = float(LONGEST_GAP_S)

    def keep(self, samples: Samples) -> None:
        """What came of the sound next, shape (number,)."""
        raise NotImplementedError

    def add(self, samples: Samples, rate: int) -> None:
        """The next samples, shape (number, channels); their rate does not change."""
        import av.audio.frame  # noqa: PLC0415
        import av.audio.resampler  # noqa: PLC0415

        if self._resampler is None:
            self._resampler = av.audio.resampler.AudioResampler("flt", "mono", self._to)
        mixed = np.ascontiguousarray(self._mixed(samples)[np.newaxis], np.float32)
        frame = av.audio.frame.AudioFrame.from_ndarray(mixed, format="flt", layout="mono")
        frame.sample_rate = rate
        self._resampled(frame)

    def skip(self, number: int, rate: int) -> None:
        """So many samples of silence at the sound's own rate, a day of it in all at most."""
        seconds = min(number / rate, self._silence_left)
        self._silence_left -= seconds
        left = round(seconds * rate)
        while left > 0:
            part = min(left, rate)
            self.add(np.zeros((part, 1), np.float32), rate)
            left -= part

    def finish(self) -> None:
        """Keep what the resampler still holds back."""
        if self._resampler is not None:
            self._resampled(None)

    def _resampled(self, frame: Any) -> None:  # noqa: ANN401  # PyAV's frame, or None at the end
        for each in self._resampler.resample(frame):
            self.keep(each.to_ndarray().reshape(-1))

    def _mixed(self, samples: Samples) -> Samples:
        channels = samples.shape[1]
        if channels == 1:
            return samples[:, 0]
        if self._live is None or len(self._live) != channels:
            self._live = np.zeros(channels, bool)
        self._live |= np.abs(samples).max(axis=0, initial=0) > _LIVE
        heard = samples[:, self._live] if self._live.any() else samples
        mixed: Samples = heard.mean(axis=1)
        return mixed


class Ear(Mono):
    """A sound at the rate of listeners, in blocks.

    Parameters
    ----------
    give:
        Is given blocks of signed 16-bit samples, as bytes, lowest first.
    """

    def __init__(self, give: Callable[[bytes], None]) -> None:
        super().__init__(RATE)
        self._give = give
        self._kept: list[Samples] = []
        self._count = 0

    def keep(self, samples: Samples) -> None:
        """Give what came, if it is enough for a block."""
        self._kept.append(samples)
        self._count += len(samples)
        if self._count >= _BLOCK:
            self._tell()

    def finish(self) -> None:
        """Give the rest."""
        super().finish()
        self._tell()

    def _tell(self) -> None:
        if not self._count:
            return
        joined = to_pcm(np.concatenate(self._kept))
        self._kept, self._count = [], 0
        for first in range(0, len(joined), _BLOCK):
            self._give(joined[first : first + _BLOCK].tobytes())


def to_pcm(samples: Samples) -> npt.NDArray[np.int16]:
    """Signed 16-bit samples, lowest byte first; what is beyond full scale is clipped."""
    rounded = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    return rounded.astype("<i2")


def from_pcm(content: bytes) -> Samples:
    """What `to_pcm` made bytes of.

    Raises
    ------
    ValueError
        If it is no whole number of samples.
    """
    return np.frombuffer(content, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
