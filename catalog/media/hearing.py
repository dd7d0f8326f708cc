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
from catalog.media.mono import Mono, from_pcm, to_pcm
from catalog.media.peaks import Samples

_BLOCK = 8 * RATE  # samples told at once
_MOST_SOUND_S = 7 * 86_400  # whoever takes the decoder over may claim years of it


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
            return from_pcm(content)
    raise _babble(path)


def _babble(path: Path) -> DecoderCrashedError:
    return DecoderCrashedError(
        f"The process that decoded the sound of {shown_path(path)} said what is no sound;"
        " expected samples, of a week at most.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
