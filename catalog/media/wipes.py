"""Wipes, slides and pushes: the next shot comes into the picture part by part.

In a wipe, whatever its shape, each place shows the old shot or the new one and changes once: at
neither is it anything else, as it would be in a blend or while a camera moves. In a slide the new
shot comes in from a side over the old one, in a push it moves the old one out; then a picture of it
is put together of a strip of either, whose width grows. All begin and end with a shot at rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from catalog.media.past import Signature, Vector

Grey = npt.NDArray[np.uint8]

# What rests moves by no more than this share of the (squared) way to the other shot, for so long a
# part of the window at either end.
_REST, _EDGE = 0.15, 8
# A place changes if it does by this share of the mean; so many of all must.
_CHANGED, _MOST_CHANGED = 0.25, 0.65
# What places show beside either shot, as a share of what parts the two.
_NEITHER = 0.2
# Shares of the new shot: where it has begun and where it is over, the longest step, and back.
_BEGUN, _OVER, _LONGEST_STEP, _BACK = 0.08, 0.92, 0.45, 0.1
# No step is so many times as long as if all were of one length; a light that is switched is.
_UNEVEN = 4.0
_LEAST_BETWEEN = 3
# What strips show beside the shots they are of, and what those move while they rest, together.
_STRIPS = 0.39
# Strips grow by so much while they are looked at: pixels of the smallest view.
_GROWN = 6
_NARROWEST, _WIDER = 4, 2
# Strips are compared soft, since what is pushed fast is: pixels of the smallest view.
_SOFT = 9


def rests_at_ends(pixels: Vector, power: float) -> bool:
    """Whether the shots at both ends of a window stand still beside what parts them.

    Parameters
    ----------
    pixels:
        Of the window's pictures, shape (number, values).
    power:
        The square of the distance between the first and the last.
    """
    return max(_moved(pixels)) < _REST * power


def _moved(pixels: Vector) -> tuple[float, float]:
    """The squares of how far the shots at both ends move while they should rest."""
    edge = max(2, len(pixels) // _EDGE)
    first, last = pixels[edge] - pixels[0], pixels[-1 - edge] - pixels[-1]
    return float(first @ first), float(last @ last)


def part_by_part(window: Sequence[Signature], pixels: Vector) -> Vector | None:
    """The new shot's share of each picture, if it comes in part by part; None if it does not."""
    away, near = (
        np.abs(pixels - end).reshape(len(pixels), -1, 3).sum(2) for end in pixels[[0, -1]]
    )
    parted = away[-1]
    changed = parted > _CHANGED * parted.mean()
    if changed.mean() < _MOST_CHANGED:
        return None
    away, near, parted = away[:, changed], near[:, changed], parted[changed]
    share = ((near < away) * parted).sum(1) / parted.sum()
    if _goes_over(share):
        between = (share > _BEGUN) & (share < _OVER)
        neither = np.minimum(away, near).sum(1) / parted.sum()
        if between.sum() >= _LEAST_BETWEEN and neither[between].mean() < _NEITHER:
            return np.asarray(share, np.float32)
    way = away.sum(1) / np.maximum(1e-6, (away + near).sum(1))
    if not _goes_over(way):
        return None
    whole = pixels[-1] - pixels[0]
    most = _STRIPS - sum(_moved(pixels)) / float(whole @ whole)
    if not _is_pushed(window, np.minimum(away, near).sum(1), most):
        return None
    return np.asarray(way, np.float32)


def _goes_over(share: Vector) -> bool:
    """Whether it goes from none to all, in steps, and hardly back."""
    edge = max(2, len(share) // _EDGE)
    steps = np.diff(share)
    between = max(1, int(((share > _BEGUN) & (share < _OVER)).sum()))
    return bool(
        share[edge] < 2 * _BEGUN
        and share[-1 - edge] > 1 - 2 * _BEGUN
        and steps.max() < min(_LONGEST_STEP, _UNEVEN / between)
        and steps.min() > -_BACK
    )


@dataclass(frozen=True, slots=True)
class _Strips:
    """A picture as strips of two shots: from which side the new one comes, and how much of it."""

    side: int
    pushed: bool
    width: int
    off: float


def _is_pushed(window: Sequence[Signature], beside: Vector, most: float) -> bool:
    """Whether pictures are put together of a strip of either end, and the new one's grows.

    ``beside``: how far each picture is from both ends; ``most``: what strips may show that is of
    neither, as a share of what parts the ends.
    """
    first, last = (_soft(window[at].grey) for at in (0, -1))
    apart = _mean_apart(first, last)
    found: list[_Strips] = []
    middle = int(beside.argmax())
    step = max(1, int(np.count_nonzero(beside > beside[middle] / 2)) // 5)
    for at in range(max(0, middle - step), min(len(window), middle + step + 1), step):
        best = min(_as_strips(_soft(window[at].grey), first, last), key=lambda each: each.off)
        if best.off > most * apart:
            return False
        if found and (best.side, best.pushed) != (found[-1].side, found[-1].pushed):
            return False
        if found and best.width < found[-1].width:
            return False
        found.append(best)
    return found[-1].width >= found[0].width + _GROWN


def _as_strips(picture: Grey, first: Grey, last: Grey) -> Iterator[_Strips]:
    """All ways to put a picture together of the two: from four sides, the old pushed or covered."""
    for side in range(4):
        # From every side it is as from the left of the picture turned.
        seen, old, new = (_turned(each, side) for each in (picture, first, last))
        whole = seen.shape[1]
        for width in range(_NARROWEST, whole - _NARROWEST + 1, _WIDER):
            come = _mean_apart(seen[:, :width], new[:, whole - width :])
            for pushed in (True, False):
                rest = old[:, : whole - width] if pushed else old[:, width:]
                stays = _mean_apart(seen[:, width:], rest)
                yield _Strips(side, pushed, width, (come * width + stays * (whole - width)) / whole)


def _turned(picture: Grey, side: int) -> Grey:
    turned = picture.T if side >= 2 else picture
    return np.ascontiguousarray(turned[:, ::-1] if side % 2 else turned)


def _soft(picture: Grey) -> Grey:
    import cv2  # noqa: PLC0415  slow to import

    return np.asarray(cv2.blur(picture, (_SOFT, _SOFT)), np.uint8)


def _mean_apart(one: Grey, other: Grey) -> float:
    import cv2  # noqa: PLC0415

    return cv2.norm(one, other, cv2.NORM_L1) / one.size
