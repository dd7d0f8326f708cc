"""Black bars beside or above a picture: an upright film in a wide one, or a wide one in 4:3.

They never change, and their edges are the strongest there are. Whoever asks whether two pictures
show one scene would find them in both, and take another scene for the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from catalog.media.channels import highest
from catalog.media.views import SQUEEZED

if TYPE_CHECKING:
    from catalog.media.views import RgbPicture

# No value of a bar is brighter (0..255): coding leaves traces of what is beside it.
_BLACK = 24
# Both bars together: pixels of the smallest view from which they count, and what must be left.
_LEAST, _LEAST_LEFT = 8, 12


def may_have_bars(picture: RgbPicture) -> bool:
    """Whether any edge of a smallest view is black: a glance that rules most pictures out."""
    edges = picture[:, 0], picture[:, -1], picture[0], picture[-1]
    return any(int(edge.max()) <= _BLACK for edge in edges)


def without_bars(pictures: Sequence[RgbPicture]) -> list[RgbPicture]:
    """Smallest views of pictures without the bars that are in all of them, each as large again.

    Where there are none, or nothing but black, they are what they were.
    """
    import cv2  # noqa: PLC0415  slow to import

    if not all(map(may_have_bars, (pictures[0], pictures[-1]))):
        return list(pictures)
    brightest = pictures[0]
    for each in pictures[1:]:
        brightest = np.maximum(brightest, each)
    bright = highest(brightest) > _BLACK
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    if not len(rows):
        return list(pictures)
    down, across = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    height, width = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    barred = max(SQUEEZED[1] - height, SQUEEZED[0] - width) >= _LEAST
    if not barred or min(height, width) < _LEAST_LEFT:
        return list(pictures)
    return [
        np.asarray(cv2.resize(each[down, across], SQUEEZED, interpolation=cv2.INTER_LINEAR))
        for each in pictures
    ]
