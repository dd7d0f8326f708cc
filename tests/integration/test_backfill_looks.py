"""Looks for backfills: none of a large library soon after one that found nothing."""

from __future__ import annotations

from catalog.ingest.looks import BackfillLooks


class Library:
    """One in which a look takes some seconds of a clock that we hold."""

    def __init__(self, took_s: float) -> None:
        self.now = 100.0
        self.took_s = took_s
        self.waiting: list[int] = []
        self.looked = 0

    def look(self) -> list[int]:
        self.now += self.took_s
        self.looked += 1
        return self.waiting


def test_a_long_look_that_found_nothing_is_not_repeated_soon() -> None:
    library = Library(took_s=3.0)
    looks = BackfillLooks(lambda: library.now)
    assert [looks.found(1, library.look) for _ in range(3)] == [[], [], []]
    assert library.looked == 1
    assert looks.found(2, library.look) == []
    assert library.looked == 2, "another encoder is another question"
    library.waiting = [7]
    library.now += 20 * 3.0
    assert looks.found(1, library.look) == looks.found(1, library.look) == [7]
    assert library.looked == 4, "what found something goes on"


def test_a_short_look_is_made_whenever_it_is_asked_for() -> None:
    library = Library(took_s=0.05)
    looks = BackfillLooks(lambda: library.now)
    assert [looks.found(1, library.look) for _ in range(3)] == [[], [], []]
    assert library.looked == 3
