"""Shots that come in part by part, light that is no cut, and cuts within one scene.

Pictures go to the detector as they are, without a film around them.
"""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from media_essence import SIZE, scene, take

from catalog.media.shots import ShotDetector
from catalog.media.views import Once, Picture, squeeze

Take = list[np.ndarray]


def cuts(pictures: Take) -> list[int]:
    """The pictures at which shots begin, but for the first."""
    dice = np.random.default_rng(5)
    detector = ShotDetector(Fraction(1, 25), Fraction(25), 0.4)
    found = []

    def seen(released) -> None:
        for each in released:
            found.extend([each.picture.pts] if each.begins else [])
            found.extend([each.late.cut] if each.late is not None else [])

    for at, rgb in enumerate(pictures):
        noisy = np.clip(rgb + dice.normal(0, 2, rgb.shape), 0, 255).astype(np.uint8)
        small = np.ascontiguousarray(noisy[:, :, ::-1])
        once = Once(lambda small=small: small)
        seen(detector.push(Picture(at, squeeze(small), once, once)))
    seen(detector.flush())
    return sorted(set(found) - {0})


def joined(one: Take, other: Take, length: int, between) -> Take:
    shares = [(k + 1) / (length + 1) for k in range(length)]
    ends = zip(one[-length:], other[:length], shares, strict=True)
    return [*one[:-length], *(between(*each) for each in ends), *other[length:]]


def wipe(turn: np.ndarray):
    return lambda one, other, share: np.where((turn < share)[..., None], other, one)


def push(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    at = round(share * SIZE[1])
    return np.concatenate([one, other], axis=1)[:, at : at + SIZE[1]]


def slide(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    at = round(share * SIZE[0])
    return np.concatenate([other[SIZE[0] - at :], one[at:]], axis=0)


Y, X = np.mgrid[0 : SIZE[0], 0 : SIZE[1]] / np.array([SIZE[0], SIZE[1]])[:, None, None]
AROUND = np.hypot(X - 0.5, Y - 0.5) / 0.71


@pytest.mark.parametrize("length", [8, 16])
@pytest.mark.parametrize(
    "between",
    [wipe(X), wipe(1 - Y), wipe(AROUND), push, slide],
    ids=["from the left", "from below", "iris", "push", "slide"],
)
def test_a_shot_that_comes_in_part_by_part_is_cut_within(between, length):
    (cut,) = cuts(joined(take(1, 60, 1), take(2, 60, 0), length, between))
    assert 60 - length <= cut <= 60


def test_something_that_passes_close_by_is_no_wipe():
    one = take(1, 100)
    thing = np.full((SIZE[0], SIZE[1] // 2, 3), (120, 60, 30), np.uint8)
    wide = np.concatenate([np.zeros_like(one[0]), thing, np.zeros_like(one[0])], axis=1)
    covers = np.concatenate([np.zeros(SIZE[1]), np.ones(thing.shape[1]), np.zeros(SIZE[1])]) > 0
    for k in range(30):
        at = wide.shape[1] - SIZE[1] - k * (wide.shape[1] - SIZE[1]) // 29
        shown = covers[at : at + SIZE[1]][None, :, None]
        one[40 + k] = np.where(shown, wide[:, at : at + SIZE[1]], one[40 + k])
    assert cuts(one) == []


def test_swinging_round_to_another_part_of_the_scene_is_no_push():
    wide = np.concatenate([scene(seed) for seed in (1, 2, 3)], axis=1)
    pace = 0.5 - 0.5 * np.cos(np.pi * np.clip((np.arange(100) - 40) / 12, 0, 1))
    assert cuts([wide[:, at : at + SIZE[1]] for at in (pace * 1.9 * SIZE[1]).astype(int)]) == []


def test_fire_that_fills_the_picture_at_once_and_goes_out_is_no_cut():
    pictures = [p * 0.6 for p in take(1, 80, 0)]
    for k in range(12):
        fire = (12 - k) / 12
        reach = np.clip((0.8 - AROUND) * 6, 0, 1)[..., None] * fire
        pictures[30 + k] = pictures[30 + k] * (1 - reach) + np.array([255, 190, 90]) * reach
    assert cuts(pictures) == []


def test_coloured_light_that_changes_is_no_cut():
    lights = [(1.0, 0.3, 0.3), (0.2, 0.4, 1.1), (0.9, 0.9, 0.2), (0.3, 1.0, 0.5)]
    pictures = [p * np.array(lights[k // 20]) for k, p in enumerate(take(3, 80, 1))]
    assert cuts(pictures) == []


def test_nearer_in_the_same_scene_is_another_shot():
    def near(picture: np.ndarray) -> np.ndarray:
        down, across = (size // 8 for size in SIZE)
        return cv2.resize(picture[down:-down, across:-across], SIZE[::-1])

    # Soft, so that the middle of either is found in the other.
    soft = [cv2.GaussianBlur(p, (0, 0), 6) for p in take(4, 80)]
    assert cuts([*soft[:40], *(near(p) for p in soft[40:])]) == [40]


def test_of_two_dissolves_soon_after_each_other_both_are_told():
    def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
        return one * (1 - share) + other * share

    first = joined(take(1, 60, 3), take(2, 44, 3), 6, blend)
    one, two = cuts(joined(first, take(5, 60, 0), 8, blend))
    assert 54 <= one <= 60
    assert 90 <= two <= 98
