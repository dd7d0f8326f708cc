"""Pictures are decoded a few together, and how many are held at once is bounded."""

from __future__ import annotations

import av
import pytest

from catalog.media.groups import Passed
from catalog.media.pictures import _BURST, _BURST_PIXELS, _bursts


def _frames(count: int, width: int, height: int) -> list[av.VideoFrame]:
    frames = [av.VideoFrame(width, height, "gray") for _ in range(count)]
    for at, frame in enumerate(frames):
        frame.pts = at
    return frames


def test_a_burst_keeps_the_order_and_what_was_passed_over() -> None:
    one, two = _frames(_BURST + 5, 64, 48), Passed(((99, 1),))
    shown: list[av.VideoFrame | Passed] = [*one[:3], two, *one[3:]]
    bursts = list(_bursts(iter(shown)))
    assert [each for burst in bursts for each in burst] == shown
    assert [len(burst) for burst in bursts] == [_BURST, 6]


@pytest.mark.parametrize(("width", "height", "most"), [(1920, 1080, 6), (3840, 2160, 2)])
def test_of_large_pictures_fewer_are_held(width: int, height: int, most: int) -> None:
    sizes = [len(burst) for burst in _bursts(_frames(7, width, height))]
    assert max(sizes) == most
    assert (most - 1) * width * height < _BURST_PIXELS


def test_the_largest_come_alone() -> None:
    assert [len(burst) for burst in _bursts(_frames(3, 7680, 4320))] == [1, 1, 1, 0]
