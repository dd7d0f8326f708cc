"""Posters: which of a shot's pictures stands for it, where there is room for one.

JPEG of one quality spends bytes on detail, so among pictures of one shot the
largest is the sharpest, and black or blurred ones are small. Of those that are
nearly as sharp as the sharpest, the one that stands for most of the shot is
its most typical. Nothing has to be decoded for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from catalog.domain.media import Shot

# Share of the largest picture's bytes from which one counts as sharp.
_SHARP = 0.8


def with_posters(shot: Shot, sizes: Mapping[int, int]) -> Shot:
    """The shot with its poster marked; ``sizes`` are bytes of the pictures by their pts."""
    if not shot.frames:
        return shot
    largest = max(sizes[frame.pts] for frame in shot.frames)
    sharp = [frame for frame in shot.frames if sizes[frame.pts] >= _SHARP * largest]
    # The first of equals, which is why it is not sorted.
    chosen = max(sharp, key=lambda frame: frame.end_pts - frame.start_pts)
    frames = tuple(replace(f, poster=True) if f is chosen else f for f in shot.frames)
    return replace(shot, frames=frames)
