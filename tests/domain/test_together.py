"""Many lines: walked one by one or compared at once; and the nearest of what goes by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.plan import Library, choose
from catalog.domain.together import said_often, walks_for_each
from catalog.recommend.best import Best


def walks(lines: int, centres: int, share: float = 1.0, *, graph: bool = True) -> bool:
    library = Library(frames=centres, centres=centres, graph=graph)
    kept = None if share == 1 else round(share * centres)
    return walks_for_each(choose(library, kept=kept, depth=40), library, lines)


@pytest.mark.parametrize(
    ("lines", "centres", "share", "walked"),
    [
        (1, 300_000, 1.0, True),
        (10, 300_000, 1.0, True),
        (100, 300_000, 1.0, False),
        (100, 3_000_000, 1.0, True),
        (10, 300_000, 0.1, False),
        (100, 1_000, 1.0, False),
    ],
)
def test_few_lines_walk_through_much_and_many_read_it(
    lines: int, centres: int, share: float, walked: bool
):
    assert walks(lines, centres, share) is walked
    assert not walks(lines, centres, share, graph=False)


def test_where_counting_ended_all_may_be_kept():
    library = Library(frames=300_000, centres=300_000, graph=True)
    plan = choose(library, kept=20_000, depth=40, stopped=True)
    assert plan.kind == "graph"
    assert walks_for_each(plan, library, 10)
    assert not walks_for_each(plan, library, 100)


def test_assets_are_looked_up_for_few_words_and_known_at_once_for_many():
    assert not said_often(words=10, most=3_000, lines=10_000, assets=10_000)
    assert said_often(words=200, most=3_000, lines=10_000, assets=10_000)
    assert not said_often(words=200, most=3_000, lines=10**9, assets=10**6), "no word finds more"


@given(
    seed=st.integers(0, 2**32 - 1),
    met=st.integers(0, 60),
    most=st.integers(1, 12),
    step=st.integers(1, 60),
    masked=st.booleans(),
)
def test_the_best_are_kept_in_whatever_order_they_come(
    seed: int, met: int, most: int, step: int, masked: bool
):
    rng = np.random.default_rng(seed)
    lines = 3
    # Few values: many are equal.
    cosines = (rng.integers(-4, 5, (lines, met)) / 5).astype(np.float32)
    kept = rng.random((lines, met)) < (0.5 if masked else 2)
    clips = np.stack([rng.permutation(met), np.arange(met)], axis=1).astype(np.int64)
    best = Best(lines, most)
    order = rng.permutation(met)
    for at in range(0, met, step):
        some = order[at : at + step]
        best.meet(clips[some], cosines[:, some], kept[:, some] if masked else None)
    of_lines, found, near = best.found()
    for line in range(lines):
        mine = of_lines == line
        there = np.flatnonzero(kept[line])
        wanted = there[np.lexsort((clips[there, 0], -cosines[line, there]))][:most]
        assert found[mine].tolist() == clips[wanted].tolist()
        assert near[mine].tolist() == cosines[line, wanted].tolist()
