"""A deterministic encoder without a model, for tests of everything around it.

A picture's vector comes from a coarse grid of its colours, so equal pictures
have equal vectors and similar pictures similar ones. A text that names a colour
lies near pictures of that colour; any other text has a direction of its own.
Vectors are the same on every machine: all constants come from SHAKE-128.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.encoders.context import ALL_READ
from catalog.encoders.pictures import readable_rgb
from catalog.encoders.protocol import Vectors

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "white": (255, 255, 255),
    "black": (0, 0, 0),
}
_GRID = 4
# A constant feature keeps a mid-grey picture, whose centred colours are all 0, off the origin.
_CONSTANT = 0.5
# Other words tilt a colour's vector a little: "red car" is near red, yet not equal to "red".
_OTHER_WORDS = 0.25


class NullEncoder:
    """Implements :class:`catalog.encoders.protocol.Encoder` with hashes and colours."""

    precision = "fp32"
    device = "cpu"

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self.name = f"null:{dimension}"
        self.weights_digest = _bytes("null encoder 1", 16).hex()

    def encode_images(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Project each picture's 4 by 4 grid of mean colours; float32 ``(n, d)``."""
        rows = [self._colours(_grid(picture, i)) for i, picture in enumerate(pictures)]
        return self._unit(rows)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Near a colour for a text that names one, else by hash; float32 ``(n, d)``."""
        return self._unit([self._text(text) for text in texts])

    def characters_read(self, texts: Sequence[str]) -> list[int]:
        """All of them: a hash has no context."""
        return [ALL_READ] * len(texts)

    @cached_property
    def _projection(self) -> NDArray[np.float64]:
        size = _GRID * _GRID * 3 + 1
        return _noise("projection", size * self.dimension).reshape(size, self.dimension)

    def _colours(self, grid: NDArray[np.float64]) -> NDArray[np.float64]:
        features = np.append(grid.ravel() / 255 - 0.5, _CONSTANT)
        vector: NDArray[np.float64] = features @ self._projection
        return vector / max(float(np.linalg.norm(vector)), 1e-12)

    def _text(self, text: str) -> NDArray[np.float64]:
        words = re.findall(r"\w+", text.lower())
        named = [COLOURS[word] for word in words if word in COLOURS]
        own = _noise(f"text {text}", self.dimension)
        own /= max(float(np.linalg.norm(own)), 1e-12)
        if not named:
            return own
        colour = np.mean(np.array(named, dtype=np.float64), axis=0)
        tilt = _OTHER_WORDS if len(words) > len(named) else 0.0
        return self._colours(np.broadcast_to(colour, (_GRID, _GRID, 3))) + tilt * own

    def _unit(self, rows: list[NDArray[np.float64]]) -> Vectors:
        vectors = np.array(rows, dtype=np.float64).reshape(len(rows), self.dimension)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        # Unreachable but for a dimension so small that a projection can vanish.
        vectors[norms[:, 0] < 1e-9] = np.eye(1, self.dimension)
        norms[norms < 1e-9] = 1.0
        unit: Vectors = (vectors / norms).astype(np.float32)
        return unit


def _grid(picture: Image.Image, index: int) -> NDArray[np.float64]:
    small = readable_rgb(picture, index).resize((_GRID, _GRID), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _bytes(label: str, length: int) -> bytes:
    return hashlib.shake_128(label.encode("utf-8", "replace")).digest(length)


def _noise(label: str, count: int) -> NDArray[np.float64]:
    """``count`` numbers spread evenly over [-1, 1)."""
    whole = np.frombuffer(_bytes(label, 4 * count), dtype="<u4")
    return whole.astype(np.float64) / 2**31 - 1.0
