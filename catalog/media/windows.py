"""A file's main sound cut into windows, for models that hear so much at once.

The inside, which decodes and cuts, and the catalogue's side, which is given the windows; memory
depends on neither length nor channels. Windows overlap, and the last one ends with the sound.
What is silent throughout is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.domain.paths import shown_path
from catalog.errors import DecoderCrashedError
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_worker import Report
from catalog.media.listening import played
from catalog.media.mono import Mono, from_pcm, to_pcm
from catalog.media.peaks import Samples

# -80 dBFS: nothing to be heard.
_SILENT = 3
_SHORTEST_S = 0.1


@dataclass(frozen=True, slots=True)
class Cut:
    """How a sound is cut: samples per second, and samples of a window and between two begins."""

    rate: int
    window: int
    hop: int


Window = npt.NDArray[np.float32]
"""One channel, shape ``(samples,)``, full scale at -1 and 1."""


# --- inside -------------------------------------------------------------------


def cut_sound(path: Path, order: dict[str, Any], report: Report) -> None:
    """Tell a file's windows, then how it went.

    Raises
    ------
    MediaError
        If it cannot be opened.
    """
    cutter = Cutter(Cut(**order), lambda at, window: report.send("window", at, window))
    sound = played(path, cutter, report)
    report.send("cut", sound.decoded, sound.errors)


class Cutter(Mono):
    """A sound at a model's rate, cut.

    Parameters
    ----------
    cut:
        How.
    give:
        Is given each window: its first sample's number, and signed 16-bit samples as bytes,
        lowest first.
    """

    def __init__(self, cut: Cut, give: Callable[[int, bytes], None]) -> None:
        super().__init__(cut.rate)
        self._cut = cut
        self._give = give
        self._kept = np.zeros(0, np.float32)  # from the next window's first sample on
        self._start = 0
        self._last = np.zeros(0, np.float32)  # the window before

    def keep(self, samples: Samples) -> None:
        """Give the windows that what came makes whole."""
        self._kept = np.concatenate([self._kept, samples])
        while len(self._kept) >= self._cut.window:
            self._last = self._kept[: self._cut.window]
            self._tell(self._start, self._last)
            self._kept = self._kept[self._cut.hop :]
            self._start += self._cut.hop

    def finish(self) -> None:
        """Give what is left: the last window ends with the sound."""
        super().finish()
        first = not len(self._last)
        overlap = 0 if first else self._cut.window - self._cut.hop
        new = len(self._kept) - overlap
        if new <= 0 or (first and new < _SHORTEST_S * self._cut.rate):
            return
        whole = np.concatenate([self._last, self._kept[overlap:]])[-self._cut.window :]
        self._tell(self._start + len(self._kept) - len(whole), whole)

    def _tell(self, start: int, window: Window) -> None:
        samples = to_pcm(window)
        if np.abs(samples.astype(np.int32)).max(initial=0) > _SILENT:
            self._give(start, samples.tobytes())


# --- the catalogue's side -----------------------------------------------------


def windows_of(
    pool: DecoderPool,
    path: Path,
    cut: Cut,
    take: Callable[[int, Window], None],
    progress: Callable[[float], None] = lambda _: None,
) -> bool:
    """Give a file's windows to ``take``, each with the number of its first sample, in order.

    False if nothing of its sound decodes. Time counts from the first picture, or from the
    first sample of a sound. ``progress`` is told the seconds done. What ``take`` does takes
    the time it takes: the decoder waits for it.

    Raises
    ------
    MediaError
        If the file cannot be read, or does not let its reader live.
    DecodersUnavailableError
        If there is no process to do it, or work was broken off.
    """
    before = -1
    with pool.job("windows", path, asdict(cut)) as talk:
        while True:
            kind, *values = talk.hear()
            if kind == "window":
                start, window = _window(path, cut, values, before)
                before = start
                take(start, window)
            elif kind == "seconds":
                progress(values[0])
            elif kind == "cut":
                talk.over = True
                return bool(values[0])


def _window(path: Path, cut: Cut, values: list[Any], before: int) -> tuple[int, Window]:
    match values:
        case [int(start), bytes(content)] if (
            start > before and len(content) % 2 == 0 and 0 < len(content) <= 2 * cut.window
        ):
            return start, from_pcm(content)
    raise DecoderCrashedError(
        f"The process that decoded the sound of {shown_path(path)} said what is no window of it.",
        remedy="The file is damaged, or made to harm: look at where it comes from.",
        path=shown_path(path),
    )
