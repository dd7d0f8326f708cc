"""What is said, heard and shown one after the other, by the plans meant for it.

By EXPLAIN ANALYZE of the statements that the product sends, under their settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from planned_library import ASSETS, FRAMES, SHOTS, WINDOWS, fill, plan_of, rows_of
from sqlalchemy import text

from catalog import Catalog
from catalog.maintain.graphs import build_graphs
from catalog.settings import Settings
from catalog.store import statistics

DOCS = Path(__file__).parents[2] / "docs/search.md"
LIMIT = 10
ALL_FRAMES = ASSETS * SHOTS * FRAMES


@pytest.fixture(scope="module")
def planned(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(replace(shared_settings, sound_encoder="null")) as opened:
        fill(opened)
        yield opened


def test_lines_come_by_their_graph_and_what_is_shown_by_keys(planned: Catalog, way):
    way("graph")
    planned.search("what a line says", limit=LIMIT)
    plan = plan_of(planned, "line_met", lambda: planned.search("what a line says", limit=LIMIT))
    assert "Index Scan using ix_speech_embedding_1_hnsw" in plan
    assert "Index Scan using ix_centre_1_hnsw" in plan
    assert rows_of(plan, "Seq Scan on speech_embedding_1") == 0
    # Thousands of lines, shots and frames: of these only what is shown, and what is compared.
    assert rows_of(plan, " on frame") <= LIMIT + 1, plan
    assert rows_of(plan, "Seq Scan on clip", "pk_clip", "uq_clip_shot_start") < 1000, plan


def test_a_hit_that_has_no_vector_shows_its_first_picture(planned: Catalog, way):
    """Looked up among the frames of its shot alone."""
    way("graph")
    with planned.database.session() as session:
        shot = session.execute(
            text("SELECT id FROM clip WHERE kind = 'shot' AND words <> '' ORDER BY id LIMIT 1")
        ).scalar_one()
        first = session.execute(
            text("SELECT id FROM frame WHERE clip_id = :shot ORDER BY pts LIMIT 1"), {"shot": shot}
        ).scalar_one()
        kept = "FROM embedding WHERE clip_id = :shot"
        session.execute(text(f"CREATE TABLE kept AS SELECT * {kept}"), {"shot": shot})
        session.execute(text(f"DELETE {kept}"), {"shot": shot})
    found = []
    try:
        plan = plan_of(
            planned, "line_met", lambda: found.append(planned.search("harbour", limit=LIMIT))
        )
    finally:
        with planned.database.session() as session:
            session.execute(text("INSERT INTO embedding SELECT * FROM kept"))
            session.execute(text("DROP TABLE kept"))
    [hit] = [hit for hit in found[-1].hits if hit.clip["id"] == shot]
    assert (hit.cosine, hit.frame["id"]) == (None, first)
    assert rows_of(plan, " on frame") < 5 * LIMIT, plan


def pairs(catalog: Catalog, query: str):
    return lambda: catalog.search(query, then="a red tram", within="5s", limit=LIMIT)


def test_pairs_compare_each_side_once_and_sort_no_frames(planned: Catalog):
    plan = plan_of(planned, "then_cosine", pairs(planned, "a harbour"))
    assert rows_of(plan, "Scan on embedding_1") <= 2 * ALL_FRAMES + 2 * FRAMES * (LIMIT + 1) * 2
    assert rows_of(plan, "Sort") < ALL_FRAMES, plan
    assert rows_of(plan, " on frame") <= 4 * (LIMIT + 1), plan


def test_pairs_whose_first_is_one_of_few_look_these_up(planned: Catalog):
    plan = plan_of(planned, "then_cosine", pairs(planned, "a harbour name:film-12.mov"))
    assert "ix_asset_name_lower" in plan
    assert rows_of(plan, "Scan on embedding_1") < 1.1 * ALL_FRAMES, "the other side's, and few"
    assert rows_of(plan, "Sort") < ALL_FRAMES / 10, plan


@pytest.mark.parametrize("query", ["a harbour", "a harbour collection:c1", "collection:c1"])
def test_pairs_compare_each_side_once_before_anything_is_counted(catalog: Catalog, query: str):
    """Without statistics all is taken for one row, and is read again for each that there is."""
    fill(catalog, analysed=False)
    plan = plan_of(catalog, "then_cosine", pairs(catalog, query))
    assert rows_of(plan, " on embedding_1") < 5 * ALL_FRAMES, "by a bitmap, each counts twice"
    assert rows_of(plan, "") < 40 * ALL_FRAMES, plan


def test_a_new_library_gets_its_statistics_when_graphs_are_looked_at(catalog: Catalog, statements):
    """Not a minute later, by autovacuum: searches read what they need many times until then."""
    fill(catalog, analysed=False)
    with catalog.database.session() as session:
        assert {"asset", "clip", "centre_1", "embedding_1"} <= set(statistics.missing(session))
    build_graphs(catalog.database)
    with catalog.database.session() as session:
        assert statistics.missing(session) == []
        known = session.execute(text("SELECT DISTINCT tablename FROM pg_stats"))
        assert {"asset", "clip", "centre_1", "embedding_1"} <= set(known.scalars())
    with statements.of(catalog):
        build_graphs(catalog.database)
    assert not [each for each in statements if each.startswith("ANALYZE")]


def heard(catalog: Catalog, query: str = ""):
    return lambda: catalog.search(query, sound="rain", limit=LIMIT)


def test_sounds_look_at_no_shot_but_those_shown(planned: Catalog):
    plan = plan_of(planned, "sound_window", heard(planned))
    assert rows_of(plan, "Scan on sound_window", "on sound_window") == ASSETS * WINDOWS
    assert rows_of(plan, " on clip") <= 4 * (LIMIT + 1), plan
    assert rows_of(plan, " on frame") <= (FRAMES + 1) * (LIMIT + 1), plan


def test_sounds_under_a_filter_on_shots_find_each_by_one_look(planned: Catalog):
    """Not by going through all shots of the film for each window of it."""
    plan = plan_of(planned, "sound_window", heard(planned, "-roll:a"))
    assert "Index Scan Backward using uq_clip_shot_start" in plan
    windows = ASSETS * WINDOWS
    assert rows_of(plan, " on clip") <= 3.1 * windows, plan


def test_sounds_of_one_film_read_its_windows_alone(planned: Catalog):
    plan = plan_of(planned, "sound_window", heard(planned, "name:film-12.mov"))
    assert "ix_asset_name_lower" in plan
    assert rows_of(plan, "on sound_window") == WINDOWS


def test_a_search_for_sounds_sends_what_the_docs_say(planned: Catalog, statements):
    planned.search("", sound="rain on a roof")
    counted = []
    for known in (True, False):
        with Catalog.open(planned.settings) as fresh:
            if known:
                fresh.search("", sound="rain on a roof")
            with statements.of(fresh):
                fresh.search("", sound="rain on a roof")
        counted.append(len(statements))
        statements.clear()
    rows = re.findall(r"^\| sounds, words [^|]+ \| (\d+): ", DOCS.read_text("utf-8"), re.MULTILINE)
    assert counted == [int(row) for row in rows]
