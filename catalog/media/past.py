"""The last pictures of a shot, as `catalog.media.transitions` compares them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from catalog.media.black_bars import may_have_bars, without_bars

if TYPE_CHECKING:
    from catalog.media.views import Picture

Vector = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

THUMB = (16, 12)
"""Width and height of the pictures that are compared one with another."""
_ONES = np.ones(THUMB[0] * THUMB[1] * 3, np.float32)


@dataclass(slots=True)
class Signature:
    """A picture as it is compared.

    ``apart`` is, by how many pictures lie between, the square of its pixels' distance from those
    of pictures before it.
    """

    pts: int
    pixels: Vector
    coloured: npt.NDArray[np.uint8]
    contrast: float
    apart: dict[int, float] = field(default_factory=dict)
    _unit: Vector | None = None
    _barred: bool | None = None

    @property
    def barred(self) -> bool:
        """Whether it may have black bars; asked of most pictures many times."""
        if self._barred is None:
            self._barred = may_have_bars(self.coloured)
        return self._barred

    @property
    def grey(self) -> Grey:
        """As `grey` has it."""
        return grey(self.coloured)

    @property
    def unit(self) -> Vector:
        """The pixels without their mean, of length 1; most pictures are never asked for it."""
        if self._unit is None:
            self._unit = _unit(self.pixels)
        return self._unit


class Past:
    """The signatures of a shot's last pictures, oldest first; their numbers also lie in a row.

    Parameters
    ----------
    most:
        How many are kept; of more the oldest goes.
    steps_back:
        Which of those before each is compared with: so many before it, in order.

    Attributes
    ----------
    seen:
        The signatures.
    """

    def __init__(self, most: int, steps_back: list[int]) -> None:
        self.seen: deque[Signature] = deque(maxlen=most)
        self._steps_back, self._backs = steps_back, np.array(steps_back)
        # Twice as long as needed, so that all is seldom moved to the front.
        self._pixels = np.empty((2 * most, len(_ONES)), np.float32)
        self._contrast = np.empty(2 * most)
        self._end = 0

    def append(self, signature: Signature) -> None:
        """The next."""
        if self._end == len(self._contrast):
            self._pixels[: len(self.seen)] = self.pixels
            self._contrast[: len(self.seen)] = self.contrast
            self._end = len(self.seen)
        self._pixels[self._end] = signature.pixels
        self._contrast[self._end] = signature.contrast
        self._end += 1
        self.seen.append(signature)
        signature.apart = self._apart()

    def clear(self) -> None:
        """Forget all."""
        self.seen.clear()
        self._end = 0

    def forget_before(self, pts: int) -> None:
        """Forget what is older."""
        while self.seen and self.seen[0].pts < pts:
            self.seen.popleft()

    def _apart(self) -> dict[int, float]:
        last = self._end - 1
        there = self._backs[: bisect_left(self._steps_back, len(self.seen))]
        way = np.take(self._pixels, last - there, axis=0) - self._pixels[last]
        return dict(zip(self._steps_back, np.vecdot(way, way).tolist(), strict=False))

    @property
    def pixels(self) -> Vector:
        """Of all, shape (number, values)."""
        return self._pixels[self._end - len(self.seen) : self._end]

    @property
    def contrast(self) -> npt.NDArray[np.float64]:
        """Of all, shape (number,)."""
        return self._contrast[self._end - len(self.seen) : self._end]


def grey(squeezed: npt.NDArray[np.uint8]) -> Grey:
    """A picture's smallest view (BGR) in grey, by its green."""
    return np.ascontiguousarray(squeezed[:, :, 1])


def signature_of(picture: Picture) -> Signature:
    """A picture as it is compared, not yet with any."""
    import cv2  # noqa: PLC0415

    coloured = picture.squeezed
    thumb = _thumb(coloured)
    contrast = float(cv2.meanStdDev(thumb[:, :, 1])[1][0, 0])
    pixels = thumb.astype(np.float32).ravel()
    return Signature(picture.pts, pixels, coloured, contrast)


def alike(one: Signature, other: Signature) -> float:
    """Correlation of two pictures: 1 for the same, whatever their brightness and contrast."""
    shown = [one.coloured, other.coloured]
    if one.barred and other.barred:
        shown = without_bars(shown)
    if shown[0] is one.coloured:
        return float(one.unit @ other.unit)
    first, second = (_unit(_thumb(each).astype(np.float32).ravel()) for each in shown)
    return float(first @ second)


def _thumb(squeezed: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    import cv2  # noqa: PLC0415

    return np.asarray(cv2.resize(squeezed, THUMB, interpolation=cv2.INTER_AREA), np.uint8)


def _unit(pixels: Vector) -> Vector:
    unit = pixels - float(pixels @ _ONES) / len(_ONES)
    unit /= max(1e-6, math.sqrt(float(unit @ unit)))
    return unit
