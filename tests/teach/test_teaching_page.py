"""Charts of how teaching went."""

from __future__ import annotations

import math

import pytest

from catalog.teach.report.chart import HEIGHT, WIDTH, Line, chart, ticks


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0.93, 1.0, [0.92, 0.94, 0.96, 0.98, 1.0]),
        (3.0, 3.0, [3.0, 4.0]),
        (0, 0, [0, 0.2]),
    ],
)
def test_ticks_are_round_and_hold_everything(least: float, most: float, expected: list[float]):
    found = ticks(least, most)
    assert found[0] <= least
    assert found[-1] >= most
    assert found == pytest.approx(expected) or least == most


def test_points_lie_within_the_box_and_what_is_no_number_is_left_out():
    lines = [Line("a", 0, [(0, math.nan), (10, 2.0), (20, 1.0)]), Line("b", 1, [(0, 3.0)])]
    drawn = chart("both", lines, x_text="steps", mark=20, mark_text="here")
    assert [len(line.dots) for line in drawn.lines] == [2, 1]
    for line in drawn.lines:
        assert all(drawn.left <= x <= drawn.right for x, _, _ in line.dots)
        assert all(drawn.top <= y <= drawn.bottom for _, y, _ in line.dots)
    (_, low, _), (_, high, _) = drawn.lines[0].dots
    assert high > low  # y grows downwards: 1 is below 2
    assert drawn.mark == drawn.right <= WIDTH
    assert drawn.bottom < HEIGHT
    assert drawn.lines[0].dots[0][2] == "a at 10: 2"
