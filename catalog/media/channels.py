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


def colourfulness(picture: Small) -> float:
    """How far apart the channels of a pixel are, on average: 0 for grey, up to 255."""
    import cv2  # noqa: PLC0415

    one, two, three = cv2.split(picture)
    high, low = cv2.max(cv2.max(one, two), three), cv2.min(cv2.min(one, two), three)
    return float(cv2.norm(high, low, cv2.NORM_L1)) / high.size


def lowest(picture: Small) -> Small:
    """Of each pixel the lowest channel: uint8, shape (height, width)."""
    import cv2  # noqa: PLC0415

    one, two, three = cv2.split(picture)
    return np.asarray(cv2.min(cv2.min(one, two), three), np.uint8)
