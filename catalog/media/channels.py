"""The brightest and the darkest channel of every pixel, many times as fast as by NumPy's axes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Small = npt.NDArray[np.uint8]


def highest(picture: Small) -> Small:
    """Of each pixel the highest channel: uint8, shape (height, width)."""
    import cv2  # noqa: PLC0415  slow to import

    one, two, three = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(one, two), three), np.uint8)


def lowest(picture: Small) -> Small:
    """Of each pixel the lowest channel: uint8, shape (height, width)."""
    import cv2  # noqa: PLC0415

    one, two, three = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(one, two), three), np.uint8)
