"""A recogniser that recognises nothing: it says how much it was given, by the same protocol."""

from __future__ import annotations

import numpy as np

from catalog.domain.speech import RATE, SURE, Heard, Line, Recognised, Word
from catalog.errors import SpeechUnavailableError


class StandIn:
    """One line per piece; of a piece too short to tell the language by, it is not sure."""

    name = "stand-in: says how much it heard"

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self.given: list[tuple[int, str | None]] = []

    def recognise(self, sound: Heard, language: str | None = None) -> Recognised:
        assert sound.dtype == np.float32
        assert sound.ndim == 1
        self.given.append((len(sound), language))
        seconds = len(sound) / RATE
        words = tuple(
            Word(text, seconds * at / 3, seconds * (at + 1) / 3, 0.75)
            for at, text in enumerate(("somebody", "said", "something"))
        )
        sure = seconds >= 3
        spoken = self.language if sure else language or self.language
        line = Line(0.0, seconds, " ".join(word.text for word in words), words)
        return Recognised(spoken, 0.9 if sure else SURE / 2, (line,))


class Source:
    """Where a catalogue has its recogniser from; without one, as if the weights were away."""

    def __init__(self, recogniser: StandIn | None = None) -> None:
        self.recogniser = recogniser

    def missing(self) -> SpeechUnavailableError | None:
        if self.recogniser is not None:
            return None
        return SpeechUnavailableError("The weights are away.", remedy="Bring them.")

    def load(self) -> StandIn:
        if (missing := self.missing()) is not None:
            raise missing
        assert self.recogniser is not None
        return self.recogniser
