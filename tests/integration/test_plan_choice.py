"""Which way is taken, and how far a walk goes, by what is known of library and filters."""

from __future__ import annotations

import pytest

from catalog.domain.plan import Library, Sampled, choose, of_few, taken


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


def test_a_list_that_began_wide_goes_on_wide():
    library = Library(20_000, 10_000, graph=True)
    deep = 9_000
    assert choose(library, kept=8_000, depth=deep).kind == "exact"
    assert choose(library, kept=8_000, depth=deep, wide=True).kind == "centres"


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
