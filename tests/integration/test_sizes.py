"""How much there is, by statistics that are fresh, stale, or not there at all."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text
from vector_library import FRAMES, SHOTS, library, write

from catalog import Catalog
from catalog.store.centres import Held, Sizes, sizes


@pytest.mark.parametrize(
    ("rows", "pages", "pages_now", "expected"),
    [
        (-1.0, 0, 0, 0),  # made, and never counted
        (-1.0, 0, 10, 10 * 8192 // 192),  # filled, and never counted: by the width of a row
        (0.0, 0, 0, 0),  # counted while it was empty
        (0.0, 0, 10, 10 * 8192 // 192),  # and filled since
        (400.0, 10, 10, 400),
        (400.0, 10, 20, 800),  # grown since
        (400.0, 10, 5, 200),  # the end was cut off
        (40.0, 10, 10, 40),  # most were deleted, and counted again
        (0.0, 10, 10, 0),  # all were
        (0.0, 10, 30, 20 * 8192 // 192),  # and new ones came since
    ],
)
def test_rows_are_told_by_what_was_counted_and_by_pages(
    rows: float, pages: int, pages_now: int, expected: int
):
    assert Held(rows, pages, pages_now, usable=False).rows_now(64) == expected


def held(catalog: Catalog) -> Sizes:
    with catalog.database.session() as session:
        return sizes(session, 1, 64)


def run(catalog: Catalog, statement: str) -> None:
    with catalog.database.session() as session:
        session.execute(text(statement))


def test_sizes_follow_a_library_that_is_filled_emptied_and_filled_again(catalog: Catalog):
    """Nobody analyses by himself here: the statistics are as old as the test says."""
    rows = library(np.random.default_rng(9))
    write(catalog, rows[:6])
    frames = 6 * SHOTS * FRAMES
    assert held(catalog).frames == pytest.approx(frames, rel=0.5), "never counted"
    run(catalog, "ANALYZE embedding_1, centre_1")
    assert held(catalog).frames == frames
    run(catalog, "DELETE FROM asset WHERE id > 1")
    assert held(catalog).frames == frames, "stale: what is deleted counts until it is analysed"
    run(catalog, "ANALYZE embedding_1, centre_1")
    assert held(catalog).frames == SHOTS * FRAMES
    run(catalog, "DELETE FROM asset")
    run(catalog, "ANALYZE embedding_1, centre_1")
    assert held(catalog).frames == held(catalog).centres == 0
    # Dead rows keep their pages: what comes now is on new ones.
    write(catalog, rows[10:16], first_asset=10)
    assert held(catalog).frames == pytest.approx(frames, rel=0.5)
    found = catalog.search("query 1", limit=100)
    assert found.total_candidates == 6 * (SHOTS - 1)
