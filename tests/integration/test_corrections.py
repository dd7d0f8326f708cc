"""Slips in names are put right, told of, and never where exactness was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.actor import Actor
from catalog.search import corrections as slips
from catalog.search.corrections import distance


@pytest.fixture
def named(catalog: Catalog) -> Catalog:
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, description) VALUES "
                "('a', 1, 'Interview_Kovalenko.wav', 'audio', 'said in Lisbon'), "
                "('b', 1, 'Зеленський у Львові.wav', 'audio', NULL), "
                "('c', 1, 'Müller Straße.wav', 'audio', NULL)"
            )
        )
    return catalog


@pytest.mark.parametrize(
    ("typed", "meant", "asset"),
    [
        ("Kovalneko", "kovalenko", "Interview_Kovalenko.wav"),
        ("kovalenk", "kovalenko", "Interview_Kovalenko.wav"),
        ("INTERVEIW", "interview", "Interview_Kovalenko.wav"),
        ("зеленский", "зеленський", "Зеленський у Львові.wav"),
        ("mullre", "muller", "Müller Straße.wav"),
        ("niterview", "interview", "Interview_Kovalenko.wav"),
    ],
)
def test_a_slip_finds_the_name_and_says_so(named: Catalog, typed: str, meant: str, asset: str):
    result = named.search(typed)
    assert [hit.asset["name"] for hit in result.hits] == [asset]
    assert result.as_json()["corrections"] == [{"typed": typed, "searched": meant}]


def test_only_the_unknown_word_is_put_right(named: Catalog):
    result = named.search("interview kovalneko lisbon")
    assert result.corrections == ({"typed": "kovalneko", "searched": "kovalenko"},)
    assert len(result.hits) == 1


@pytest.mark.parametrize(
    "query",
    ['"Kovalneko"', "name:kovalneko*", "kova", "lisbom", "kovalneko*", "interview -kovalneko"],
)  # fmt: skip
def test_what_is_exact_stays_so(named: Catalog, query: str):
    assert named.search(query).corrections == ()


def test_who_sees_some_collections_is_put_right_by_their_names_alone(named: Catalog):
    """And is told nothing of others' names: not by what is put right, nor by what is not."""
    with named.database.session() as session:
        session.execute(
            text(
                "UPDATE asset SET collection = CASE name WHEN 'Interview_Kovalenko.wav' "
                "THEN 'News' ELSE 'Secret' END"
            )
        )
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, collection) VALUES "
                "('d', 1, 'Kovalneko.wav', 'audio', 'Secret'), "
                "('e', 1, 'Kovalenka.wav', 'audio', 'Secret')"
            )
        )
    guest = named.seen_by(Actor("guest", collections=frozenset({"NEWS"})))
    for _ in range(2):
        assert guest.search("mullre").corrections == (), "a name that is not theirs to know"
        # Somebody else has an asset of just that name.
        found = guest.search("Kovalneko")
        assert found.corrections == ({"typed": "Kovalneko", "searched": "kovalenko"},)
        assert [hit.asset["name"] for hit in found.hits] == ["Interview_Kovalenko.wav"]
        assert named.search("mullre").corrections, "which does not hang on who asked before"
        assert named.search("Kovalneko").corrections == ()
        for seen in (frozenset({"Secret"}), frozenset()):
            other = named.seen_by(Actor("other", collections=seen))
            assert other.search("INTERVEIW").corrections == ()


@pytest.mark.parametrize("typed", ["rain", "boat", "brain", "treain", "trains"])
def test_a_word_of_its_own_is_no_slip(catalog: Catalog, typed: str):
    with catalog.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind)"
                " VALUES ('a', 1, 'Train_Coat.wav', 'audio')"
            )
        )
    expected = ({"typed": "treain", "searched": "train"},) if typed == "treain" else ()
    assert catalog.search(typed).corrections == expected


def test_a_word_that_is_found_costs_no_statement_more(named: Catalog, statements):
    with statements.of(named):
        named.search("kovalenko")
    assert not any("similar_words" in each for each in statements)


def test_that_nothing_is_near_is_believed_for_a_while(named: Catalog, statements, monkeypatch):
    named.search("zzyzx")
    with statements.of(named):
        named.search("zzyzx kind:audio")
    assert not any("similar_words" in each for each in statements)
    monkeypatch.setattr(slips, "_TRUSTED_S", 0.0)
    with statements.of(named):
        named.search("zzyzx")
    assert any("similar_words" in each for each in statements)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.data())
def test_distance(first: str, second: str, data):
    assert distance(first, first) == 0
    assert distance(first, second) == distance(second, first)
    assert abs(len(first) - len(second)) <= distance(first, second) <= max(len(first), len(second))
    if len(first) > 1:
        at = data.draw(st.integers(0, len(first) - 2))
        swapped = first[:at] + first[at + 1] + first[at] + first[at + 2 :]
        assert distance(first, swapped) <= 1
