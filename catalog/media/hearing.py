"""A file's main sound as listeners want it: one channel, 16,000 samples a second, in order.

The inside, which decodes, and the catalogue's side, which is given the samples; memory depends
on neither length nor channels. Time counts from the first picture, or from the first sample of a
sound; what is missing is silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from catalog.domain.paths import shown_path
from catalog.domain.speech import RATE, Heard
from catalog.errors import DecoderCrashedError
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_worker import Report
from catalog.media.listening import played
from catalog.media.peaks import Samples

_BLOCK = 8 * RATE  # samples told at once
_FULL_SCALE = 32_768
# A broken clock may claim years of silence, and whoever takes the decoder over years of sound.
_MOST_SILENCE_S, _MOST_SOUND_S = 86_400, 7 * 86_400


# --- inside -------------------------------------------------------------------


def hear(path: Path, _order: dict[str, Any], report: Report) -> None:
    """Tell a file's main sound, then how it went.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    ear = Ear(lambda block: report.send("heard", block))
    sound = played(path, ear, report)
    ear.finish()
    report.send("heard_all", sound.decoded, sound.errors)


class Ear:
    """Mixes a sound down and brings it to the rate of listeners.

    Parameters
    ----------
    give:
        Is given blocks of signed 16-bit samples, as bytes, lowest first.
    """

    def __init__(self, give: Callable[[bytes], None]) -> None:
        self._give = give
        self._resampler: Any = None
        self._rate = 0
        self._live: Any = None
        self._kept: list[Samples] = []
        self._count = 0
        self._silence_left = float(_MOST_SILENCE_S)

    def add(self, samples: Samples, rate: int) -> None:
        """The next samples, shape (number, channels)."""
        import av.audio.frame  # noqa: PLC0415
        import av.audio.resampler  # noqa: PLC0415

        if self._resampler is None:
            self._resampler = av.audio.resampler.AudioResampler("flt", "mono", RATE)
            self._rate = rate
        mixed = np.ascontiguousarray(self._mixed(samples)[np.newaxis], np.float32)
        frame = av.audio.frame.AudioFrame.from_ndarray(mixed, format="flt", layout="mono")
        frame.sample_rate = self._rate
        self._keep(self._resampler.resample(frame))

    def skip(self, number: int, rate: int) -> None:
        """So many samples of silence at the sound's own rate."""
        if number > _MOST_SILENCE_S * rate:
            return  # as the outline does: it would leave nothing to be heard
        seconds = min(number / rate, self._silence_left)
        self._silence_left -= seconds
        left = round(seconds * rate)
        while left > 0:
            part = min(left, rate)
            self.add(np.zeros((part, 1), np.float32), rate)
            left -= part

    def finish(self) -> None:
        """Give the rest."""
        if self._resampler is not None:
            self._keep(self._resampler.resample(None))
        self._tell()

    def _mixed(self, samples: Samples) -> Samples:
        """One channel: the mean of those on which anything was heard so far.

        Cameras record eight channels and plug a microphone into one: a mean of all would be
        too soft to be understood.
        """
        channels = samples.shape[1]
        if channels == 1:
            return samples[:, 0]
        if self._live is None or len(self._live) != channels:
            self._live = np.zeros(channels, bool)
        self._live |= np.abs(samples).max(axis=0, initial=0) > 1e-3
        heard = samples[:, self._live] if self._live.any() else samples
        mixed: Samples = heard.mean(axis=1)
        return mixed

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            samples = frame.to_ndarray().reshape(-1)
            self._kept.append(samples)
            self._count += len(samples)
        if self._count >= _BLOCK:
            self._tell()

    def _tell(self) -> None:
        if not self._count:
            return
        joined = np.concatenate(self._kept) * _FULL_SCALE
        self._kept, self._count = [], 0
        rounded = np.clip(np.rint(joined), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
        for first in range(0, len(rounded), _BLOCK):
            self._give(rounded[first : first + _BLOCK].tobytes())


# --- the catalogue's side -----------------------------------------------------


def hear_file(
    pool: DecoderPool,
    path: Path,
    listen: Callable[[Heard], None],
    progress: Callable[[float], None] = lambda _: None,
) -> bool:
    """Give a file's main sound to ``listen``, block by block; False if nothing of it decodes.

    ``progress`` is told the seconds done. What ``listen`` does takes the time it takes: the
    decoder waits for it.

    Raises
    ------
    MediaError
        If the file cannot be read, or does not let its reader live.
    DecodersUnavailableError
        If there is no process to do it, or work was broken off.
    """
    samples = 0
    with pool.job("hear", path, {}) as talk:
        while True:
            kind, *values = talk.hear()
            if kind == "heard":
                block = _block(path, values)
                samples += len(block)
                if samples > _MOST_SOUND_S * RATE:
                    raise _babble(path)
                listen(block)
            elif kind == "seconds":
                progress(values[0])
            elif kind == "heard_all":
                talk.over = True
                return samples > 0


def _block(path: Path, values: list[Any]) -> Heard:
    match values:
        case [bytes() as content] if len(content) % 2 == 0:
            return np.frombuffer(content, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
    raise _babble(path)


def _babble(path: Path) -> DecoderCrashedError:
    return DecoderCrashedError(
        f"The process that decoded the sound of {shown_path(path)} said what is no sound;"
        " expected samples, of a week at most.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
