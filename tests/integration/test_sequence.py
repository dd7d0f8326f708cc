"""X, then Y: pairs of shots."""

from __future__ import annotations

import pytest

from catalog import Catalog
from catalog.errors import InvalidInputError, InvalidQueryError
from catalog.settings import Settings
from tests.integration.small_footage import still, video


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    media = tmp_path_factory.mktemp("media")
    video(media / "a.mp4", ("red", "blue", "green"), timecode="10:00:00:00")
    video(media / "b.mp4", ("blue", "red", "white", "black", "blue"), mark=1)
    video(media / "c.mp4", ("green", "white", "green"), mark=2)
    still(media / "d.png", "red", mark=3)
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media, collection="One")
        yield catalog


def found(catalog: Catalog, *arguments: object, **options: object) -> list[tuple]:
    hits = catalog.search(*arguments, limit=100, **options).hits
    return [(h.asset["name"], h.clip["start"], h.then["clip"]["start"], h.gap) for h in hits]


def test_the_best_pair_is_first(filled: Catalog):
    assert found(filled, "red", then="blue", within="1s")[0] == ("a.mp4", 0.0, 1.0, 0.0)
    assert found(filled, "red", then="blue", within="5s")[:2] == [
        ("a.mp4", 0.0, 1.0, 0.0),
        ("b.mp4", 1.0, 4.0, 2.0),
    ]
    assert ("b.mp4", 1.0, 4.0, 2.0) not in found(filled, "red", then="blue", within=1.9)
    assert ("b.mp4", 1.0, 4.0, 2.0) in found(filled, "red", then="blue", within=2)
    assert found(filled, "blue", then="red")[0] == ("b.mp4", 0.0, 1.0, 0.0), "the order counts"


def test_both_shots_are_told(filled: Catalog):
    hit = filled.search("red", then="blue").as_json()["hits"][0]
    assert hit["clip"]["timecode_in"] == "10:00:00:00"
    assert hit["then"]["clip"]["timecode_in"] == "10:00:01:00"
    assert hit["then"]["frame"]["picture"]
    assert min(hit["cosine"], hit["then"]["cosine"]) > 0.9
    assert 0 < hit["score"] <= 1


def test_filters_choose_each_shot(filled: Catalog):
    assert {name for name, *_ in found(filled, "red name:b.mp4", then="blue")} == {"b.mp4"}
    assert {name for name, *_ in found(filled, "red", then="blue -name:b.mp4")} == {
        "a.mp4",
        "c.mp4",
    }
    assert found(filled, "red collection:two", then="blue") == []
    listed = found(filled, "name:a.mp4", then="green")
    assert [(start, later) for _, start, later, _ in listed] == [(0.0, 2.0), (1.0, 2.0)]
    assert len(found(filled, "kind:video", then="kind:video", within=0)) == 6, "black is left out"


def test_an_example_begins_a_pair(filled: Catalog):
    red = filled.search("red").hits[0].frame["id"]
    assert found(filled, like=f"frame:{red}", then="blue", within=1)[0][0] == "a.mp4"


def test_pairs_are_paged_and_are_one_statement(filled: Catalog, statements):
    whole = found(filled, "red", then="blue", within=9)
    paged, after = [], None
    while True:
        with statements.of(filled):
            page = filled.search("red", then="blue", within=9, limit=3, after=after)
        paged += [(h.asset["name"], h.clip["start"], h.then["clip"]["start"], h.gap)
                  for h in page.hits]  # fmt: skip
        if (after := page.next) is None:
            break
    assert paged == whole
    assert sum("pair" in statement for statement in statements) == -(-len(whole) // 3)


def test_pairs_have_the_settings_of_a_search(filled: Catalog):
    found = filled.search("red", then="blue", explain=True)
    assert found.plan.as_json()["settings"]["jit"] == "off"
    assert "work_mem = '64MB'" in str(found.explanation["plan"])


@pytest.mark.parametrize("within", ["soon", "", "-1s", -1, float("nan"), "2d", 1e9, "10s..20s"])
def test_what_is_no_time_is_refused(filled: Catalog, within: object):
    with pytest.raises(InvalidInputError, match="10s"):
        filled.search("red", then="blue", within=within)


def test_half_a_sequence_is_refused(filled: Catalog):
    for query, then in (("red", ""), ("", "blue"), ("red", "codec:")):
        with pytest.raises(InvalidQueryError):
            filled.search(query, then=then)
    with pytest.raises(InvalidInputError, match="then"):
        filled.search("red", within="10s")
