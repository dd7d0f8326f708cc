"""Search by example: pictures, shots, and what hits should not look like."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import Catalog
from catalog.domain.examples import Examples
from catalog.encoders.null import COLOURS
from catalog.errors import (
    InvalidInputError,
    MediaError,
    NotFoundError,
    UndecodableError,
)
from catalog.settings import Settings
from tests.integration.small_footage import sound, still, video


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    media = tmp_path_factory.mktemp("media")
    video(media / "one.mp4", ("red", "blue"), frames=15)
    video(media / "two.mp4", ("green", "red"), frames=15, mark=1)
    still(media / "rose.png", "red", mark=2)
    still(media / "sea.png", "blue", mark=3)
    sound(media / "talk.wav")
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media)
        yield catalog


def picture(colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (90, 60), COLOURS[colour]).save(content, "PNG")
    return content.getvalue()


def clips(catalog: Catalog, *arguments: object, **examples: object) -> list[int]:
    hits = catalog.search(*arguments, limit=50, **examples).hits
    return [hit.clip["id"] for hit in hits if hit.clip is not None]


def of_colour(catalog: Catalog, colour: str) -> set[int]:
    hits = catalog.search(colour, limit=50).hits
    return {hit.clip["id"] for hit in hits if hit.clip and hit.cosine and hit.cosine > 0.9}


def test_a_picture_finds_what_looks_like_it(filled: Catalog, tmp_path: Path):
    reds = of_colour(filled, "red")
    assert len(reds) == 3
    assert set(clips(filled, image=picture("red"))[:3]) == reds
    path = tmp_path / "blue.png"
    path.write_bytes(picture("blue"))
    assert set(clips(filled, image=path)[:2]) == of_colour(filled, "blue")
    result = filled.search("kind:still", image=[path])
    assert [hit.asset["name"] for hit in result.hits] == ["sea.png", "rose.png"]
    assert result.as_json()["examples"] == {"image": [str(path)], "like": [], "not": []}


def test_a_clip_finds_its_like_and_not_itself(filled: Catalog):
    reds = of_colour(filled, "red")
    chosen = min(reds)
    assert set(clips(filled, like=chosen)[:2]) == reds - {chosen}
    assert chosen not in clips(filled, like=f"clip:{chosen}")
    assert chosen in clips(filled, like=[chosen], keep_examples=True)[:3]
    frame = next(
        hit.frame["id"]
        for hit in filled.search("red").hits
        if hit.clip and hit.clip["id"] == chosen
    )
    assert clips(filled, like=f"frame:{frame}") == clips(filled, like=chosen)


def test_examples_add_up(filled: Catalog):
    red, blue = of_colour(filled, "red"), of_colour(filled, "blue")
    first = clips(filled, "red", image=[picture("blue")])[: len(red | blue)]
    assert set(first) == red | blue


def test_what_is_not_wanted_goes_down(filled: Catalog):
    red = of_colour(filled, "red")
    both = {"image": [picture("red"), picture("blue")]}
    assert set(clips(filled, **both, not_="blue")[:3]) == red
    assert set(clips(filled, **both, not_=picture("blue"))[:3]) == red
    some = min(of_colour(filled, "blue"))
    assert set(clips(filled, **both, not_=[f"clip:{some}"])[:3]) == red
    assert set(clips(filled, not_="red")[-3:]) == red, "nothing wanted: the least like it first"


def test_pages_of_an_example_are_its_own(filled: Catalog):
    page = filled.search(image=picture("red"), limit=2)
    rest = filled.search(image=picture("red"), limit=50, after=page.next)
    assert [h.clip["id"] for h in (*page.hits, *rest.hits)] == clips(filled, image=picture("red"))
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.search(image=picture("blue"), after=page.next)


@pytest.mark.parametrize(
    "like", ["x", "clip:", "-1", "clip:1;drop", "1e3", "١", True, 1.5, "9" * 30]
)
def test_what_names_no_clip_is_refused(filled: Catalog, like: object):
    with pytest.raises(InvalidInputError, match="names no clip"):
        filled.search(like=like)


def test_what_is_not_there_is_not_found(filled: Catalog, tmp_path: Path):
    for examples in ({"like": 10**17}, {"like": "frame:999999"}, {"image": tmp_path / "no.png"}):
        with pytest.raises(NotFoundError) as caught:
            filled.search(**examples)
        assert caught.value.exit_code == 2
        assert caught.value.remedy
    with pytest.raises(InvalidInputError, match="empty"):
        filled.search("red", not_=" ")


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, picture("red")[:60]]
)
def test_a_broken_picture_is_refused(filled: Catalog, content: bytes):
    with pytest.raises(MediaError, match=f"The picture of {len(content)} bytes"):
        filled.search(image=content)
    assert filled.search("red").hits, "and the catalogue goes on"


def test_film_is_no_example_picture(filled: Catalog, tmp_path: Path):
    film = video(tmp_path / "film.mp4", ("red",))
    with pytest.raises(UndecodableError, match="expected a still"):
        filled.search(image=film)


def test_examples_are_few(filled: Catalog):
    with pytest.raises(InvalidInputError, match="33 examples"):
        filled.search(like=[1] * 33)


def test_a_vector_made_elsewhere_is_an_example(filled: Catalog):
    """Of any length; alone, among others, beside words and filters, on the next page."""
    [[row]] = filled.sql(
        "SELECT e.vector::text FROM catalog.embedding e JOIN catalog.shots s USING (clip_id)"
        " WHERE s.name = 'sea.png'"
    ).rows
    blue = np.array(json.loads(row))
    assert set(clips(filled, vector=blue)[:2]) == of_colour(filled, "blue")
    assert clips(filled, vector=1e200 * blue) == clips(filled, vector=list(blue))
    assert clips(filled, vector=[blue, blue]) == clips(filled, vector=np.stack([blue, blue]))
    picture_too = clips(filled, vector=blue, image=picture("blue"))
    assert set(picture_too[:2]) == of_colour(filled, "blue")
    found = filled.search("red kind:still", vector=blue, limit=50)
    assert found.examples["vector"] == [f"{len(blue)} numbers"]
    assert {hit.asset["name"] for hit in found.hits} <= {"rose.png", "sea.png"}

    first = filled.search(vector=blue, limit=1, all_=True)
    second = filled.search(vector=blue, limit=1, all_=True, after=first.next)
    both = filled.search(vector=blue, limit=2, all_=True)
    assert [*first.hits, *second.hits] == list(both.hits)
    with pytest.raises(InvalidInputError, match="no cursor of this query"):
        filled.search(vector=-blue, limit=1, all_=True, after=first.next)


class _NotOneByOne(np.ndarray):
    def __iter__(self):
        raise AssertionError("an array's numbers are handed over at once")


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i4"])
def test_arrays_give_the_numbers_that_lists_give(kind: str):
    row = np.array([3, -4, 0, 1], kind)
    [given] = Examples.of(vector=row.view(_NotOneByOne)).vectors
    assert given.numbers == (3.0, -4.0, 0.0, 1.0)
    assert Examples.of(vector=list(row)).vectors == (given,)
    assert Examples.of(vector=iter(row.tolist())).vectors == (given,)
    two = np.stack([row, -row])
    several = Examples.of(vector=two.view(_NotOneByOne)).vectors
    assert several == Examples.of(vector=[row, -row]).vectors == Examples.of(vector=two).vectors
    assert several[0] == given


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        ([1.0, 2.0], "2 numbers was given; expected "),
        (["red"], "expected numbers"),
        ([[1.0], "red"], "expected numbers"),
        (7, "expected numbers"),
        ("123", "expected numbers"),
        (b"\x01" * 64, "expected numbers"),
        ({1: 2}, "expected numbers"),
        ([b"\x01" * 64], "expected numbers"),
        (np.array(3.0), "expected numbers"),
        ([10**400, 1], "expected numbers"),
        ([], "empty vector"),
        (np.empty((0, 64)), "empty vector"),
        ("red", "expected numbers"),
        ([0.0] * 512, "no direction"),
        ([float("nan")] * 512, "no direction"),
        ([[1.0, float("inf")]], "no direction"),
        (np.ones((33, 4)), "33 examples were given; expected at most 32"),
    ],
)
def test_what_is_no_vector_is_refused(filled: Catalog, vector: object, told: str):
    with pytest.raises(InvalidInputError, match=told):
        filled.search(vector=vector)
