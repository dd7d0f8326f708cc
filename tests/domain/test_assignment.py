"""Who gets which shot: what must hold whatever there is to choose from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.assignment import Candidate, Variety, assign

CLIPS = st.integers(1, 30)
FITS = st.integers(0, 100).map(lambda number: number / 100)


@st.composite
def tasks(draw: st.DrawFn) -> tuple[list[list[Candidate]], dict[int, Candidate], int]:
    """Lines with candidates, some of them locked."""
    vectors = {
        clip: draw(st.sampled_from([None, (1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (-1.0, 0.0)]))
        for clip in range(1, 31)
    }

    def candidate(clip: int, fit: float) -> Candidate:
        vector = vectors[clip]
        given = None if vector is None else np.array(vector, np.float32)
        return Candidate(clip, clip % 5, fit, given)

    lines = [
        [candidate(clip, fit) for clip, fit in draw(st.dictionaries(CLIPS, FITS)).items()]
        for _ in range(draw(st.integers(0, 8)))
    ]
    places = draw(st.sets(st.integers(0, len(lines) - 1))) if lines else set()
    clips = draw(st.lists(CLIPS, min_size=len(places), max_size=len(places), unique=True))
    locks = {at: candidate(clip, 0.5) for at, clip in zip(sorted(places), clips, strict=True)}
    return lines, locks, draw(st.integers(1, 4))


@given(tasks())
def test_what_always_holds(task):
    lines, locks, take = task
    chosen = assign(lines, take=take, locks=locks)
    clips = [choice.clip for line in chosen for choice in line]
    assert len(clips) == len(set(clips)), "a clip was given twice"
    assert len(chosen) == len(lines)
    for at, line in enumerate(chosen):
        assert len(line) <= take
        assert [c.clip for c in line if c.locked] == ([locks[at].clip] if at in locks else [])
        if at in locks:
            assert line[0].locked
        own = {candidate.clip for candidate in lines[at]}
        assert {choice.clip for choice in line if not choice.locked} <= own
        # A line that has less than it may has nothing left that nobody else got.
        if len(line) < take:
            assert own <= set(clips)


@given(tasks(), st.randoms(use_true_random=False))
def test_the_order_of_what_there_is_does_not_tell(task, random):
    lines, locks, take = task
    shuffled = [random.sample(line, len(line)) for line in lines]
    assert assign(shuffled, take=take, locks=locks) == assign(lines, take=take, locks=locks)


@given(tasks())
def test_what_nobody_else_wants_goes_by_fit_alone(task):
    lines, _, take = task
    own = [
        [Candidate(clip.clip + 100 * at, 0, clip.fit) for clip in line]
        for at, line in enumerate(lines)
    ]
    chosen = assign(own, take=take, variety=Variety(1.0, 0.0))
    for line, candidates in zip(chosen, own, strict=True):
        best = sorted((c.fit for c in candidates), reverse=True)[:take]
        assert [choice.worth for choice in line] == pytest.approx(best)


@given(tasks())
def test_a_lock_takes_nothing_from_lines_that_did_not_want_it(task):
    lines, _, take = task
    if not lines:
        return
    elsewhere = Candidate(999, 99, 0.0)
    rest = [[], *lines[1:]]
    free = assign(rest, take=take, variety=Variety(1.0, 0.0))
    locked = assign(rest, take=take, locks={0: elsewhere}, variety=Variety(1.0, 0.0))
    assert locked[1:] == free[1:]


def test_the_line_that_would_lose_the_most_chooses_first():
    """Both want clip 1; the second line has nothing else worth having."""
    first = [Candidate(1, 1, 1.0), Candidate(2, 2, 0.9)]
    second = [Candidate(1, 1, 0.95), Candidate(3, 3, 0.1)]
    chosen = assign([first, second], take=1)
    assert [[choice.clip for choice in line] for line in chosen] == [[2], [1]]


def test_neighbours_do_not_look_alike():
    """The second line's best looks like the first's; one that fits less differs from it."""
    same, other = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    lines = [
        [Candidate(1, 1, 1.0, same)],
        [Candidate(2, 2, 0.80, same), Candidate(3, 3, 0.75, other)],
    ]
    assert [line[0].clip for line in assign(lines, take=1)] == [1, 3]
    # Far from each other in the script, they may.
    empty: list[Candidate] = []
    far = assign([lines[0], empty, empty, lines[1]], take=1)
    assert far[3][0].clip == 2


def test_different_assets_first():
    lines = [
        [Candidate(1, 7, 1.0)],
        [Candidate(2, 7, 0.9), Candidate(3, 8, 0.85)],
    ]
    assert [line[0].clip for line in assign(lines, take=1)] == [1, 3]
    assert [line[0].clip for line in assign(lines, take=1, variety=Variety(1, 0))] == [1, 2]
