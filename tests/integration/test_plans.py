"""How a search goes about its neighbours: each way finds the same, by the index meant for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import text
from vector_library import ASSETS, FRAMES, QUERIES, SHOTS, clips, graphed

from catalog import Catalog
from catalog.domain import plan as planning
from catalog.domain.plan import Library, choose, deep_for_text, worth_counting
from catalog.search import planning as looking
from catalog.settings import Settings
from catalog.store.search import asked, statement


@pytest.fixture(scope="module")
def filled(shared_settings: Settings) -> Iterator[Catalog]:
    with graphed(shared_settings) as opened:
        yield opened


FILTERS = ["", "collection:c3", "-collection:c3", "name:asset-00*", "collection:none"]


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


def test_deep_pages_leave_the_graph(filled: Catalog):
    large = Library(1_000_000, 100_000, graph=True)
    assert choose(large, kept=None, depth=100).kind == "graph"
    assert choose(large, kept=None, depth=2_000).kind in ("centres", "exact")
    assert worth_counting(large, 2_000) == 100_001
    assert worth_counting(Library(1_500, 700, graph=True), 11) == 0
