"""How a search goes about its neighbours: each way finds the same, by the index meant for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import event, text
from vector_library import ASSETS, FRAMES, QUERIES, SHOTS, library, write

from catalog import Catalog
from catalog.db.models import Asset
from catalog.domain import plan as planning
from catalog.domain.plan import (
    Library,
    Sampled,
    choose,
    deep_for_text,
    of_few,
    taken,
    worth_counting,
)
from catalog.domain.results import SearchResult
from catalog.maintain.graphs import build_graphs
from catalog.search import known_filters
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store import centres, statistics, vectors
from catalog.store.search import Meaning, SearchParts, asked, deciding, statement


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(shared_settings) as opened:
        write(opened, library(np.random.default_rng(3)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(centres, "INDEX_FROM", 100)
            # With statistics a library this small is read whole where a large one is not.
            patch.setattr(statistics, "missing", lambda *_: [])
            [built] = build_graphs(opened.database)
            assert build_graphs(opened.database) == [], "it is there now"
        assert built["encoder"] == "null:64"
        yield opened


FILTERS = ["", "collection:c3", "-collection:c3", "name:asset-00*", "collection:none"]


def clips(result: SearchResult) -> list[int]:
    return [hit.clip["id"] for hit in result.hits]


@pytest.mark.parametrize("kind", ["centres", "graph"])
def test_each_way_finds_what_looking_at_all_finds(filled: Catalog, way, kind: str):
    found = wanted = 0
    for number in range(QUERIES):
        for condition in FILTERS:
            query = f"query {number} {condition}"
            way("exact")
            exact = filled.search(query, limit=10, all_=True)
            way(kind)
            other = filled.search(query, limit=10, all_=True)
            assert exact.plan.kind == "exact"
            assert other.plan.kind == kind or condition.startswith(("name", "collection"))
            assert len(other.hits) == len(exact.hits), "never fewer than there are"
            found += len(set(clips(other)) & set(clips(exact)))
            wanted += len(exact.hits)
            at = {hit.clip["id"]: hit.cosine for hit in exact.hits}
            assert all(
                hit.cosine == at[hit.clip["id"]] for hit in other.hits if hit.clip["id"] in at
            )
    assert wanted == QUERIES * 40
    assert found >= 0.99 * wanted


def explained(catalog: Catalog, query: str) -> str:
    return str(catalog.search(query, explain=True).as_json()["explanation"]["plan"])


def test_the_graph_walks_its_index_and_scans_nothing(filled: Catalog, way):
    way("graph")
    shown = explained(filled, "query 1 -collection:c3")
    assert "Index Scan using ix_centre_1_hnsw" in shown
    assert "One-Time Filter" in shown, "the scan of all centres is there and waits"
    rest = shown[shown.index("One-Time Filter") :]
    assert "never executed" in rest
    assert "Seq Scan on embedding_1" not in shown
    assert "embedding_1_clip_id" in shown


def test_the_scan_of_centres_and_the_exact_search_never_use_the_graph(filled: Catalog, way):
    for kind in ("centres", "exact"):
        way(kind)
        shown = explained(filled, "query 1 -collection:c3")
        assert "hnsw" not in shown.split("Settings:")[0]
        assert ("centre_1" in shown) == (kind == "centres")


def test_a_walk_that_ends_early_is_made_good_by_a_scan(filled: Catalog, way, monkeypatch):
    """Of the filter's shots none is near, and the walk meets few: the list is full all the same."""
    way("graph")
    real = planning._settings

    def short(*args):
        return real(*args) | {"hnsw.max_scan_tuples": "1", "hnsw.ef_search": "1"}

    monkeypatch.setattr(planning, "_settings", short)
    monkeypatch.setattr(planning, "taken", lambda _depth, _centres: 133)
    other = filled.search("query 0 -collection:c0", limit=10, all_=True)
    assert other.plan.kind == "graph"
    way("exact")
    assert clips(filled.search("query 0 -collection:c0", limit=10, all_=True)) == clips(other)


def test_the_walk_takes_the_nearest_however_the_server_joins(filled: Catalog, way, monkeypatch):
    way("exact")
    exact = filled.search("query 4 -collection:c3", limit=10, all_=True)
    way("graph")
    real = planning._settings

    def hashed(*args):
        return real(*args) | {"enable_nestloop": "off", "enable_sort": "on"}

    monkeypatch.setattr(planning, "_settings", hashed)
    monkeypatch.setattr(planning, "taken", lambda depth, _centres: 2 * depth)
    walked = filled.search("query 4 -collection:c3", limit=10, all_=True)
    assert walked.plan.kind == "graph"
    assert clips(walked)[0] == clips(exact)[0]
    assert len(set(clips(walked)) & set(clips(exact))) >= 8


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


def test_few_are_as_many_as_an_exact_search_is_the_fastest_for():
    library = Library(300_000, 30_000, graph=True)
    few, plan = of_few(library, 11)
    assert (few, plan.kind, plan.settings["plan_cache_mode"]) == (
        362,
        "exact",
        "force_generic_plan",
    )
    kinds = [choose(library, kept=kept, depth=11, few=True).kind for kept in (few, 2 * few)]
    assert kinds == ["exact", "centres"]
    assert of_few(Library(300_000, 6_000, graph=True), 11)[0] < few, "of long shots"
    assert of_few(Library(2_000, 600, graph=False), 11) is None, "all of it is looked at anyway"


def test_filters_that_keep_more_than_few_are_not_tried_again(filled: Catalog, way, statements):
    way("centres")
    with statements.of(filled):
        filled.search("query 1 -collection:c5")
        assert sum("FROM total" in each for each in statements) == 2
        filled.search("query 2 -collection:c5")
    assert sum("FROM total" in each for each in statements) == 3


@pytest.mark.parametrize("kind", ["exact", "centres", "graph"])
def test_one_statement_whatever_the_way(filled: Catalog, way, statements, kind: str):
    way(kind)
    filled.search("query 1 -collection:c3")
    with statements.of(filled):
        result = filled.search("query 1 -collection:c3")
    assert result.plan.kind == kind
    assert sum("FROM total" in s for s in statements) == 1
    # Who answers and how much there is; the search; settings, unless it is planned as the first
    # was. What the filters keep was counted a moment ago.
    assert len(statements) == {"exact": 3, "centres": 2, "graph": 3}[kind]


def test_a_statement_is_built_once_whatever_its_values(filled: Catalog, monkeypatch):
    queries = ["query 1 collection:c3", "query 2 collection:c4", "query 3 collection:nowhere"]
    for number in (1, 2, 3):  # what is measured once would be two shapes
        filled.search(f"query {number}")
    fresh = []
    for query in queries:
        monkeypatch.setattr(asked, "TEXTS", asked.Texts())
        monkeypatch.setattr(statement, "TEXTS", asked.TEXTS)
        fresh.append(filled.search(query, limit=10, all_=True))
    built = []
    real = statement.search_statement
    monkeypatch.setattr(
        statement, "search_statement", lambda parts: built.append(parts) or real(parts)
    )
    monkeypatch.setattr(statement, "TEXTS", asked.Texts())
    for query, alone in zip(queries, fresh, strict=True):
        found = filled.search(query, limit=10, all_=True)
        assert clips(found) == clips(alone)
        assert found.total_candidates == alone.total_candidates
    assert len(built) == 1
    again = filled.search(queries[0], limit=10, all_=True, after=fresh[0].next)
    assert clips(again) == clips(filled.search(queries[0], limit=20, all_=True))[10:]
    assert len(built) == 3, "another page and another limit are other shapes"


def test_the_plan_tells_why(filled: Catalog, way):
    way("graph")
    plan = filled.search("query 1").as_json()["plan"]
    assert plan["kind"] == "graph"
    assert plan["reason"].startswith("no filter, of 2400 in all")
    assert plan["settings"]["hnsw.iterative_scan"] == "relaxed_order"
    assert set(plan) == {
        "kind",
        "keywords",
        "speech",
        "estimated_frames",
        "at_least",
        "reason",
        "settings",
        "judged",
        "tried_few",
    }
    assert filled.search("kind:video").plan.kind == "filter"


@pytest.mark.parametrize(
    ("condition", "judged", "sent"),
    [
        ("", None, "answering set_config walked"),
        ("collection:c3", None, "answering every_word"),
        ("-collection:c3", 20, "answering candidate set_config walked"),
        ("-collection:c4", 20, "answering every_word candidate set_config walked"),
    ],
)
def test_the_plan_tells_what_was_looked_at(
    filled: Catalog, monkeypatch, condition: str, judged: int | None, sent: str
):
    """And the explanation every statement that was sent for it, but for its own."""
    few = "every_word" in sent
    # In so small a library a walk that sees as far as texts want is no faster than a scan.
    monkeypatch.setattr(planning, "_DEEP", 0)
    monkeypatch.setattr(planning, "_EXACT_BELOW", 0)
    monkeypatch.setattr(looking, "worth_counting", lambda _library, _depth: 20)
    real = looking.of_few
    monkeypatch.setattr(looking, "of_few", lambda *given: (100, real(*given)[1]) if few else None)
    with Catalog.open(filled.settings) as fresh:
        fresh.search("query 7")
        found = fresh.search(f"query 7 {condition}", explain=True).as_json()
    plan, noted = found["plan"], found["explanation"]["statements"]
    assert plan["tried_few"] == few
    if judged is None:
        assert plan["judged"] is None
    else:
        counted = {"counted": judged, "stopped": True}
        assert plan["judged"] == counted | {"sampled": None, "remembered": False}
    assert len(noted) == len(sent.split()), noted
    assert all(mark in each["sql"] for each, mark in zip(noted, sent.split(), strict=True)), noted
    assert all(each["ms"] > 0 for each in noted)


@pytest.mark.parametrize(
    ("kind", "condition", "generic"),
    [
        ("exact", "name:asset-003", True),
        ("graph", "-collection:c3", True),
        ("centres", "-collection:c3", True),
        ("exact", "-collection:c3", False),
    ],
)
def test_what_is_explained_is_the_plan_that_answers(filled, way, kind, condition, generic):
    """For any values where the search is planned so: conditions show parameters, not values."""
    if condition.startswith("-"):
        way(kind)
    found = filled.search(f"query 1 {condition}", explain=True)
    assert found.plan.kind == kind
    mode = "force_generic_plan" if generic else "force_custom_plan"
    assert found.plan.settings["plan_cache_mode"] == mode
    shown = found.as_json()["explanation"]["plan"]
    assert f"plan_cache_mode = '{mode}'" in shown
    value = condition.partition(":")[2]
    assert (f"'{value}'" in shown) != generic
    assert ("lower(($" in shown or "= lower($" in shown) == generic, shown


def test_the_settings_end_with_the_search(filled: Catalog, way):
    way("graph")
    filled.search("query 1")
    with filled.database.session() as session:
        left = session.execute(
            text("SELECT current_setting('hnsw.ef_search'), current_setting('enable_sort')")
        ).one()
    assert tuple(left) == ("40", "on")


def test_words_bring_their_clips_wherever_their_pictures_lie(filled: Catalog, way):
    """What a name alone brings has its own cosine, and a place after those that are near."""
    query = '"query 3" OR asset OR 039'
    way("exact")
    exact = {h.clip["id"]: h for h in filled.search("query 3 OR 039", limit=1000).hits}
    way("graph")
    wide = filled.search("query 3 OR 039", limit=20)
    assert wide.plan.kind == "graph", query
    named = [hit for hit in wide.hits if hit.keyword_rank]
    assert {hit.asset["name"] for hit in named} == {"asset-039"}
    assert len(named) == 14
    for hit in named:
        assert hit.cosine == exact[hit.clip["id"]].cosine
    order = [hit.cosine for hit in named]
    assert order == sorted(order, reverse=True)


def test_figures_of_a_wide_search_are_near_the_true_ones(filled: Catalog, way):
    way("exact")
    exact = filled.search("query 5 -collection:c3", limit=1)
    way("graph")
    wide = filled.search("query 5 -collection:c3", limit=1)
    assert exact.total_candidates == 36 * 14
    assert wide.total_candidates == pytest.approx(exact.total_candidates, rel=0.35)
    assert wide.hits[0].confidence == pytest.approx(exact.hits[0].confidence, abs=0.15)


@pytest.mark.parametrize("kind", ["exact", "graph"])
def test_pages_hold_while_films_are_added(
    catalog: Catalog, way, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """What is added between two pages neither hides nor repeats what was there before."""
    rng = np.random.default_rng(5)
    write(catalog, library(rng)[:12])
    monkeypatch.setattr(centres, "INDEX_FROM", 100)
    build_graphs(catalog.database)
    way("exact")
    before = clips(catalog.search("query 2", limit=1000, all_=True))
    way(kind)
    seen: list[int] = []
    after, added = None, 0
    while True:
        page = catalog.search("query 2", limit=15, after=after, all_=True)
        seen += clips(page)
        if (after := page.next) is None:
            break
        if added < 4:  # some of them lie nearer to the query than all that was seen
            write(catalog, library(rng)[:1], first_asset=100 + added)
            added += 1
    assert len(seen) == len(set(seen)), "none twice"
    old = [clip for clip in seen if clip in set(before)]
    assert old == before, "all that was there, in its order"


@pytest.mark.parametrize("kind", ["centres", "graph"])
def test_pages_of_a_wide_search_show_what_words_bring_once(
    catalog: Catalog, way, monkeypatch: pytest.MonkeyPatch, kind: str
):
    """A deeper page knows more places by cosine; those that were estimated stay as they were."""
    # Half the library: dozens of pages all the same, each deeper than the one before.
    write(catalog, library(np.random.default_rng(5))[: ASSETS // 2])
    with catalog.database.session() as session:
        said = text("UPDATE asset SET description = repeat('query 2 ', id::int % 3) || 'film'")
        session.execute(said)
    monkeypatch.setattr(centres, "INDEX_FROM", 100)
    build_graphs(catalog.database)
    way("exact")
    every = set(clips(catalog.search("query 2", limit=1000, all_=True)))
    way(kind)
    for limit in (7, 61):
        seen: list[int] = []
        after, pages = None, 0
        while pages == 0 or after is not None:
            page = catalog.search("query 2", limit=limit, after=after, all_=True)
            assert page.plan.wide
            seen += clips(page)
            after, pages = page.next, pages + 1
        assert len(seen) == len(set(seen)), "none twice"
        assert set(seen) == every, "none lost"


def test_a_list_that_began_wide_goes_on_wide():
    library = Library(20_000, 10_000, graph=True)
    deep = 9_000
    assert choose(library, kept=8_000, depth=deep).kind == "exact"
    assert choose(library, kept=8_000, depth=deep, wide=True).kind == "centres"


@pytest.mark.parametrize("gains", [False, True])
def test_pages_hold_while_the_last_hit_gains_or_loses_the_word(catalog: Catalog, gains: bool):
    """Whoever tags what was seen last pages on from where it stood."""
    write(catalog, library(np.random.default_rng(5))[:12])
    describe = text("UPDATE asset SET description = :said WHERE id % 2 = 0 AND id = ANY(:ids)")
    with catalog.database.session() as session:
        ids = list(session.scalars(text("SELECT id FROM asset")))
        session.execute(describe, {"said": "query 2", "ids": ids})
    before = clips(catalog.search("query 2", limit=1000, all_=True))
    # The last one of its page has the word, or has it not.
    limit = next(
        at
        for at, hit in enumerate(catalog.search("query 2", limit=1000, all_=True).hits, 1)
        if at > 20 and (hit.keyword_rank is None) == gains
    )
    first = catalog.search("query 2", limit=limit, all_=True)
    last = first.hits[-1].asset["id"]
    with catalog.database.session() as session:
        session.execute(
            text("UPDATE asset SET description = :said WHERE id = :id"),
            {"said": "query 2" if gains else None, "id": last},
        )
        changed = set(
            session.scalars(text("SELECT id FROM clip WHERE asset_id = :id"), {"id": last})
        )
    second = clips(catalog.search("query 2", limit=1000, all_=True, after=first.next))
    rest = [clip for clip in before[limit:] if clip not in changed]
    assert [clip for clip in second if clip not in changed] == rest


def test_a_warm_search_loads_no_torch(filled: Catalog):
    program = (
        "import sys\nfrom pathlib import Path\nfrom catalog import Catalog\n"
        "from catalog.settings import Settings\n"
        "settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2], encoder='null')\n"
        "with Catalog.open(settings) as catalog:\n"
        "    assert catalog.search('query 1').hits\n"
        "assert not {'torch', 'open_clip', 'transformers'} & set(sys.modules)\n"
    )
    url = filled.database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", program, str(filled.settings.home), url],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_frames_of_one_shot_written_in_two_batches_share_their_centre(filled: Catalog):
    """The trigger keeps each run of like frames in one centre, in whatever batches they come."""
    rows = filled.sql(
        "SELECT c.clip_id, count(DISTINCT c.part), count(DISTINCT e.frame_id), "
        "min(1 - (SELECT min(c2.vector <=> e.vector) FROM catalog.centre c2 "
        "         WHERE c2.clip_id = e.clip_id)) "
        "FROM catalog.centre c JOIN catalog.embedding e ON e.clip_id = c.clip_id GROUP BY 1"
    ).rows
    assert len(rows) == ASSETS * SHOTS
    parts = [part for _, part, _, _ in rows]
    assert min(parts) == 1
    assert max(parts) == FRAMES
    # No frame is far from the nearest centre of its clip.
    assert min(nearness for *_, nearness in rows) > 0.94
    before = filled.sql("SELECT clip_id, part, vector FROM catalog.centre ORDER BY 1, 2").rows
    with filled.database.session() as session:
        session.execute(text("SELECT make_centres(1, array_agg(DISTINCT clip_id)) FROM embedding"))
    after = filled.sql("SELECT clip_id, part, vector FROM catalog.centre ORDER BY 1, 2").rows
    assert all(
        a[:2] == b[:2] and np.array_equal(a[2], b[2]) for a, b in zip(before, after, strict=True)
    )


@pytest.mark.parametrize(
    ("library", "kept", "kind"),
    [
        (Library(1_500, 700, graph=True), None, "exact"),
        (Library(1_000_000, 100_000, graph=True), None, "graph"),
        (Library(1_000_000, 100_000, graph=True), 50_000, "graph"),
        (Library(1_000_000, 100_000, graph=True), 1_000, "centres"),
        (Library(1_000_000, 100_000, graph=True), 20, "exact"),
        (Library(1_000_000, 100_000, graph=True), 0, "exact"),
        (Library(1_000_000, 100_000, graph=False), None, "centres"),
        (Library(1_000_000, 1_000_000, graph=True), 500_000, "graph"),
        (Library(1_000_000, 1_000_000, graph=True), 5_000, "exact"),
        (Library(0, 0, graph=False), None, "exact"),
    ],
)
def test_the_way_follows_what_the_filters_keep(library: Library, kept: int | None, kind: str):
    assert choose(library, kept=kept, depth=11).kind == kind


def test_a_walk_is_given_up_by_the_statement_and_not_by_pgvector():
    """At its limit pgvector gives whatever it has met: what filters keep may lie far away."""
    for frames, of_clips, kept in ((1_000_000, 100_000, 50_000), (40_000, 9_000, 8_000)):
        plan = choose(Library(frames, of_clips, graph=True), kept=kept, depth=11)
        assert plan.kind == "graph"
        assert int(plan.settings["hnsw.max_scan_tuples"]) > of_clips
        assert plan.take < plan.walk < of_clips / 5


def test_more_are_looked_at_where_there_are_more():
    """Among more shots more lie between the nearest, and the graph finds fewer of them."""
    few, many = (Library(10 * n, n, graph=True) for n in (30_000, 100_000))
    assert choose(few, kept=None, depth=11).take == taken(11, 1_000) == 46
    assert choose(many, kept=None, depth=11).take == 66
    assert taken(21, 100_000) > taken(11, 100_000) > taken(11, 40_000) > taken(11, 30_000)
    assert taken(11, 100_000) == taken(11, 110_000), "one statement while a library grows"
    assert taken(200, 100_000) <= 640, "no deeper than a walk is worth its while"
    assert taken(21, 50_000_000) == taken(21, 2_000_000)


def test_a_walk_under_a_filter_sees_further():
    large = Library(300_000, 30_000, graph=True)
    whole, half = (choose(large, kept=kept, depth=11) for kept in (None, 15_000))
    assert whole.kind == half.kind == "graph"
    seen = [int(plan.settings["hnsw.ef_search"]) for plan in (whole, half)]
    assert seen == [whole.take, 2 * whole.take]
    assert whole.take == half.take


def test_a_walk_for_a_text_sees_further(filled: Catalog, way):
    """Texts lie beside all pictures: a walk that sees little ends before the nearest."""
    large, huge = (Library(10 * n, n, graph=True) for n in (30_000, 100_000))
    assert deep_for_text(30_000) == 400 < deep_for_text(100_000)
    for size in (large, huge):
        deep = deep_for_text(size.centres)
        picture, text_ = (choose(size, kept=None, depth=11, deep=each) for each in (0, deep))
        assert picture.take == text_.take
        seen = [int(plan.settings["hnsw.ef_search"]) for plan in (picture, text_)]
        assert seen == [picture.take, deep]
    # A walk that sees so far is no faster than comparing few.
    assert choose(large, kept=3_000, depth=11, deep=400).kind == "centres"

    way("graph")
    clip = filled.search("query 1", limit=1).hits[0].clip["id"]
    asked = {"query 1": {"query": "query 1"}, "like": {"query": "", "like": [f"clip:{clip}"]}}
    seen = {
        name: int(filled.search(**how, all_=True).plan.settings["hnsw.ef_search"])
        for name, how in asked.items()
    }
    assert seen["query 1"] == 400 > seen["like"]


def test_what_lies_far_off_is_scanned_and_what_lies_near_is_walked_to():
    large = Library(1_000_000, 100_000, graph=True)
    far = Sampled(drawn=700, kept=350, nearest=32, nearest_kept=0)
    near = Sampled(drawn=700, kept=350, nearest=32, nearest_kept=32)
    assert far.tells
    assert far.share == near.share == 0.5
    assert 0 < far.share_nearby < 0.02
    assert near.share_nearby > 0.95
    for sampled, kind in ((far, "centres"), (near, "graph")):
        plan = choose(large, kept=50_000, depth=11, nearby=sampled.share_nearby)
        assert plan.kind == kind
    assert not Sampled(drawn=700, kept=39, nearest=32, nearest_kept=0).tells


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


def test_deep_pages_leave_the_graph(filled: Catalog):
    large = Library(1_000_000, 100_000, graph=True)
    assert choose(large, kept=None, depth=100).kind == "graph"
    assert choose(large, kept=None, depth=2_000).kind in ("centres", "exact")
    assert worth_counting(large, 2_000) == 100_001
    assert worth_counting(Library(1_500, 700, graph=True), 11) == 0


def test_what_is_to_be_encoded_is_found_without_looking_at_all_that_is(catalog: Catalog):
    """A worker asks several times a second; of a million assets few wait."""
    asked: list[tuple[str, object]] = []
    with catalog.database.session() as session:
        made = vectors.add_encoder(
            session, name="null:8", dimension=8, precision="fp32", weights_digest="0"
        )
        # Their words, which nobody asks for, take two milliseconds each.
        session.execute(text("ALTER TABLE asset DISABLE TRIGGER USER"))
        session.execute(
            text(
                "INSERT INTO asset (fingerprint, size_bytes, name)"
                " SELECT 'asset-' || number, 1, 'a' FROM generate_series(1, 1000) number"
            )
        )
        session.execute(
            text(
                "INSERT INTO stage (asset_id, name, state) SELECT id, step, 'done'"
                " FROM asset, unnest(ARRAY['analyse', 'encode']) step"
            )
        )
        first = "(SELECT min(id) FROM asset)"
        session.execute(
            text(f"UPDATE stage SET state = 'due' WHERE name = 'encode' AND asset_id = {first}")
        )
        session.execute(text("ANALYZE stage"))
        connection = session.connection()
        event.listen(
            connection,
            "before_cursor_execute",
            lambda _c, _cursor, sql, values, *_: asked.append((sql, values)),
        )
        [waits] = vectors.assets_waiting(session, made.id, fresh=True)
        assert waits == session.execute(text("SELECT min(id) FROM asset")).scalar_one()
        sql, values = asked[0]
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}", values).scalars())
    assert "ix_stage_open" in plan, plan
    assert "Seq Scan" not in plan, plan
