"""Timecode as scripts write it is timecode as the catalogue writes it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from catalog.domain.timecode import timecode_at
from catalog.web.templating import static_url

FRAMES = [0, 1, 29, 1797, 1798, 1799, 1800, 17981, 17982, 17983, 107891, 2589407, 2589408, 7777777]


@pytest.mark.parametrize(
    ("start", "rate"),
    [
        (None, "25"),
        ("10:00:00:00", "25"),
        ("00:00:59;28", "30000/1001"),
        ("23:59:59;29", "30000/1001"),
        ("01:00:00:00", "30000/1001"),
        ("00:09:58;58", "60000/1001"),
        ("00:01:00;00", "30000/1001"),  # a number that is dropped: counted from zero
        ("09:59:59:23", "24000/1001"),
        ("01:00:00;00", "25"),
    ],
)
def test_labels_are_the_same(page, start, rate):
    page.goto("/bins")
    labels = page.evaluate(
        """async ([module, start, rate, frames]) => {
          const { Clock } = await import(module);
          const clock = new Clock(start ?? "", rate);
          return frames.map(frame => clock.at((frame + 0.5) / clock.rate));
        }""",
        [static_url("js/timecode.js"), start, rate, FRAMES],
    )
    exact = Fraction(rate)
    assert labels == [timecode_at(start, exact, frame / exact) for frame in FRAMES]
