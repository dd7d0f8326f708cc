"""Transitions that take time, and what is none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from media_essence import PAL, SIZE, black, scene, take
from test_analyse import picture, run, starts

from catalog.media.writer import write_video


def blend(one: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    return (one * (1 - share) + other * share).astype(np.uint8)


def dissolve(one: list[np.ndarray], other: list[np.ndarray], length: int) -> list[np.ndarray]:
    ends = zip(one[-length:], other[:length], strict=True)
    between = [blend(a, b, (k + 1) / (length + 1)) for k, (a, b) in enumerate(ends)]
    return [*one[:-length], *between, *other[length:]]


@pytest.mark.parametrize("length", [8, 15, 25, 50])
def test_a_dissolve_is_cut_in_its_middle(tmp_path, length):
    path = tmp_path / "a.mp4"
    drift = 1 if length < 30 else 0
    one, two = take(1, 100, drift), take(2, 110, drift)
    write_video(path, dissolve(one, two, length), frame_rate=PAL)
    found, _, shots, kept = run(path)
    first = 100 - length
    (cut,) = starts(shots, found, PAL)[1:]
    assert abs(cut - (first + length / 2)) <= 4
    # No picture is kept that shows both.
    for pts in kept:
        at = round(pts * found.time_base * 25)
        assert not first + length // 4 < at < first + length - length // 4


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (30, 60, 160)])
@pytest.mark.parametrize("length", [6, 12, 18])
def test_a_fade_is_cut_in_its_middle(tmp_path, colour, length):
    path = tmp_path / "a.mp4"
    blank = [np.full((*SIZE, 3), colour, np.uint8)]
    through = dissolve(take(1, 60), blank * length + blank * 3, length)
    pictures = dissolve(through + blank * length, take(2, 80), length)
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, kept = run(path)
    (cut,) = starts(shots, found, PAL)[1:]
    assert 60 - length // 3 <= cut <= 63 + length // 3
    assert all(picture(jpeg).std() > 20 for jpeg in kept.values())


def test_black_that_lasts_is_a_shot(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [*black(50), *take(1, 50), *black(75), *take(2, 50)], frame_rate=PAL)
    found, _, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 50, 100, 175]


def test_opening_the_iris_is_no_cut(tmp_path):
    path = tmp_path / "a.mp4"
    gain = np.interp(range(100), [30, 60], [0.4, 1.2])
    pictures = [
        np.clip(p * g, 0, 255).astype(np.uint8) for p, g in zip(take(3, 100), gain, strict=True)
    ]
    write_video(path, pictures, frame_rate=PAL)
    assert len(run(path)[2]) == 1


def test_a_pan_is_no_cut(tmp_path):
    path = tmp_path / "a.mp4"
    wide = np.concatenate([scene(seed) for seed in (1, 2, 3)], axis=1)
    pictures = [wide[:, 4 * k : 4 * k + SIZE[1]] for k in range(120)]
    write_video(path, pictures, frame_rate=PAL)
    assert len(run(path)[2]) == 1


def test_a_dissolve_and_a_cut_that_follows_it(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = [*dissolve(take(1, 75), take(2, 60), 25), *take(3, 50)]
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, _ = run(path)
    _, gradual, hard = starts(shots, found, PAL)
    assert 55 <= gradual <= 70
    assert hard == 110
    assert all(one.end_pts == two.start_pts for one, two in pairwise(shots))
