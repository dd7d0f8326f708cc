"""Proxies that a real worker makes: told while they are made, done once, done again when killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Service, age, beat, eventually, waits_for_a_lock
from sqlalchemy import text

FRAMES = 150
"""Six seconds: the third second's progress is told when the second one's is seen."""
# Whoever has told of two seconds and comes to tell of more waits for a lock that the test holds.
STAND_STILL = """
CREATE FUNCTION catalog.stand_still() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.progress > 0.3 AND NEW.progress > OLD.progress THEN
        PERFORM pg_advisory_xact_lock(7, 7);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stand_still BEFORE UPDATE ON catalog.stage
FOR EACH ROW WHEN (OLD.name = 'proxy') EXECUTE FUNCTION catalog.stand_still();
"""


@contextmanager
def nobody_comes_further(service: Service) -> Iterator[None]:
    """Whoever makes a proxy comes halfway, and tells of it, until the block ends."""
    with service.catalog.database.engine.begin() as connection:
        connection.execute(text(STAND_STILL))
    with service.catalog.database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(7, 7)"))
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(7, 7)"))


@pytest.fixture
def asset(service: Service) -> int:
    path = service.footage("take.mp4", "red", frames=FRAMES)
    number = service.catalog.register(path).asset_id
    service.catalog.analyse(number)
    return number


def parts(service: Service) -> list[Path]:
    return list(service.catalog.store.root.rglob(".part-*"))


def halfway(service: Service, asset: int) -> dict:
    """What is told of a proxy that stands still in the middle."""
    eventually(lambda: waits_for_a_lock(service.catalog), "a worker stands still")
    return service.catalog.proxy_status(asset)


def test_a_worker_tells_how_far_it_is_and_asking_twice_does_it_once(
    service: Service, asset: int
) -> None:
    catalog = service.catalog
    assert catalog.request_proxy(asset)["state"] == "due"
    assert catalog.request_proxy(asset)["state"] == "due"
    assert catalog.dispatcher.waiting().queues["media"] == 1, "workers were told once"
    with service.worker(app="telling", queues="media"):
        with nobody_comes_further(service):
            told = halfway(service, asset)
            assert told["state"] == "running"
            assert 0.3 < told["progress"] < 0.7
            [job] = [job for job in catalog.jobs() if job["stage"] == "proxy"]
            assert job["progress"] == told["progress"]
            assert catalog.request_proxy(asset)["state"] == "running"
        eventually(lambda: catalog.proxy_status(asset)["state"] == "done", "the proxy is made")
        eventually(service.no_messages, "every message is acknowledged")
    told = catalog.proxy_status(asset)
    assert (told["attempts"], told["made"], told["progress"]) == (1, True, None)
    assert parts(service) == []


def test_a_worker_that_is_killed_halfway_leaves_it_to_another(service: Service, asset: int) -> None:
    catalog = service.catalog
    catalog.request_proxy(asset)
    with nobody_comes_further(service):
        with service.worker(app="telling", queues="media") as worker:
            halfway(service, asset)
            [left] = parts(service)
            worker.kill()
        assert catalog.proxy_status(asset)["state"] == "running", "nobody was left to say otherwise"
        assert catalog.proxy_status(asset)["made"] is False
    with service.worker(*beat(service), app="telling", queues="media,service"):
        age(catalog, 600)
        eventually(lambda: catalog.proxy_status(asset)["state"] == "done", "another has made it")
    assert catalog.proxy_status(asset)["attempts"] == 2
    assert not left.exists()
    assert parts(service) == []


def test_a_process_that_is_killed_halfway_is_replaced_at_once(service: Service, asset: int) -> None:
    catalog = service.catalog
    catalog.request_proxy(asset)
    with service.worker(app="telling", queues="media"):
        with nobody_comes_further(service):
            halfway(service, asset)
            [job] = [job for job in catalog.jobs() if job["stage"] == "proxy"]
            os.kill(int(job["worker"].rpartition(":")[2]), signal.SIGKILL)
        eventually(lambda: catalog.proxy_status(asset)["state"] == "done", "another has made it")
    assert catalog.proxy_status(asset)["attempts"] >= 2
    assert parts(service) == []


def test_what_a_worker_cannot_make_says_why(service: Service, asset: int) -> None:
    (service.folder / "take.mp4").unlink()
    service.catalog.request_proxy(asset)
    with service.worker(queues="media"):
        eventually(
            lambda: service.catalog.proxy_status(asset)["state"] == "failed", "the proxy has failed"
        )
    error = service.catalog.proxy_status(asset)["error"]
    assert error["code"] == "unreadable"
    assert "take.mp4" in error["message"]


def test_where_the_broker_is_away_it_is_sent_when_that_is_back(
    service: Service, asset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.errors import BrokerUnavailableError

    catalog = service.catalog

    def away(_: int) -> None:
        raise BrokerUnavailableError("It is away.", remedy="Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(catalog.dispatcher, "proxy", away)
        assert catalog.request_proxy(asset)["state"] == "due"
    age(catalog, 60)
    assert catalog.reconcile().sent["proxy"] == [asset]


def test_the_reconciler_sweeps_what_killed_writers_left(service: Service) -> None:
    folder = service.catalog.store.root / "renditions" / "ab" / "abcd"
    folder.mkdir(parents=True)
    old, young = folder / ".part-proxy.mp4-old", folder / ".part-proxy.mp4-young"
    for each in (old, young):
        each.write_bytes(b"half")
    os.utime(old, (1, 1))
    done = service.catalog.reconcile()
    assert done.swept == 1
    assert "1 unfinished files deleted" in str(done)
    assert [each.exists() for each in (old, young)] == [False, True]
    os.utime(young, (1, 1))
    checks = {check.name: check for check in service.catalog.doctor(repair=True).checks}
    assert checks["leftovers"].found.startswith("1 unfinished files deleted")
    assert not young.exists()
