"""A decoded picture, and the views of it that detectors, strip and frame store ask for.

Most pictures are asked for the smallest view alone, so the others are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

RgbPicture = npt.NDArray[np.uint8]

SQUEEZED = (64, 48)
"""Width and height of every picture's smallest view."""


class Once:
    """A view that is made when it is first asked for; what it is made of is let go then."""

    __slots__ = ("_make", "_view")

    def __init__(self, make: Callable[[], RgbPicture]) -> None:
        self._make: Callable[[], RgbPicture] | None = make
        self._view: RgbPicture | None = None

    def __call__(self) -> RgbPicture:
        """The view."""
        if self._view is None:
            assert self._make is not None  # noqa: S101  # let go only once there is a view
            self._view, self._make = self._make(), None
        return self._view


@dataclass(slots=True)
class Picture:
    """One decoded picture.

    Attributes
    ----------
    pts:
        Its time since the first picture, in the asset's time base.
    squeezed:
        BGR pixels, uint8, shape (48, 64, 3), whatever the proportions: what is looked at of
        every picture.
    shrunk:
        Makes `small`.
    render:
        Makes the pixels to be kept: RGB, uint8, upright. Few pictures are kept, so it
        is done for those alone.
    combed:
        Whether it shows two moments, woven line by line; looked at when asked.
    passed:
        The times of pictures between this one and the one before that were not decoded,
        since nothing happens in them (`catalog.media.groups`).
    black:
        Whether it is black (`catalog.media.shots.is_black`), once somebody has asked.
    """

    pts: int
    squeezed: RgbPicture = field(repr=False)
    shrunk: Once = field(repr=False)
    render: Callable[[], RgbPicture] = field(repr=False)
    combed: Callable[[], bool] = field(repr=False, default=lambda: False)
    passed: tuple[int, ...] = field(default=(), repr=False)
    black: bool | None = field(default=None, repr=False)

    @property
    def small(self) -> RgbPicture:
        """BGR pixels for the detectors, uint8, shape (height, width, 3), no edge longer than 256.

        In true proportion, but turned as they are stored.
        """
        return self.shrunk()


def squeeze(small: RgbPicture) -> RgbPicture:
    """A small picture as 64 by 48 pixels."""
    import cv2  # noqa: PLC0415  slow to import

    return np.asarray(cv2.resize(small, SQUEEZED, interpolation=cv2.INTER_AREA), np.uint8)
