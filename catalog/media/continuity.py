"""What two pictures have in common: what goes on across a cut, and what two blended ones lose.

A cut replaces what is seen. Where a caption, a window or a smaller picture is laid over, most of
what was there goes on beside it; this is asked tile by tile, of tiles in which there is something
to be recognised. Light changes tiles as well; its edges stay, and are compared without it. And a
blend of two pictures has about half of the detail of either, while a camera that moves keeps it:
the dip that Lienhart, "Reliable transition detection in videos", International Journal of Image
and Graphics 1, 2001, looks for in dissolves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from catalog.media.views import RgbPicture

Floats = npt.NDArray[np.float32]

_TILE = 8
# Pixels of the smallest view that things may have moved by from one picture to the next.
_REACH = 2
# A tile shows something from this standard deviation on (0..255) ...
_TEXTURE = 3.0
# ... and goes on if no more than this share of its variance is new.
_NEW_SHARE = 0.3
# Mean square of the Laplacian below which there is no detail to lose.
_NO_DETAIL = 4.0
# Detail is what is finer than this (standard deviation of a blur, in pixels), brought to one
# strength in its surroundings; where it is weaker than this (0..255) it stays so.
_FINE, _SURROUNDINGS, _FAINT = 2.0, 3.0, 1.0
# Its places: so wide, so far apart; recognised from this correlation on, if there is any detail.
_PLACE, _APART, _RECOGNISED, _ANY = 9, 4, 0.5, 0.3
_SHIFT = 3


@dataclass(frozen=True, slots=True)
class Continuity:
    """Of the tiles of two pictures that show something, each from 0 to 1.

    Attributes
    ----------
    left, arrived:
        The share of the first picture's that is found in the second, and of the second's that
        was in the first.
    shown:
        The share of all tiles that show something, in that picture of the two where it is less.
    """

    left: float
    arrived: float
    shown: float


def continuity(before: RgbPicture, after: RgbPicture) -> Continuity:
    """What of a picture's smallest view (`catalog.media.views.SQUEEZED`) is in the next, in place.

    Tiles may have moved by a few pixels, but not have changed their light.
    """
    import cv2  # noqa: PLC0415  slow to import

    one, other = before.astype(np.float32), after.astype(np.float32)
    height, width = one.shape[:2]
    wide = cv2.copyMakeBorder(other, _REACH, _REACH, _REACH, _REACH, cv2.BORDER_REPLICATE)
    spread, new_spread = _spread(one), _spread(other)
    apart = np.full(spread.shape, np.inf, np.float32)
    for down in range(2 * _REACH + 1):
        for across in range(2 * _REACH + 1):
            moved = wide[down : down + height, across : across + width]
            np.minimum(apart, _tiles((moved - one) ** 2).sum((1, 3, 4)), out=apart)
    least = _TEXTURE**2 * _TILE**2 * one.shape[2]
    shows, will_show = spread > least, new_spread > least
    goes_on = apart < _NEW_SHARE * spread
    return Continuity(
        _share(goes_on & shows, shows),
        _share(goes_on & will_show, will_show),
        float(min(shows.mean(), will_show.mean())),
    )


def detail(picture: RgbPicture) -> Floats:
    """The edges of a picture's smallest view in each colour, as strong in shadow as in light."""
    import cv2  # noqa: PLC0415

    colours = picture.astype(np.float32)
    fine = colours - cv2.GaussianBlur(colours, (0, 0), _FINE)
    strength = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), _SURROUNDINGS))
    return np.asarray(fine / (strength + _FAINT), np.float32)


def recognised(one: Floats, other: Floats) -> float:
    """The share of places with `detail` in two pictures at which it is the same, 0 to 1.

    Whatever light or colour lies over it, as of lightning, a stage, fire or a glass caption; all
    may have moved by a few pixels.
    """
    import cv2  # noqa: PLC0415

    height, width = one.shape[:2]
    inner = other[_SHIFT : height - _SHIFT, _SHIFT : width - _SHIFT]
    found = cv2.matchTemplate(one, np.ascontiguousarray(inner), cv2.TM_CCORR_NORMED)
    x, y = cv2.minMaxLoc(found)[3]
    moved = one[y : y + inner.shape[0], x : x + inner.shape[1]]
    both, first, second = (_places(each) for each in (moved * inner, moved**2, inner**2))
    seen = (first > _ANY) & (second > _ANY)
    return _share(seen & (both > _RECOGNISED * np.sqrt(np.maximum(first * second, 0))), seen)


def _places(picture: Floats) -> Floats:
    """Sums over the colours of the means of overlapping places."""
    import cv2  # noqa: PLC0415

    edge = _PLACE // 2
    means = cv2.boxFilter(picture, -1, (_PLACE, _PLACE))
    return np.asarray(means[edge:-edge:_APART, edge:-edge:_APART].sum(2), np.float32)


def dip_of_detail(pictures: Sequence[npt.NDArray[np.uint8]], along: Floats) -> float | None:
    """What is left of the detail in the middle, beside what first and last would have in the mean.

    Of a blend of two pictures that have nothing in common a half is left, of a camera's movement
    all, of a lens that is focused next to nothing. None if there is no detail to lose.

    Parameters
    ----------
    pictures:
        In grey, in order.
    along:
        How far each is on the way from the first to the last, 0 to 1.
    """
    first, last = _detail(pictures[0]), _detail(pictures[-1])
    left = [
        _detail(picture) / ((1 - at) * first + at * last)
        for picture, at in zip(pictures, along.tolist(), strict=True)
        if 0.25 < at < 0.75 and max(first, last) >= _NO_DETAIL
    ]
    return sum(left) / len(left) if left else None


def _detail(grey: npt.NDArray[np.uint8]) -> float:
    """Mean square of the Laplacian."""
    import cv2  # noqa: PLC0415

    edges = cv2.Laplacian(grey, cv2.CV_32F)
    return cv2.norm(edges, cv2.NORM_L2SQR) / edges.size


def _tiles(picture: Floats) -> Floats:
    """The picture in tiles: shape (rows, lines, columns, pixels, channels)."""
    height, width, channels = picture.shape
    return picture.reshape(height // _TILE, _TILE, width // _TILE, _TILE, channels)


def _spread(picture: Floats) -> Floats:
    """Squares of each tile's distances from its mean colour, added up."""
    tiles = _tiles(picture)
    spread: Floats = ((tiles - tiles.mean((1, 3), keepdims=True)) ** 2).sum((1, 3, 4))
    return spread


def _share(some: npt.NDArray[np.bool_], of: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(some)) / max(1, int(np.count_nonzero(of)))
