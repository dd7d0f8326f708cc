"""Recall against arithmetic done by hand, by brute force, and against a published model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.evaluate.bootstrap import Draws
from catalog.evaluate.cosines import cosines_of
from catalog.evaluate.dataset import Caption
from catalog.evaluate.retrieval import AT, chances, retrieve
from catalog.evaluate.score import score

PLACE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "lit_demo"
# Which line of ztxts.txt says what each picture of zimgs.txt shows, in that file's order: the first
# of the prompts that lit/data/images/info.json of google-research/vision_transformer gives.
CAPTION_OF = [
    131, 138, 2, 112, 203, 26, 21, 258, 104, 235, 68, 88, 60, 35, 102, 204,
    53, 40, 12, 95, 99, 80, 178, 92, 83, 24, 171, 188, 32, 33, 127, 155,
    181, 77, 230, 151, 174, 260, 265, 229, 116, 259, 122, 59, 243, 126, 221, 143,
    109, 182, 177, 18, 0, 0, 0,
]  # fmt: skip


def unit(rows: list[list[float]]) -> np.ndarray:
    made = np.array(rows, dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_three_pictures_by_hand():
    pictures = np.eye(3, dtype=np.float32)
    # Caption 0 is nearest its own; caption 1 is nearest picture 2; of picture 2 there are two
    # captions, one near it, one nearest picture 0 and then its own.
    texts = unit([[1, 0.2, 0], [0, 0.6, 0.8], [0, 0.1, 1], [0.9, 0, 0.5]])
    owner = np.array([0, 1, 2, 2])
    found = retrieve(texts, owner, pictures, np.arange(3))
    assert found.hits[:, 0].tolist() == [1, 0, 1, 0]
    assert found.hits[:, 1:].min() == 1
    assert found.first.tolist() == [0, 2, 2, 0]
    assert found.own == pytest.approx(
        [1 / 1.04**0.5, 0.6, 1 / 1.01**0.5, 0.5 / 1.06**0.5], abs=1e-6
    )
    assert found.other[3] == pytest.approx(0.9 / 1.06**0.5, abs=1e-6)
    assert found.right[3].tolist() == [False, True, False]
    # Back: a picture is right with any of its own. Picture 0 finds caption 0 (0.98) before
    # caption 3 (0.87); picture 1 caption 1 (0.6); picture 2 its caption 2.
    back = retrieve(pictures, np.arange(3), texts, owner)
    assert back.hits[:, 0].tolist() == [1, 1, 1]


def test_what_is_equally_near_is_shared_by_chance():
    same = unit([[1, 0]] * 20)
    found = retrieve(same, np.arange(20), same, np.arange(20))
    assert found.hits.mean(axis=0) == pytest.approx([1 / 20, 5 / 20, 10 / 20])
    # Two of its own among twenty equal: one of them is among the first five with
    # 1 - (18/20 · 17/19 · 16/18 · 15/17 · 14/16).
    pairs = retrieve(same[:10], np.arange(10), same, np.arange(20) // 2)
    assert pairs.hits[0] == pytest.approx([0.1, 1 - 15 * 14 / (20 * 19), 1 - 10 * 9 / (20 * 19)])


@given(st.integers(0, 12), st.integers(1, 12), st.data())
@settings(deadline=None)
def test_the_chance_is_what_shuffling_gives(above: int, level: int, data: st.DataObject):
    own = data.draw(st.integers(1, level))
    [chance] = chances(np.array([above]), np.array([level]), np.array([own]))
    random = np.random.default_rng(above * 1000 + level * 20 + own)
    marks = np.array([1] * own + [0] * (level - own))
    tries = random.permuted(np.tile(marks, (4000, 1)), axis=1)
    for k, said in zip(AT, chance, strict=True):
        seen = (tries[:, : max(0, k - above)].sum(axis=1) > 0).mean()
        assert said == pytest.approx(seen, abs=0.045)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(4)
    texts, pictures = unit(random.normal(size=(90, 8))), unit(random.normal(size=(40, 8)))
    owner = random.integers(40, size=90)
    whole = retrieve(texts, owner, pictures, np.arange(40))
    monkeypatch.setattr("catalog.evaluate.retrieval._PAIRS", 300)
    parts = retrieve(texts, owner, pictures, np.arange(40))
    assert np.array_equal(whole.hits, parts.hits)
    assert np.array_equal(whole.right, parts.right)
    # And against the plainest way to count.
    cosines = texts @ pictures.T
    ranks = (cosines >= cosines[np.arange(90), owner][:, None]).sum(axis=1)
    assert [(ranks <= k).mean() for k in AT] == pytest.approx(whole.hits.mean(axis=0).tolist())


def test_misses_that_are_drawn_are_like_all(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(5)
    pictures = unit(random.normal(size=(300, 16)))
    texts = unit(pictures + 0.6 * random.normal(size=(300, 16)) / 4)
    owner = np.arange(300)
    every = cosines_of(texts, owner, pictures)
    assert every.misses == 300 * 299
    assert sum(every.match_bins) == pytest.approx(1)
    assert sum(every.miss_bins) == pytest.approx(1)
    exact = (texts @ pictures.T)[~np.eye(300, dtype=bool)]
    assert every.miss_median == pytest.approx(float(np.median(exact)), abs=1e-6)
    monkeypatch.setattr("catalog.evaluate.cosines.MOST_MISSES", 40_000)
    drawn = cosines_of(texts, owner, pictures)
    assert drawn.misses == 40_000
    assert drawn.match_median == every.match_median
    assert drawn.miss_median == pytest.approx(every.miss_median, abs=0.01)


def test_intervals_are_paired_and_cover():
    random = np.random.default_rng(6)
    pictures = np.repeat(np.arange(200), 3)
    better = (random.random((200, 1)) < 0.7).repeat(3, axis=0).astype(float)
    worse = better.copy()
    worse[: 3 * 12] = 0  # the same but for a dozen pictures
    draws = Draws(200, seed=1)
    one, other = draws.means(better, pictures), draws.means(worse, pictures)
    [mine], [theirs] = one.estimates(), other.estimates()
    assert mine.value == better.mean()
    # Captions of a picture fall together, so the interval is that of 200, not of 600.
    half = (mine.high - mine.low) / 2
    assert half == pytest.approx(1.96 * (0.7 * 0.3 / 200) ** 0.5, rel=0.15)
    assert theirs.high > mine.low, "each alone cannot tell them apart"
    [apart] = one.minus(other).estimates()
    assert apart.value == pytest.approx(mine.value - theirs.value)
    assert 0 < apart.low < apart.high
    again = Draws(200, seed=1).means(better, pictures).estimates()
    assert again == [mine]


def test_nobody_resampled():
    [alone] = Draws(3, resamples=0).means(np.ones((3, 1)), np.arange(3)).estimates()
    assert (alone.value, alone.low, alone.high) == (1.0, None, None)


@pytest.mark.skipif(not PLACE.is_dir(), reason="LOUD: ../shared/vectors is not beside the checkout")
@pytest.mark.parametrize(("tower", "published"), [("tiny", 0.855), ("small", 0.909)])
def test_a_real_model_has_the_recall_that_is_known_of_it(tower: str, published: float):
    """LiT's demo: the first caption of each of 55 pictures looks for it among all."""
    pictures = np.fromfile(PLACE / f"{tower}_zimgs.bin", "<f4").reshape(-1, 1024)
    every = np.fromfile(PLACE / f"{tower}_ztxts.bin", "<f4").reshape(-1, 1024)
    said = (PLACE / f"{tower}_ztxts.txt").read_text().split("\n")
    assert (len(pictures), len(every), len(said)) == (55, 267, 267)
    captions = [Caption(at, "en", said[line]) for at, line in enumerate(CAPTION_OF)]
    scored = score(pictures, {"en": captions}, {"en": every[CAPTION_OF]}, Draws(55))
    english = scored.languages["en"]
    recall = english.text_to_image[0]
    assert round(recall.value, 3) == published
    assert recall.low < published < recall.high
    assert english.cosines.match_median > 0.09
    assert abs(english.cosines.miss_median) < 0.01
    # Its confidences, too, are worth more calibrated than not, on pictures left out.
    assert scored.calibrated.after.error < scored.calibrated.before.error / 2
