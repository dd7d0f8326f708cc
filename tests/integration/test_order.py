"""The order of hits: what the rankings weigh, and sorting within what is relevant."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, cast, literal, select, text

from catalog import Catalog
from catalog.db.models import Asset
from catalog.domain.ordering import Sort, Weights
from catalog.errors import InvalidInputError
from catalog.settings import Settings
from catalog.store.search.ranking import RRF_K, fused_scores

ROWS = """
INSERT INTO asset (fingerprint, size_bytes, name, kind, recorded, duration_pts, time_base_num,
    time_base_den, description)
SELECT 'f' || i, 1, chr(65 + i * 7 % 26) || i, 'audio',
    CASE WHEN i % 4 > 0
         THEN timestamptz '2024-01-01 00:00:00.123456+00' + i % 5 * interval '1 day' END,
    CASE WHEN i % 3 > 0 THEN i % 6 * 1001 END, 1, 30000, repeat('harbour ', 1 + i % 3)
FROM generate_series(1, 23) i
"""


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        with opened.database.session() as session:
            session.execute(text(ROWS.replace(":00:00", "\\:00\\:00")))
            session.execute(
                text("INSERT INTO stage (asset_id, name) SELECT id, 'analyse' FROM asset")
            )
        yield opened


def paged(catalog: Catalog, query: str, sort: str | None) -> list[str]:
    names, after = [], None
    while True:
        page = catalog.search(query, sort=sort, limit=3, after=after)
        names += [hit.asset["name"] for hit in page.hits]
        if (after := page.next) is None:
            return names


@pytest.mark.parametrize("query", ["kind:audio", "harbour"])
@pytest.mark.parametrize("by", ["date", "name", "duration"])
@pytest.mark.parametrize("way", ["", ":asc", ":desc"])
def test_pages_are_sorted_whatever_is_missing_comes_last(
    filled: Catalog, query: str, by: str, way: str
):
    column = {"date": Asset.recorded, "name": Asset.name, "duration": Asset.duration}[by]
    with filled.database.session() as session:
        values = dict(session.query(Asset.name, column).all())
    names = paged(filled, query, f"{by}{way}")
    assert sorted(names) == sorted(values)
    known = [values[name] for name in names if values[name] is not None]
    assert [values[name] for name in names][: len(known)] == known
    down = way == ":desc" or (not way and by != "name")
    assert all(a >= b if down else a <= b for a, b in pairwise(known))


def test_relevance_is_the_order_of_words_and_name_that_of_filters(filled: Catalog):
    assert paged(filled, "harbour", None) == paged(filled, "harbour", "relevance")
    assert paged(filled, "kind:audio", None) == paged(filled, "kind:audio", "name:asc")


@pytest.mark.parametrize("sort", ["date", "date:asc", "name:desc", "duration", "duration:asc"])
def test_the_query_says_the_order_too(filled: Catalog, sort: str):
    expected = paged(filled, "harbour", sort)
    assert paged(filled, f"harbour sort:{sort}", None) == expected
    assert paged(filled, "harbour sort:relevance", sort) == expected  # the option wins
    names, after = [], None
    while True:
        page = filled.assets(f"sort:{sort} harbour", limit=3, after=after)
        names += [row["name"] for row in page["assets"]]
        if (after := page["next"]) is None:
            break
    assert names == expected
    with pytest.raises(InvalidInputError, match="no cursor"):
        filled.assets("sort:date", after="1:inf")


def test_pairs_go_by_relevance_only(filled: Catalog):
    with pytest.raises(InvalidInputError, match="relevance"):
        filled.search("harbour sort:date", then="train")


def test_a_cursor_fits_its_own_order_only(filled: Catalog):
    after = filled.search("harbour", sort="date", limit=3).next
    for sort in (None, "date:asc", "name", "duration"):
        with pytest.raises(InvalidInputError):
            filled.search("harbour", sort=sort, limit=3, after=after)


@pytest.mark.parametrize("wrong", ["size", "date:up", "", "date:", "relevance:asc"])
def test_wrong_orders_are_refused(wrong: str):
    with pytest.raises(InvalidInputError):
        Sort.of(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "meaning", "meaning=x", "words=-1", "meaning=0,words=0", "speed=1", "words=nan"]
)
def test_wrong_weights_are_refused(wrong: str):
    with pytest.raises(InvalidInputError):
        Weights.of(wrong)


def test_weights_scale_the_score(filled: Catalog):
    def scores(weights) -> dict[str, float]:
        hits = filled.search("harbour", limit=50, weights=weights).hits
        return {hit.asset["name"]: hit.score for hit in hits}

    plain, double = scores(None), scores("words=2")
    assert double == pytest.approx({name: 2 * score for name, score in plain.items()}, abs=2e-6)
    assert set(scores({"words": 0, "meaning": 1}).values()) == {0.0}


PLACES = st.one_of(st.none(), st.integers(1, 10**6))
WEIGHTS = st.one_of(st.just(0.0), st.floats(1e-9, 10))


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.tuples(PLACES, PLACES), st.integers(0, 1), st.integers(1, 50), WEIGHTS)
def test_fusion_is_monotone(filled: Catalog, places, side: int, better: int, weight: float):
    """A better place in one ranking, the other the same, never gives a lower score."""
    raised = list(places)
    raised[side] = max(1, (raised[side] or 10**6 + 1) - better)

    def score(pair) -> float:
        columns = [
            cast(literal(place), BigInteger).label(name)
            for place, name in zip(pair, ("cosine_rank", "keyword_rank"), strict=True)
        ]
        fused = fused_scores(select(*columns).cte("ranked"), Weights(1.0, weight), relevant=False)
        with filled.database.session() as session:
            return session.execute(select(fused.c.score)).scalar_one()

    before, after = score(tuple(places)), score(tuple(raised))
    assert after >= before
    expected = sum(w / (RRF_K + p) for w, p in zip((1.0, weight), places, strict=True) if p)
    assert before == pytest.approx(expected)
