"""What a search measures before it chooses its way, and what it need not measure again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event, text
from vector_library import ASSETS, FRAMES, QUERIES, SHOTS, clips, graphed, library, write

from catalog import Catalog
from catalog.db.models import Asset
from catalog.domain import plan as planning
from catalog.domain.results import SearchResult
from catalog.search import known_filters
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store.search import Meaning, SearchParts, deciding


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with graphed(shared_settings) as opened:
        yield opened


def judged(result: SearchResult) -> tuple[object, ...]:
    """All that a search says of its hits, but for the time it took."""
    body = result.as_json()
    return body["hits"], body["total_candidates"], body["cutoff"]


@pytest.mark.parametrize("kind", ["exact", "centres", "graph"])
def test_what_was_measured_of_a_query_is_measured_once(filled: Catalog, way, statements, kind: str):
    """Asked again, with other filters or pages too, it is handed over, and all is the same."""
    way(kind)
    for query in ("query 6", "query 6 -collection:c3"):
        with Catalog.open(filled.settings) as fresh:
            first = judged(fresh.search(query, limit=10))
            with statements.of(fresh):
                again = judged(fresh.search(query, limit=10))
        assert again == first
        sent = [each for each in statements if "FROM total" in each][-1]
        assert "percentile_cont" not in sent
        assert ("TABLESAMPLE" in sent) == (kind != "exact" and query != "query 6")


def test_a_library_that_has_grown_is_measured_again(catalog: Catalog, statements):
    rng = np.random.default_rng(7)
    write(catalog, library(rng)[:20])
    catalog.search("query 2")
    write(catalog, library(rng)[:3], first_asset=100)
    with statements.of(catalog):
        catalog.search("query 2")
    assert any("percentile_cont" in each for each in statements)


def test_few_clips_are_compared_by_the_statement_that_counts_them(filled: Catalog, statements):
    """One that is planned once, and looks each of them up; an asset without shots is among them."""
    found = filled.search("query 1 name:asset-003", explain=True)
    assert found.plan.kind == "exact"
    assert found.plan.settings["plan_cache_mode"] == "force_generic_plan"
    assert found.total_candidates == 14
    assert found.plan.estimated_frames == pytest.approx(14 * FRAMES, rel=0.35)
    shown = found.as_json()["explanation"]["plan"]
    assert "embedding_1_clip_id" in shown
    assert "Seq Scan on embedding_1" not in shown
    with statements.of(filled):
        filled.search("query 1 name:asset-003")
    assert len(statements) == 2, "who answers; and the search"
    with filled.database.session() as session:
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name, kind, time_base_num, "
                "time_base_den) VALUES ('sound', 1, 'asset-003.wav', 'audio', 1, 25)"
            )
        )
    try:
        both = filled.search("003 name:asset-003*", limit=100, all_=True)
    finally:
        with filled.database.session() as session:
            session.execute(text("DELETE FROM asset WHERE fingerprint = 'sound'"))
    assert both.total_candidates == 15
    assert {hit.asset["name"] for hit in both.hits} == {"asset-003", "asset-003.wav"}


@pytest.mark.parametrize("query", ["query 1 {}", "(query 2 OR asset) {}", "query 3 sort:name {}"])
def test_few_are_ranked_as_all_are(filled: Catalog, monkeypatch, query: str):
    """By their words too; and the statement for few is left where there are more."""
    query = query.format("collection:c3")
    monkeypatch.setattr(known_filters, "_TRUSTED_S", -1.0)
    with monkeypatch.context() as patch:
        patch.setattr(looking, "of_few", lambda _library, _depth: None)
        every = filled.search(query, limit=30, all_=True)
    few = filled.search(query, limit=30, all_=True)
    assert few.plan.settings["plan_cache_mode"] == "force_generic_plan"
    assert judged(few) == judged(every)
    assert any(hit.keyword_rank for hit in few.hits) == (" OR " in query)
    real = looking.of_few
    monkeypatch.setattr(looking, "of_few", lambda *given: (50, real(*given)[1]))
    more = filled.search(query, limit=30, all_=True)
    assert more.plan.settings["plan_cache_mode"] == "force_custom_plan"
    assert judged(more) == judged(every)


def test_filters_that_keep_more_than_few_are_not_tried_again(filled: Catalog, way, statements):
    way("centres")
    with statements.of(filled):
        filled.search("query 1 -collection:c5")
        assert sum("FROM total" in each for each in statements) == 2
        filled.search("query 2 -collection:c5")
    assert sum("FROM total" in each for each in statements) == 3


def test_a_sample_tells_what_the_filters_keep_and_how_near(filled: Catalog):
    """Drawn as a whole it is the truth."""
    kept = Asset.collection == "c3"
    [phrase] = filled.sql("SELECT vector::text FROM catalog.phrase WHERE text = 'query 4'").rows
    vector = np.array(json.loads(phrase[0]), dtype=np.float32)
    parts = SearchParts(where=kept, keywords=None, meaning=Meaning(1, vector), limit=10)
    rows = filled.sql(
        "SELECT a.collection = 'c3' FROM catalog.centre e JOIN catalog.all_shots s ON s.clip_id"
        " = e.clip_id JOIN catalog.all_assets a ON a.asset_id = s.asset_id"
        f" ORDER BY e.vector <=> '{phrase[0]}'"
    ).rows
    with filled.database.session() as session:
        sampled, _ = deciding.sample_kept(
            session, replace(parts, flagged=True), parts.meaning, percent=100.0
        )
    inside = [row[0] for row in rows]
    assert (sampled.drawn, sampled.kept) == (len(inside), sum(inside))
    assert (sampled.nearest, sampled.nearest_kept) == (32, sum(inside[:32]))


def test_a_wide_filter_is_judged_by_a_sample(filled: Catalog, monkeypatch):
    asked_all = {"limit": 10, "all_": True}
    exact = {at: filled.search(f"query {at} -collection:c3", **asked_all) for at in range(QUERIES)}
    monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
    monkeypatch.setattr(known_filters, "_TRUSTED_S", 1e9)
    monkeypatch.setattr(looking, "_COUNTED", 20)
    monkeypatch.setattr(looking, "_SAMPLED", 100.0)
    monkeypatch.setattr(looking, "_SAMPLE_PAGES", 12)
    monkeypatch.setattr(looking, "of_few", lambda _library, _depth: None)
    counted = []
    for name in ("count_few", "count_kept"):
        real = getattr(looking, name)
        monkeypatch.setattr(
            looking, name, lambda *args, real=real: counted.append(args[-1]) or real(*args)
        )
    for at, wanted in exact.items():
        found = filled.search(f"query {at} -collection:c3", **asked_all)
        assert clips(found) == clips(wanted)
        assert not found.plan.at_least
        assert found.plan.estimated_frames == pytest.approx(0.9 * ASSETS * SHOTS * FRAMES, rel=0.2)
    assert counted == [20], "never to the end, and once for the same filters"
    monkeypatch.setattr(looking, "_COUNTED", 5)
    assert clips(filled.search("query 1 name:asset-003", limit=10))
    assert counted[-1] > 20, "what a sample does not tell is counted"


def test_filters_known_to_be_wide_are_not_judged_again(filled: Catalog, monkeypatch, statements):
    """And what they keep by now is found, however little that is."""
    monkeypatch.setattr(known_filters, "_TRUSTED_S", 1e9)
    monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
    monkeypatch.setattr(looking, "_COUNTED", 20)
    monkeypatch.setattr(looking, "_SAMPLED", 100.0)
    monkeypatch.setattr(looking, "of_few", lambda _library, _depth: None)
    query = "query 5 -collection:c4"
    first = filled.search(query, limit=10, all_=True)
    assert "c4" not in {hit.asset["collection"] for hit in first.hits}
    with statements.of(filled):
        again = filled.search(query, limit=10, all_=True)
        other = filled.search("query 6 -collection:c4", limit=10, all_=True)
    assert judged(again) == judged(first)
    assert len(other.hits) == 10
    assert not [each for each in statements if "met" in each and "FROM total" not in each]
    assert sum("place <=" in each for each in statements) == 1, "of another query's nearest"
    moved = "UPDATE asset SET collection = {} WHERE collection = {} AND fingerprint <> 'asset-001'"
    with filled.database.session() as session:
        session.execute(text("ALTER TABLE asset ADD COLUMN before text"))
        session.execute(text("UPDATE asset SET before = collection"))
        session.execute(text(moved.format("'c4'", "collection")))
    try:
        found = filled.search(query, limit=30, all_=True)
    finally:
        with filled.database.session() as session:
            session.execute(text("UPDATE asset SET collection = before"))
            session.execute(text("ALTER TABLE asset DROP COLUMN before"))
    assert {hit.asset["name"] for hit in found.hits} == {"asset-001"}
    assert len(found.hits) == SHOTS - 1, "all but the black one"


def test_new_queries_are_measured_by_the_same_sample(filled: Catalog, statements):
    """By the statement until one query comes after another, then by the vectors themselves."""
    texts = [f"query {number}" for number in range(QUERIES)]
    measured = []
    with Catalog.open(filled.settings) as known:
        for query in texts:
            with Catalog.open(filled.settings) as fresh:
                alone = fresh.search(query, limit=10).cutoff
            statements.clear()
            with statements.of(known):
                together = known.search(query, limit=10).cutoff
            assert together == pytest.approx(alone, abs=2e-6)
            measured.append(any("percentile_cont" in each for each in statements))
    assert measured == [True] + [False] * (QUERIES - 1)


def test_words_to_leave_out_are_read_once(filled: Catalog, way):
    way("graph")
    filled.search("query 1 -harbour", limit=10)
    calls: list[int] = []
    counted = "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'words_query'"

    def before(connection, _cursor, statement, *_rest):
        if "walked" in statement:
            connection.connection.dbapi_connection.execute("SET LOCAL track_functions = 'all'")

    def after(connection, _cursor, statement, *_rest):
        if "walked" in statement:
            found = connection.connection.dbapi_connection.execute(counted).fetchone()
            calls.append(found[0])

    engine = filled.database.engine
    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        result = filled.search("query 1 -harbour", limit=10)
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
    assert result.plan.kind == "graph"
    # Wherever the filter stands, once; a plan for any value would else ask for every row.
    assert 0 < calls[0] < 30, calls
