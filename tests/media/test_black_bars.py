"""An upright film between black bars is cut as it is without them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from media_essence import SIZE, take
from test_wipes import Take, cuts, joined

from catalog.media.black_bars import without_bars
from catalog.media.views import SQUEEZED


def barred(pictures: Take, share: float, across: bool) -> Take:
    """The middle of each picture, and black beside it."""
    edge = SIZE[1] if across else SIZE[0]
    bar = round(edge * share)
    bars = [np.array(each) for each in pictures]
    for each in bars:
        inner = each if across else each.transpose(1, 0, 2)
        inner[:, :bar] = inner[:, edge - bar :] = 0
    return bars


def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return ((1 - share) * one + share * other).astype(np.uint8)


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_hard_cut_between_bars_is_found(seed: int):
    """Of soft pictures: what is sharp in them would be more than the edges of the bars."""
    pictures = [*take(seed, 40, 1), *take(seed + 20, 40, 1)]
    soft = [cv2.GaussianBlur(each, (0, 0), 9) for each in pictures]
    assert cuts(barred(soft, 0.34, across=True)) == [40]


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_dissolve_between_bars_is_found(seed: int):
    pictures = joined(take(seed, 70, 1), take(seed + 20, 70, 1), 25, blend)
    [cut] = cuts(barred(pictures, 0.34, across=True))
    assert 45 <= cut <= 70


@pytest.mark.parametrize("across", [True, False])
def test_bars_are_left_out(across: bool):
    shown = np.full((SQUEEZED[1], SQUEEZED[0], 3), 90, np.uint8)
    [one, other] = barred_views([shown, shown // 2], across)
    found = without_bars([one, other])
    assert [each.shape for each in found] == [shown.shape, shown.shape]
    assert found[0].min() == 90
    assert found[1].max() == 45


def barred_views(views: Take, across: bool) -> Take:
    made = [np.array(each) for each in views]
    for each in made:
        inner = each if across else each.transpose(1, 0, 2)
        inner[:, :9] = inner[:, -9:] = 0
    return made


def test_what_has_no_bars_stays_what_it_is():
    shown = np.full((SQUEEZED[1], SQUEEZED[0], 3), 90, np.uint8)
    black = np.zeros_like(shown)
    narrow = barred_views([shown], across=True)[0]
    for pictures in ([shown, narrow], [black, black]):
        assert all(one is two for one, two in zip(without_bars(pictures), pictures, strict=True))
