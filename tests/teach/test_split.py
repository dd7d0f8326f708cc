"""Captions are shared out by asset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidInputError
from catalog.evaluate import Caption, Dataset, Picture
from catalog.teach.split import part, split


def dataset(assets: list[int]) -> Dataset:
    """One picture with one caption for each entry, which names its asset."""
    pictures = tuple(Picture(f"p{at}", bytes, str(asset)) for at, asset in enumerate(assets))
    captions = tuple(Caption(at, "en", f"text {at}") for at in range(len(assets)))
    return Dataset("catalog", "logged", pictures, captions, lambda _: None)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 80), min_size=10, max_size=200), st.integers(0, 5))
def test_no_asset_is_in_two_parts_and_no_caption_in_none(assets: list[int], seed: int):
    if len(set(assets)) < 5:
        return
    shares = split(dataset(assets), seed)
    parts = [shares.learn, shares.held, shares.judged]
    assert sorted(place for each in parts for place in each) == list(range(len(assets)))
    of = [{assets[place] for place in each} for each in parts]
    assert not (of[0] & of[1])
    assert not (of[0] & of[2])
    assert not (of[1] & of[2])
    assert of[0]
    assert len(of[1]) >= 2
    assert bool(of[2]) == (len(set(assets)) >= 40)
    assert shares == split(dataset(assets), seed)


def test_the_parts_have_their_size():
    shares = split(dataset(list(range(200))), 0)
    assert (len(shares.learn), len(shares.held), len(shares.judged)) == (130, 40, 30)
    shares = split(dataset(list(range(30))), 0)
    assert (len(shares.learn), len(shares.held), len(shares.judged)) == (24, 6, 0)
    assert split(dataset(list(range(200))), 0) != split(dataset(list(range(200))), 1)


def test_a_long_film_does_not_become_all_that_is_held_out():
    shares = split(dataset([0] * 100 + list(range(1, 31))), 3)
    assert set(range(100)) <= set(shares.learn)
    assert len(shares.held) == 26


def test_a_part_has_its_own_pictures_alone():
    whole = dataset(list(range(30)))
    held = part(whole, split(whole, 0).held)
    assert len(held.pictures) == len(held.captions) == 6
    assert [held.pictures[c.picture].name[1:] for c in held.captions] == [
        c.text.removeprefix("text ") for c in held.captions
    ]


@pytest.mark.parametrize("assets", [[], list(range(9)), [1] * 30, [1, 2, 3, 4] * 9])
def test_too_few_captions_are_refused_with_a_way_out(assets: list[int]):
    with pytest.raises(InvalidInputError, match="expected 10 of 5 assets") as caught:
        split(dataset(assets), 0)
    assert "--tag" in caught.value.remedy
    assert caught.value.details == {"pictures": len(assets), "assets": len(set(assets))}
