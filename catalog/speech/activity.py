"""Where somebody speaks, found while the sound goes by.

A model says of each 32 ms how likely they are speech; this makes ranges of it by two thresholds,
as Silero's own tools do (https://github.com/snakers4/silero-vad): speech begins where the
likelihood reaches the upper one and ends where it stays below the lower one for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from catalog.domain.speech import RATE, Heard, Range

WINDOW = 512
"""Samples that one likelihood is about."""
_BEGINS, _ENDS = 0.5, 0.35
_SHORTEST = RATE * 2 // 5  # what is shorter is a cough, or a note of an instrument
_PAUSE = RATE // 2  # who takes a breath still speaks
_MARGIN = RATE // 10  # first and last sounds are soft
_BATCH = 256  # windows asked about at once: eight seconds


class Voice(Protocol):
    """Says how likely sound is speech."""

    def likelihoods(self, windows: Heard, state: Any) -> tuple[Heard, Any]:  # noqa: ANN401
        """Of each window, shape (number, `WINDOW`): 0 to 1, shape (number,); and the new state.

        ``state`` is what this gave for the windows before, None at the beginning.
        """


class SpeechActivity:
    """Gathers the ranges in which somebody speaks; `hear` sound in order, then `finish`.

    Memory depends on how often somebody begins to speak, and on nothing else.
    """

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._state: Any = None
        self._waiting: list[Heard] = []
        self._count_waiting = 0
        self._utterances = Utterances()
        self._samples = 0

    def hear(self, sound: Heard) -> None:
        """The next samples, however many."""
        self._samples += len(sound)
        self._waiting.append(sound)
        self._count_waiting += len(sound)
        if self._count_waiting >= _BATCH * WINDOW:
            self._listen(self._count_waiting // WINDOW)

    def finish(self) -> list[Range]:
        """The ranges, in order and apart. What is left of the last window counts as silence."""
        rest = -self._count_waiting % WINDOW
        self._waiting.append(np.zeros(rest, np.float32))
        self._count_waiting += rest
        self._listen(self._count_waiting // WINDOW)
        return self._utterances.finish(self._samples)

    def _listen(self, count: int) -> None:
        joined = np.concatenate(self._waiting)
        windows = joined[: count * WINDOW].reshape(count, WINDOW)
        for first in range(0, count, _BATCH):
            found, self._state = self._voice.likelihoods(
                windows[first : first + _BATCH], self._state
            )
            self._utterances.add(found.tolist())
        self._waiting = [joined[count * WINDOW :]]
        self._count_waiting = len(joined) - count * WINDOW


class Utterances:
    """From one likelihood after the other to ranges of speech."""

    def __init__(self) -> None:
        self._at = 0
        self._start: int | None = None
        self._quiet: int | None = None
        self._found: list[Range] = []

    def add(self, likelihoods: Iterable[float]) -> None:
        """The likelihoods of the next windows."""
        for likelihood in likelihoods:
            if likelihood >= _BEGINS:
                self._quiet = None
                if self._start is None:
                    self._start = self._at
            elif likelihood < _ENDS and self._start is not None:
                if self._quiet is None:
                    self._quiet = self._at
                if self._at - self._quiet >= _PAUSE:
                    self._close(self._start, self._quiet)
                    self._start = self._quiet = None
            self._at += WINDOW

    def finish(self, samples: int) -> list[Range]:
        """The ranges within so many samples, each with a small margin on both sides."""
        if self._start is not None:
            self._close(self._start, min(samples, self._quiet or samples))
        joined: list[Range] = []
        for start, end in self._found:
            start, end = max(0, start - _MARGIN), min(samples, end + _MARGIN)  # noqa: PLW2901
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return joined

    def _close(self, start: int, end: int) -> None:
        if end - start >= _SHORTEST:
            self._found.append((start, end))
