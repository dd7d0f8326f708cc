"""Cursors: small, bit for bit, and of the encoders that ranked their page."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_footage import still, video

from catalog import Catalog
from catalog.errors import InvalidInputError
from catalog.search.cursor import read_cursor, write_cursor
from catalog.search.packing import ROOM, pack, unpack
from catalog.store.search.passed import MOST, Passed, passed_by

NAMES = ("cosine", "words_rank", "speech_cosine")
IDS = st.integers(0, 2**63 - 1)
SINGLE = st.floats(width=32, allow_infinity=False)
VALUE = st.none() | st.floats(allow_infinity=False) | SINGLE


def bits(one: Passed) -> tuple[object, ...]:
    values = (None if each is None else struct.pack("<d", each) for each in one.values)
    return (*values, one.asset_id, one.clip_id)


@given(st.lists(st.builds(Passed, st.tuples(VALUE, VALUE, VALUE), IDS, IDS), max_size=20))
def test_what_was_shown_comes_back_bit_for_bit(shown: list[Passed]):
    read = unpack(pack(shown), 3)
    assert [bits(one) for one in read] == [bits(one) for one in shown]


@given(st.binary(max_size=200), st.integers(1, 3))
def test_other_bytes_are_refused_or_read_as_written(packed: bytes, values: int):
    try:
        read = unpack(packed, values)
    except ValueError:
        return
    assert [bits(one) for one in unpack(pack(read), values)] == [bits(one) for one in read]


def staircase(count: int, *, asset_id: int, value: float = 0.1) -> list[SimpleNamespace]:
    """Rows of which none is better in everything than another."""
    return [
        SimpleNamespace(
            **{"cosine": 0.7 - n * 1e-5, "words_rank": value + n * 1e-5, "speech_cosine": value},
            **{"asset_id": asset_id, "clip_id": 2**62 + n, "number_key": None, "name_key": ""},
        )
        for n in range(count)
    ]


def test_the_longest_cursor_is_under_four_thousand_characters():
    rows = staircase(1000, asset_id=2**63 - 1)
    shown = passed_by(rows, NAMES)
    assert len(shown) == MOST
    last = rows[-1]
    cursor = write_cursor(
        "red",
        10**9,
        last,
        passed=shown,
        encoders=(2**63 - 1, 2**63 - 1),
        speech_floor=-0.12345678901234567,
    )
    assert len(cursor) < 4000
    read = read_cursor(
        cursor, "red", by="place", ranked_by=NAMES, encoders=(2**63 - 1, 2**63 - 1)
    ).passed
    # Those shown last are kept: as many as there is room for.
    assert len(read) > MOST // 2
    assert read == shown[: len(read)]
    assert len(pack(shown[: len(read)])) > ROOM - 50


def test_a_library_of_a_million_shots_has_room_for_all_that_count():
    rows = staircase(1000, asset_id=90_000, value=0.125)
    for row in rows:
        row.clip_id, row.speech_cosine = row.clip_id - 2**62 + 10**6, None
        row.words_rank = struct.unpack("<f", struct.pack("<f", row.words_rank))[0]
    shown = passed_by(rows, NAMES)
    assert unpack(pack(shown), 3) == shown
    assert len(shown) == MOST


def test_what_was_shown_is_compared_with_few(monkeypatch: pytest.MonkeyPatch):
    """A thousand of one cosine whose ids run against one another were a million comparisons."""
    compared = 0
    real = passed_by.__globals__["_is_before"]

    def counting(*given_: object) -> bool:
        nonlocal compared
        compared += 1
        return real(*given_)

    monkeypatch.setitem(passed_by.__globals__, "_is_before", counting)
    rows = [
        SimpleNamespace(cosine=0.5, asset_id=n, clip_id=5000 - n, words_rank=None)
        for n in range(1000)
    ]
    shown = passed_by(rows, ("cosine", "words_rank"))
    # The last ones count.
    assert [one.asset_id for one in shown] == list(range(999, 999 - MOST, -1))
    assert compared <= MOST**2


def test_a_cursor_is_of_the_encoders_that_ranked_its_page(catalog: Catalog, tmp_path: Path):
    for at, colour in enumerate(("red", "green", "blue", "white")):
        still(tmp_path / "media" / f"red {at}.png", colour, mark=at)
    video(tmp_path / "media" / "film.mp4", ("red", "blue", "red", "blue"), mark=9)
    catalog.ingest(tmp_path / "media")
    asked = (
        {"query": "red", "all_": True},
        {"query": "red zzz", "all_": True},
        {"query": "red", "then": "blue"},
        {"query": "kind:video", "then": "blue"},
    )
    pages = [catalog.search(**each, limit=1).next for each in asked]
    dated = catalog.search("red", sort="name", limit=1, all_=True)
    assert None not in (*pages, dated.next)
    for each, after in zip(asked, pages, strict=True):
        assert catalog.search(**each, after=after).hits
    catalog.encoder.add("null:32")
    catalog.encoder.activate("null:32")
    for each, after in zip(asked, pages, strict=True):
        with pytest.raises(InvalidInputError, match="Another encoder answers by now") as refused:
            catalog.search(**each, after=after)
        assert refused.value.remedy == "Start again without a cursor."
        assert catalog.search(**each).hits
    # A name is a name whatever ranks.
    rest = catalog.search("red", sort="name", after=dated.next, all_=True)
    assert rest.hits
    assert dated.hits[0].clip["id"] not in [hit.clip["id"] for hit in rest.hits]


def test_a_cursor_without_meaning_is_none_of_a_list_with_it(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for at in range(3):
        still(tmp_path / "media" / f"red {at}.png", "red", mark=at)
    catalog.ingest(tmp_path / "media")
    asked = {"query": "red", "all_": True}
    ranked = catalog.search(**asked, limit=1)
    with monkeypatch.context() as patch:
        patch.setattr("catalog.search.wishes.normal_phrase", lambda _: "")
        worded = catalog.search(**asked, limit=1)
        assert worded.encoder is None
        assert catalog.search(**asked, limit=1, after=worded.next).hits
        with pytest.raises(InvalidInputError, match="Another encoder"):
            catalog.search(**asked, after=ranked.next)
    with pytest.raises(InvalidInputError, match="Another encoder"):
        catalog.search(**asked, after=worded.next)
