"""Where a list of hits ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from catalog import Catalog
from catalog.settings import Settings
from catalog.store import vectors
from catalog.store.search import Meaning
from catalog.store.search.cutoff import _background
from tests.integration.small_footage import still


@pytest.fixture(scope="module")
def filled(shared_settings: Settings, tmp_path_factory: pytest.TempPathFactory):
    """Six reds and eighteen blues among thirty greys; one blue is called red."""
    media: Path = tmp_path_factory.mktemp("media")
    for at in range(6):
        still(media / "one" / f"r{at}.png", (228 - at, 30 + at, 30), mark=at)
    for at in range(18):
        still(media / "two" / f"b{at}.png", (30, 30, 228 - at), mark=100 + at)
    for at in range(30):
        still(media / "three" / f"g{at}.png", (115 + at % 5, 115, 110), mark=200 + at)
    still(media / "called red.png", (30, 30, 219), mark=300)
    with Catalog.open(shared_settings) as catalog:
        catalog.ingest(media / "one", collection="First")
        catalog.ingest(media)
        yield catalog


def names(catalog: Catalog, query: str, **options: object) -> list[str]:
    return [hit.asset["name"] for hit in catalog.search(query, limit=100, **options).hits]


def test_the_list_ends_where_matches_end(filled: Catalog):
    result = filled.search("red", limit=100)
    assert {hit.asset["name"] for hit in result.hits} == {
        *(f"r{at}.png" for at in range(6)),
        "called red.png",
    }
    assert result.total_candidates == 55
    cutoff = result.as_json()["cutoff"]
    assert cutoff["relevant"] == 7
    lowest = min(hit.cosine for hit in result.hits if hit.asset["name"] != "called red.png")
    assert cutoff["cosine"] == pytest.approx(lowest, abs=1e-5)
    assert cutoff["background"] < cutoff["at_least"] <= cutoff["cosine"]
    assert not cutoff["calibrated"]
    assert len(names(filled, "blue")) == 19, "and elsewhere for another query"


def test_all_shows_what_is_below(filled: Catalog):
    result = filled.search("red", limit=100, all_=True)
    assert len(result.hits) == 55
    assert sum(hit.relevant for hit in result.hits) == 7 == result.cutoff["relevant"]
    kept = [hit.asset["name"] for hit in result.hits if hit.relevant]
    assert kept == names(filled, "red")


def test_pages_end_there_too(filled: Catalog):
    first = filled.search("red", limit=4)
    second = filled.search("red", limit=4, after=first.next)
    assert second.next is None
    found = [hit.asset["name"] for hit in (*first.hits, *second.hits)]
    assert found == names(filled, "red")
    assert second.cutoff == first.cutoff


def test_a_filter_that_keeps_nothing_but_matches_is_not_cut(filled: Catalog):
    assert len(names(filled, "red collection:first")) == 6
    assert names(filled, "red name:g*") == [], "the library is the background, not what is kept"


def test_calibration_says_how_sure_and_not_where_the_list_ends(filled: Catalog):
    before = filled.search("red", limit=100)
    with filled.database.session() as session:
        session.execute(
            text(
                "INSERT INTO catalog.calibration (encoder_id, match_median, miss_median, "
                "miss_spread, slope, intercept, samples) "
                "SELECT id, 0.9, -5, 0.1, 0.01, -3, 100 FROM catalog.encoder"
            )
        )
    try:
        after = filled.search("red", limit=100)
    finally:
        with filled.database.session() as session:
            session.execute(text("DELETE FROM catalog.calibration"))
    assert after.cutoff == {**before.cutoff, "calibrated": True}
    assert [hit.asset["name"] for hit in after.hits] == [hit.asset["name"] for hit in before.hits]
    assert all(0 < hit.confidence < 0.1 for hit in after.hits)
    assert [hit.confidence for hit in after.hits] != [hit.confidence for hit in before.hits]


def test_lists_without_meaning_have_no_cutoff(filled: Catalog):
    result = filled.search("kind:still", limit=100)
    assert (len(result.hits), result.cutoff) == (55, None)


def test_the_background_is_known_where_the_numbers_of_pictures_have_gaps(filled: Catalog):
    """None of these numbers is one of the evenly spaced: those next after them are taken."""
    with filled.database.session() as session:
        encoder = vectors.active_encoder(session)
        vector = vectors.cached_phrases(session, encoder.id, ["red"])["red"].vector
        statement = select(_background(Meaning(encoder.id, vector)))
        dense = session.execute(statement).one()
        session.execute(text("SET LOCAL session_replication_role = replica"))
        # Twice, so that no number meets another's on the way.
        session.execute(text("UPDATE embedding SET frame_id = -frame_id"))
        session.execute(text("UPDATE embedding SET frame_id = 40 * -frame_id + 3"))
        assert session.execute(statement).one() == dense
        session.rollback()
    assert dense.floor > dense.median
