"""A deterministic sound encoder without a model, for tests of everything around it.

It hears which of five bands of pitch a sound's power lies in, and a text that names one
("rumble", "hum", "tone", "whistle", "hiss", or "silence") lies near it; any other text has a
direction of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.encoders.protocol import Vectors
from catalog.encoders.sound.protocol import Sound, check_sounds

BANDS: dict[str, tuple[float, float]] = {
    "rumble": (0, 150),
    "hum": (150, 500),
    "tone": (500, 1500),
    "whistle": (1500, 3500),
    "hiss": (3500, 8000),
}
"""Pitches in hertz, by the word that stands for them."""
_WORDS = (*BANDS, "silence")
_DIMENSION = 32
_SILENT = 1e-8  # mean power


class NullSoundEncoder:
    """Implements :class:`catalog.encoders.sound.protocol.SoundEncoder` with bands and hashes."""

    name = "null"
    dimension = _DIMENSION
    device = "cpu"
    sample_rate = 16_000
    window_s = 4.0
    weights_digest = hashlib.sha256(b"null sound encoder 1").hexdigest()[:32]

    def encode_sounds(self, sounds: Sequence[Sound]) -> Vectors:
        """By the share of power in each band; float32 ``(n, d)``."""
        check_sounds(sounds, self)
        return _unit([self._shares(sound) for sound in sounds])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Near a band for a text that names one, else by hash; float32 ``(n, d)``."""
        return _unit([self._text(text) for text in texts])

    def _shares(self, sound: Sound) -> NDArray[np.float64]:
        vector = np.zeros(_DIMENSION)
        power = np.abs(np.fft.rfft(sound.astype(np.float64))) ** 2
        pitches = np.fft.rfftfreq(len(sound), 1 / self.sample_rate)
        for place, (low, high) in enumerate(BANDS.values()):
            vector[place] = power[(pitches >= low) & (pitches < high)].sum()
        silent = float(np.mean(np.square(sound))) < _SILENT
        if silent or not vector.any():
            vector[:] = 0
            vector[len(BANDS)] = 1
        shares: NDArray[np.float64] = np.sqrt(vector / vector.sum())
        return shares

    def _text(self, text: str) -> NDArray[np.float64]:
        vector = np.zeros(_DIMENSION)
        for word in re.findall(r"\w+", text.lower()):
            if word in _WORDS:
                vector[_WORDS.index(word)] = 1
        if vector.any():
            return vector
        seed = hashlib.shake_128(text.encode("utf-8", "replace")).digest(4 * _DIMENSION)
        own = np.frombuffer(seed, "<u4").astype(np.float64) / 2**31 - 1
        own[: len(_WORDS)] = 0
        return own


def _unit(rows: list[NDArray[np.float64]]) -> Vectors:
    vectors = np.array(rows, np.float64).reshape(len(rows), _DIMENSION)
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
