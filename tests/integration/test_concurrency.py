"""Many ask while others write: nobody fails, nobody gets a malformed answer, no shot is lost.

How long it takes, and who waits for which lock: ``python -m benchmarks.concurrency``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import pytest
from small_footage import still
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.results import SearchResult
from catalog.encoders.null import COLOURS
from catalog.errors import ServiceError
from catalog.store import partitions, vectors

CLIENTS = 4
ROUNDS = 3


def bring(catalog: Catalog, folder: Path, numbers: Sequence[int]) -> set[str]:
    """Ingest pictures of these numbers, whose names lie among one another; their names."""
    colours = list(COLOURS)
    names = {f"{number * 37 % 100:02}-{number}.png" for number in numbers}
    for number in numbers:
        name = f"{number * 37 % 100:02}-{number}.png"
        still(folder / name, colours[number % len(colours)], mark=number)
    report = catalog.ingest(folder, collection="Rushes")
    assert not report.failures
    return names


@pytest.fixture
def brought(catalog: Catalog, tmp_path: Path) -> set[str]:
    """Names of what is there from the beginning."""
    return bring(catalog, tmp_path / "before", range(24))


def test_nobody_fails_while_others_write(catalog: Catalog, brought: set[str], tmp_path: Path):
    over = threading.Event()

    def write() -> None:
        try:
            for day in range(4):
                numbers = range(100 + 6 * day, 106 + 6 * day)
                bring(catalog, tmp_path / f"day-{day}", numbers)
                enter_encoder(catalog, 8 + day)
        finally:
            over.set()

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        writing = pool.submit(write)
        clients = [pool.submit(ask, catalog, brought, over) for _ in range(CLIENTS)]
        answers = [client.result() for client in clients]
        writing.result()
    assert all(answered >= ROUNDS for answered in answers)
    assert catalog.search("collection:Rushes", limit=100).total_candidates == 48


def ask(catalog: Catalog, brought: set[str], over: threading.Event) -> int:
    """Ask what people ask until the writers are done, and a few times at least."""
    for rounds in count(1):
        for query in ("red", "blue collection:Rushes", '"07" OR green', "kind:still sort:date"):
            well_formed(catalog.search(query, limit=7, all_=True), 7)
        [value] = catalog.facets("collection:Rushes", fields=["collection"]).values["collection"]
        assert value.assets >= len(brought)
        [(shots,)] = catalog.sql("SELECT count(*) FROM catalog.shots").rows
        assert shots >= len(brought)
        assert len(catalog.sql("SELECT * FROM catalog.search('red', hits => 5)").rows) == 5
        seen = [hit.asset["name"] for page in pages(catalog, "kind:still") for hit in page.hits]
        assert len(seen) == len(set(seen)), "none twice"
        assert brought <= set(seen), "none lost"
        if over.is_set() and rounds >= ROUNDS:
            return rounds
    raise AssertionError


def well_formed(found: SearchResult, limit: int) -> None:
    ranks = [hit.rank for hit in found.hits]
    assert ranks == list(range(ranks[0], ranks[0] + len(ranks)))
    assert len({hit.asset["id"] for hit in found.hits}) == len(ranks) == limit


def pages(catalog: Catalog, query: str) -> Iterator[SearchResult]:
    after = None
    while True:
        page = catalog.search(query, limit=5, after=after)
        yield page
        if (after := page.next) is None:
            return


def enter_encoder(catalog: Catalog, dimension: int) -> None:
    with catalog.database.session() as session:
        # If it had to wait for readers it would wait for ever, were it not for this.
        session.execute(text("SET LOCAL statement_timeout = '240s'"))
        vectors.add_encoder(
            session,
            name=f"null:{dimension}",
            dimension=dimension,
            precision="fp32",
            weights_digest="0",
        )


def test_a_new_encoder_waits_for_no_reader_and_holds_none_up(catalog: Catalog, brought: set[str]):
    with catalog.database.session() as reading:
        every = "SELECT count(*) FROM catalog.embedding, catalog.centre"
        reading.execute(text(every))  # its locks are held to the end of the transaction
        enter_encoder(catalog, 9)
        assert catalog.search("red", limit=3).hits
    [encoder] = [row for row in catalog.encoder.list() if row["name"] == "null:9"]
    assert encoder["missing"] == len(brought)


def test_a_new_encoder_lets_writers_end_first(
    catalog: Catalog, brought: set[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(partitions, "PATIENCE_S", 0.0)
    with catalog.database.session() as writing:
        writing.execute(text("UPDATE catalog.clip SET roll = 'B'"))
        with pytest.raises(ServiceError, match="locked") as caught:
            enter_encoder(catalog, 10)
        assert caught.value.retryable
        assert [row["name"] for row in catalog.encoder.list()] == ["null:64"]
        monkeypatch.setattr(partitions, "PATIENCE_S", 240.0)
        paused: list[float] = []
        # Its own, not everybody's: other threads of this process may sleep, too.
        clock = SimpleNamespace(monotonic=monotonic, sleep=ends(writing.commit, paused))
        monkeypatch.setattr(partitions, "time", clock)
        enter_encoder(catalog, 10)
        assert paused, "it had to try again"
    assert [row["name"] for row in catalog.encoder.list()] == ["null:64", "null:10"]


def ends(writing: Callable[[], None], paused: list[float]) -> Callable[[float], None]:
    """In the place of a pause: what was in the way is over."""

    def pause(seconds: float) -> None:
        if not paused:
            writing()
        paused.append(seconds)

    return pause
