"""A model on trial: a batch for a race, and pictures and texts to compare vectors by."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from catalog.encoders.accelerate import Tower
from catalog.encoders.protocol import Encoder, Vectors
from catalog.encoders.scaling import Pixels

_PROBE_TEXTS = ["a dog on the beach", "кіт біжить"]
# Pictures a batch in a race on a processor: so many, or as many as are encoded in the time.
_MOST, _RUN_S = 8, 0.25


class Raced(Encoder, Protocol):
    """What a race needs of an encoder."""

    tower: Tower

    @property
    def batch_size(self) -> int:
        """How many pictures the model is shown at once."""

    @property
    def model(self) -> torch.nn.Module:
        """The model itself."""

    def pixels(self, picture: Image.Image, index: int) -> Pixels:
        """A picture as `forward` takes it."""

    def forward(self, pixels: Sequence[Pixels]) -> torch.Tensor:
        """Vectors of one batch, waited for."""


class Tried:
    """An encoder in a race with itself in another form; see :mod:`catalog.encoders.precision`.

    ``like`` is whom it races with, in batches as large; the first chooses them.
    """

    def __init__(self, encoder: Raced, like: Tried | None = None) -> None:
        self._encoder = encoder
        self.model = encoder.model
        self._count: int = encoder.batch_size if like is None else like._count
        if encoder.device == "cpu" and like is None:
            began = time.perf_counter()
            encoder.encode_images(probe_pictures())
            one = (time.perf_counter() - began) / len(probe_pictures())
            self._count = max(1, min(_MOST, int(_RUN_S / one)))
        self._noise = [encoder.pixels(each, 0) for each in probe_pictures()]

    @property
    def tower(self) -> Tower:
        """The encoder's, which may be exchanged."""
        return self._encoder.tower

    @tower.setter
    def tower(self, tower: Tower) -> None:
        self._encoder.tower = tower

    def run(self) -> None:
        """Encode a batch, and wait for it."""
        self._encoder.forward(self._batch())

    def probe(self) -> Vectors:
        """Vectors of a few pictures and texts."""
        pictures = self._encoder.encode_images(probe_pictures())
        return np.concatenate([pictures, self._encoder.encode_texts(_PROBE_TEXTS)])

    def _batch(self) -> list[Pixels]:
        return [self._noise[at % len(self._noise)] for at in range(self._count)]


@functools.cache
def probe_pictures() -> list[Image.Image]:
    """Two pictures with something in them: a ramp and fine texture."""
    ramp = Image.linear_gradient("L").convert("RGB")
    return [ramp, Image.effect_mandelbrot((256, 256), (-2, -1.5, 1, 1.5), 60).convert("RGB")]
