"""Watch folders with a broker: workers are told of what settles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import DEADLINE_S, Service, eventually
from sqlalchemy import text

from catalog import Catalog
from catalog.watch.settling import Settling

MANY = 600


@contextmanager
def watching(service: Service) -> Iterator[None]:
    stop = threading.Event()

    def run() -> None:
        with Catalog.open(service.settings) as catalog:
            catalog.watch(stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DEADLINE_S)
    assert not thread.is_alive()


def count(service: Service, what: str) -> int:
    with service.catalog.database.session() as session:
        return int(session.execute(text(f"SELECT count(*) FROM catalog.{what}")).scalar_one())


def test_what_is_dropped_is_found_by_a_search(service: Service):
    folder = service.folder / "in"
    folder.mkdir()
    service.catalog.root.watch(folder, settle=0.2)
    with service.worker(), watching(service):
        service.footage("in/red.mp4", "red")
        eventually(lambda: service.catalog.search("red").hits, "it is found")
        eventually(lambda: service.catalog.stats()["latency"], "it is ready")
    assert service.catalog.stats()["latency"]["assets"] == 1


def test_hundreds_of_files_dropped_at_once(service: Service, monkeypatch: pytest.MonkeyPatch):
    # Fewer may wait at once than come, so that it takes several walks.
    monkeypatch.setitem(Settling.__init__.__kwdefaults__, "capacity", 200)
    folder = service.folder / "in"
    folder.mkdir()
    service.catalog.root.watch(folder, settle=0.2)
    with watching(service):
        for number in range(MANY):
            (folder / f"{number:04}.png").write_bytes(b"one of many" + number.to_bytes(2, "big"))
        eventually(lambda: count(service, "location WHERE online") == MANY, "all are registered")
        eventually(lambda: service.redis.llen("media") >= MANY, "workers are told of all")
    assert count(service, "asset") == count(service, "stage WHERE state = 'due'") == MANY
    assert service.redis.llen("media") == MANY


def test_a_broker_that_is_away_loses_nothing(service: Service):
    folder = service.folder / "in"
    folder.mkdir()
    service.catalog.root.watch(folder, settle=0)
    file = service.footage("in/red.mp4", "red")
    away = service.settings.__class__(
        home=service.settings.home,
        database_url=service.settings.database_url,
        broker_url="redis://127.0.0.1:1/0",
        encoder="null",
    )
    with Catalog.open(away) as catalog:
        report = catalog.watch(threading.Event(), once=True)
    assert [warning.code for warning in report.warnings] == ["broker_unavailable"]
    assert report.counts["registered"] == 1
    [job] = service.catalog.jobs()
    assert (job["asset"], job["state"]) == (file.name, "due")
