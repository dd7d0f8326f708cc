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


def noisy(pictures: list[np.ndarray], seed: int = 7) -> list[np.ndarray]:
    dice = np.random.default_rng(seed)
    return [np.clip(p + dice.normal(0, 3, p.shape), 0, 255).astype(np.uint8) for p in pictures]


def test_a_caption_that_appears_is_no_cut_and_a_cut_beside_a_still_half_is_one(tmp_path):
    path = tmp_path / "a.mp4"
    one, two = take(1, 90), take(2, 60)
    caption = scene(9, SIZE[0] // 4, SIZE[1])
    for at in range(30, 60):
        one[at] = one[at].copy()
        one[at][-caption.shape[0] :] = caption
    half = scene(8)[:, : SIZE[1] // 2]
    beside = [np.concatenate([half, p[:, : SIZE[1] // 2]], axis=1) for p in (*take(3, 40), *two)]
    write_video(path, [*one, *beside], frame_rate=PAL)
    found, _, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 90, 130]


@pytest.mark.parametrize("cards", [False, True], ids=["black and white", "slides"])
def test_cuts_that_fall_short_of_the_usual_measure(tmp_path, cards):
    path = tmp_path / "a.mp4"
    if cards:  # pale writing in another place on the same ground

        def slide(seed: int) -> list[np.ndarray]:
            dice = np.random.default_rng(seed)
            picture = np.full((*SIZE, 3), 245, np.uint8)
            for y in range(12, SIZE[0] - 12, 24):
                for x in range(10, SIZE[1] - 20, 12):
                    picture[y : y + 6, x : x + 8] = 245 - 120 * int(dice.random() < 0.4)
            return [picture] * 50

        pictures = [*slide(1), *slide(2)]
    else:  # equally bright, so that a third of the measure is all there is

        def grey(seed: int) -> list[np.ndarray]:
            return [
                np.repeat(p.mean(2, keepdims=True) / 4 + 96, 3, axis=2).astype(np.uint8)
                for p in take(seed, 50)
            ]

        pictures = noisy([*grey(1), *grey(2)])
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 50]


def test_cards_of_other_colours_with_the_same_writing_are_shots(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = []
    for colour in ((200, 30, 40), (30, 160, 60), (40, 60, 200)):
        card = np.full((*SIZE, 3), colour, np.uint8)
        card[60:84, 90:166:8] = 250
        pictures += [card] * 40
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 40, 80]


def test_titles_that_fade_in_and_out_are_shots(tmp_path):
    path = tmp_path / "a.mp4"
    titles = []
    for seed in (1, 2):
        dice = np.random.default_rng(seed)
        title = np.zeros((*SIZE, 3), np.uint8)
        title[66:80, 60:196] = 235 * (dice.random((1, 136, 1)) < 0.5)
        titles.append([title] * 60)
    pictures = dissolve(dissolve(titles[0], black(30), 12), titles[1], 12)
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, _ = run(path)
    (cut,) = starts(shots, found, PAL)[1:]
    assert 50 <= cut <= 80


def test_plain_colours_dissolve_too(tmp_path):
    path = tmp_path / "a.mp4"
    red, blue = ([np.full((*SIZE, 3), c, np.uint8)] * 60 for c in ((190, 40, 40), (40, 70, 200)))
    write_video(path, dissolve(red, blue, 20), frame_rate=PAL)
    found, _, shots, _ = run(path)
    (cut,) = starts(shots, found, PAL)[1:]
    assert 42 <= cut <= 58
