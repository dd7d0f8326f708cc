"""Counts, lists, phrases, duplicates and `catalog.search()` by the plans meant for them.

By EXPLAIN ANALYZE of the statements that the product sends, under their settings; what stands
inside a function of SQL by what it read.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planned_library import ASSETS, FRAMES, SHOTS, fill, plan_of, rows_of
from sqlalchemy import text

from catalog import Catalog
from catalog.search import planning as looking
from catalog.settings import Settings

LIMIT = 10
ALL_SHOTS = ASSETS * SHOTS
CLIPS = " on clip"


@pytest.fixture(scope="module")
def planned(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        fill(opened)
        yield opened


# --- facets -----------------------------------------------------------------------------


def test_facets_of_few_read_their_clips_alone(planned: Catalog):
    """Languages too, of which lines have some: not all clips in the order of their assets."""
    plan = plan_of(planned, "counted", lambda: planned.facets("name:film-12.mov"))
    assert "ix_asset_name_lower" in plan
    # Twenty shots, told by roll too, and as many lines.
    assert rows_of(plan, CLIPS) <= 4 * SHOTS, plan


def test_facets_of_all_read_the_clips_once_for_each_that_asks_of_them(planned: Catalog):
    plan = plan_of(planned, "counted", lambda: planned.facets(""))
    asked_of_clips = 3  # which shots there are; their rolls; languages of shots and lines
    assert rows_of(plan, CLIPS) <= asked_of_clips * 2 * ALL_SHOTS, plan
    assert "Merge Join" not in plan


def test_facets_of_what_nothing_satisfies_read_next_to_nothing(planned: Catalog):
    plan = plan_of(planned, "counted", lambda: planned.facets("name:nothing.mov"))
    assert rows_of(plan, CLIPS, " on asset") == 0, plan


# --- counting ---------------------------------------------------------------------------


@pytest.mark.parametrize("filter_", ["name:film-12.mov", "name:nothing.mov", "-collection:c3"])
def test_counting_ends_where_it_may(
    planned: Catalog, monkeypatch: pytest.MonkeyPatch, filter_: str
):
    """Nothing is walked through for a filter that keeps little, nor beyond what is counted."""
    stop = 60
    monkeypatch.setattr(looking, "worth_counting", lambda *_: stop)
    monkeypatch.setattr(looking, "of_few", lambda *_: None)
    plan = plan_of(planned, " AS met", lambda: planned.search(f"a red tram {filter_}"))
    assert "Seq Scan on clip" not in plan, plan
    assert "Seq Scan on centre_1" not in plan, plan
    assert rows_of(plan, CLIPS) <= stop + SHOTS, plan
    if filter_.startswith("name"):
        assert "ix_asset_name_lower" in plan
        assert rows_of(plan, " on asset") <= 1, plan


def test_what_a_sample_does_not_tell_is_counted_by_indexes(
    planned: Catalog, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(looking, "_COUNTED", 5)
    monkeypatch.setattr(looking, "_SAMPLED", 100.0)
    monkeypatch.setattr(looking, "worth_counting", lambda *_: 100)
    monkeypatch.setattr(looking, "of_few", lambda *_: None)
    plan = plan_of(planned, "AS kept", lambda: planned.search("a red tram name:film-13.mov"))
    assert rows_of(plan, " on centre_1") <= 2 * SHOTS, plan


# --- lists ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["sort:date", "sort:name", "sort:duration"])
@pytest.mark.parametrize(
    ("filter_", "index"),
    [("recorded:2024-01-03", "ix_asset_recorded"), ("name:film-12.mov", "ix_asset_name_lower")],
)
def test_a_sorted_list_of_few_sorts_these(planned: Catalog, order: str, filter_: str, index: str):
    ask = f"{filter_} {order}"
    plan = plan_of(planned, "FROM total", lambda: planned.search(ask, limit=LIMIT))
    assert index in plan
    assert "Seq Scan on clip" not in plan, plan
    assert rows_of(plan, " on frame") <= 2 * (LIMIT + 1), plan
    # 24 films were recorded that day.
    assert rows_of(plan, CLIPS) <= 24 * SHOTS + LIMIT + 1, plan


@pytest.mark.parametrize("order", ["sort:date", "sort:name"])
def test_a_sorted_list_of_much_keeps_one_page_of_it(planned: Catalog, order: str):
    """All that passes is read once, of the order only a page kept, and a page looked up."""
    ask = f"-collection:c3 {order}"
    plan = plan_of(planned, "FROM total", lambda: planned.search(ask, limit=LIMIT))
    assert "top-N heapsort" in plan
    assert rows_of(plan, "Sort") <= 10 * (LIMIT + 1), plan
    assert rows_of(plan, CLIPS) <= 1.1 * ALL_SHOTS, plan
    assert rows_of(plan, " on frame") <= 2 * (LIMIT + 1), plan


def test_what_nothing_satisfies_is_known_at_once(planned: Catalog):
    for ask in ("name:nothing.mov sort:date", "tag:nothing sort:name", '"zebra"'):
        plan = plan_of(planned, "FROM total", lambda ask=ask: planned.search(ask, limit=LIMIT))
        assert rows_of(plan, CLIPS, " on frame") == 0, plan


# --- phrases ----------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ['"harbour"', "said:harbour", 'a red tram "harbour"'])
def test_a_phrase_finds_its_shots_by_the_index_of_words(planned: Catalog, ask: str):
    found = planned.search(ask, limit=LIMIT, all_=True)
    assert found.hits
    plan = plan_of(planned, "FROM total", lambda: planned.search(ask, limit=LIMIT, all_=True))
    assert "ix_clip_words" in plan
    assert rows_of(plan, " on embedding_1") <= 10 * FRAMES * found.total_candidates, plan
    assert rows_of(plan, " on frame") <= 2 * (LIMIT + 1), plan


# --- duplicates -------------------------------------------------------------------------


def test_candidates_of_few_assets_read_these_alone(planned: Catalog):
    ask = "recorded:2024-01-03T00:00..2024-01-03T03:00"
    plan = plan_of(planned, "of_shot", lambda: planned.duplicates(ask))
    assert "ix_asset_recorded" in plan
    assert rows_of(plan, " on frame", " on embedding_1") <= 2 * 4 * SHOTS * FRAMES, plan
    assert rows_of(plan, CLIPS) <= 2 * 4 * 4 * SHOTS, plan


# --- catalog.search() -------------------------------------------------------------------

# The view sums what was fetched by a table's indexes, which is booked under each of these.
_READ = """
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_all_tables
WHERE relid = CAST(:table AS regclass)
"""


def read_by(catalog: Catalog, statement: str, table: str) -> tuple[list, int]:
    """The rows of a statement, and how many of a table were read for it."""
    with catalog.database.session() as session:

        def read() -> int:
            found = session.execute(text(_READ), {"table": f"catalog.{table}"})
            return int(found.scalar_one())

        # What the connection did before may not have been booked yet.
        before = read()
        rows = list(session.execute(text(statement)).all())
        return rows, read() - before


CALL = "SELECT clip_id, cosine FROM catalog.search('a red tram', hits => 10{})"


def test_the_function_compares_centres_where_there_are_many(planned: Catalog):
    wanted = [hit.clip["id"] for hit in planned.search("a red tram", limit=10, all_=True).hits]
    rows, frames = read_by(planned, CALL.format(""), "embedding_1")
    assert [row.clip_id for row in rows] == wanted
    assert 0 < frames < ALL_SHOTS * FRAMES / 5, "of the nearest shots alone"


def test_the_function_under_a_filter_reads_what_that_keeps(planned: Catalog):
    """Whatever was asked for before: a plan for any filters reads all assets, or all frames."""
    planned.search("a red tram")  # or its words have no vector that SQL could take
    for hour in range(8):
        day = f", recorded => '[2024-01-03 0{hour}:00+00,2024-01-03 0{hour + 2}:00+00)'"
        rows, frames = read_by(planned, CALL.format(day), "embedding_1")
        assert len(rows) == 10
        assert 0 < frames < ALL_SHOTS * FRAMES / 5
        _, met = read_by(planned, CALL.format(day), "asset")
        assert 0 < met < ASSETS / 2
    ask = "a red tram recorded:2024-01-03T07:00..2024-01-03T08:59"
    wanted = [hit.clip["id"] for hit in planned.search(ask, limit=10, all_=True).hits]
    assert [row.clip_id for row in rows] == wanted


def test_the_function_lists_all_that_is_asked_for(planned: Catalog):
    """More hits than centres are looked at, and none at all."""
    planned.search("a red tram")
    every = CALL.replace("10{}", "{}")
    assert len(read_by(planned, every.format(ALL_SHOTS + 5), "centre_1")[0]) == ALL_SHOTS
    assert read_by(planned, every.format(0), "centre_1")[0] == []
    narrow = "10, collection => 'c3'"
    assert len(read_by(planned, every.format(narrow), "centre_1")[0]) == 10
