"""The reconciler: what messages should have said and did not, it says again; and no more."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import psutil
import pytest
from conftest import (
    EVERY_QUEUE,
    Service,
    Worker,
    age,
    beat,
    eventually,
    family,
    is_at_work,
    no_clip_can_be_written,
)
from PIL import Image
from sqlalchemy import text

from catalog import Catalog
from catalog.errors import BrokerUnavailableError, NotMediaError, UnreadableFileError
from catalog.ingest.sending import tell_if_due
from catalog.store import stages
from catalog.store.locks import asset_lock

COLOURS = ("red", "green", "blue")


def test_what_was_never_sent_is_sent_once_and_again_after_the_lease(service: Service) -> None:
    catalog, redis = service.catalog, service.redis
    ids = [catalog.register(service.footage(f"{c}.mp4", c)).asset_id for c in COLOURS]
    nothing: dict[str, list[int]] = {"analyse": [], "proxy": [], "recognise": [], "sound": []}
    age(catalog, -60)  # however long that took
    assert catalog.reconcile().sent == nothing, "it has only just become due"
    age(catalog, 120)
    first = catalog.reconcile(limit=2)
    assert first.sent["analyse"] == ids[:2], "no more than there is room for"
    assert catalog.reconcile().sent["analyse"] == ids[2:]
    assert catalog.reconcile().sent["analyse"] == []
    age(catalog, 60)
    assert catalog.reconcile().sent["analyse"] == [], "the messages wait in the queue"
    assert catalog.dispatcher.waiting().queues == {
        "media": 3,
        "encode": 0,
        "speech": 0,
        "service": 0,
    }
    age(catalog, 300)
    with asset_lock(catalog.database.engine, ids[0]):
        assert catalog.reconcile().sent["analyse"] == ids[1:], "somebody is at work on the first"
    age(catalog, 10)
    redis.flushall()
    assert catalog.reconcile().sent["analyse"] == ids, "no message is anywhere: all are lost"


def test_two_reconcilers_send_nothing_twice(service: Service) -> None:
    catalog = service.catalog
    ids = [catalog.register(service.footage(f"{n}.mp4", "red", 5 + n)).asset_id for n in range(8)]
    age(catalog, 60)
    with ThreadPoolExecutor(4) as pool:
        rounds = list(pool.map(lambda _: catalog.reconcile(), range(8)))
    assert sorted(i for each in rounds for i in each.sent.get("analyse", [])) == ids
    assert catalog.dispatcher.waiting().queues["media"] == len(ids)


def test_work_of_a_worker_that_vanished_is_sent_again_before_the_lease(service: Service) -> None:
    catalog = service.catalog
    asset_id = catalog.register(service.footage("red.mp4", "red"), dispatch=True).asset_id
    service.redis.hset("unacked", "somebody is at work elsewhere", "x")
    with catalog.database.session() as session:
        stages.start_stage(session, asset_id, "analyse", "a machine that then burns")
    with asset_lock(catalog.database.engine, asset_id):
        age(catalog, 20)
        assert catalog.reconcile().sent["analyse"] == []
    assert catalog.reconcile().sent["analyse"] == [asset_id]
    assert catalog.reconcile().sent["analyse"] == []


FROZEN = """
import os, signal, sys
from catalog import Catalog
from catalog.store.locks import asset_lock
with Catalog.open() as catalog, asset_lock(catalog.database.engine, int(sys.argv[1]), lease_s=1):
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_worker_that_stands_still_past_its_lease_has_lost_its_asset(service: Service) -> None:
    engine = service.catalog.database.engine
    frozen = subprocess.Popen(
        [sys.executable, "-c", FROZEN, "7"], env=service.environment(), start_new_session=True
    )

    def is_free() -> bool:
        with asset_lock(engine, 7) as held:
            return held

    try:
        eventually(lambda: psutil.Process(frozen.pid).status() == "stopped", "it stands still")
        eventually(is_free, "another may take the asset")
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(240) == 0, "and it ends in good order"
    finally:
        frozen.kill()
    with asset_lock(engine, 7, lease_s=3) as held:
        assert held
        spoken = text(
            "SELECT FROM pg_stat_activity WHERE query = 'SELECT 1' AND datname = current_database()"
            " AND state_change > CAST(:began AS timestamptz) + interval '3.2 s'"
        )
        with engine.connect() as connection:
            began = connection.execute(text("SELECT clock_timestamp()")).scalar_one()

        def still_speaks() -> bool:
            with engine.connect() as connection:
                return connection.execute(spoken, {"began": began}).rowcount > 0

        eventually(still_speaks, "who is at work is not silent")
        with asset_lock(engine, 7) as again:
            assert not again


def test_frames_without_vector_bring_one_message_to_encode(service: Service) -> None:
    catalog = service.catalog
    for colour in COLOURS:
        catalog.analyse(catalog.register(service.footage(f"{colour}.mp4", colour)).asset_id)
    assert catalog.reconcile().encode
    assert not catalog.reconcile().encode, "a message waits already"
    assert service.redis.llen("encode") == 1
    catalog.encode()
    service.redis.flushall()
    assert not catalog.reconcile().encode


def test_what_may_pass_is_tried_again_later_and_later_and_then_left(service: Service) -> None:
    catalog = service.catalog
    asset_id = catalog.register(service.footage("red.mp4", "red")).asset_id
    broken = service.folder / "broken.mp4"
    broken.write_bytes(b"This was never a film. " * 100)
    final = catalog.register(broken).asset_id
    with pytest.raises(NotMediaError):
        catalog.analyse(final)
    (service.folder / "red.mp4").rename(service.folder / "away")
    delays = []
    for tries in range(1, stages.MOST_TRIES + 1):
        with pytest.raises(UnreadableFileError):
            catalog.analyse(asset_id)
        jobs = {job["asset_id"]: job for job in catalog.jobs(failed=True)}
        assert jobs[final]["retry_at"] is None, "it will never be media"
        job = jobs[asset_id]
        assert (job["tries"], job["error_code"]) == (tries, "unreadable")
        if tries == stages.MOST_TRIES:
            assert job["retry_at"] is None
            break
        delays.append((job["retry_at"] - job["finished_at"]).total_seconds())
        assert catalog.reconcile().tried_again == [], "not yet"
        age(catalog, delays[-1] + 1)
        assert catalog.reconcile().tried_again == [(asset_id, "analyse")]
    for tries, delay in enumerate(delays):
        about = min(60 * 4**tries, stages.LONGEST_RETRY_S)
        assert 0.5 * about <= delay <= 1.5 * about
    age(catalog, 10**7)
    assert catalog.reconcile().tried_again == [], "given up"
    (service.folder / "away").rename(service.folder / "red.mp4")
    catalog.retry([asset_id])
    assert catalog.analyse(asset_id).frames == 1


def test_a_broker_that_is_away_leaves_all_unsent(service: Service) -> None:
    catalog = service.catalog
    asset_id = catalog.register(service.footage("red.mp4", "red")).asset_id
    age(catalog, 60)

    def refuse(_asset_id: int, **_how: object) -> None:
        raise BrokerUnavailableError("It has just gone.")

    real, catalog.dispatcher.analyse = catalog.dispatcher.analyse, refuse
    with pytest.raises(BrokerUnavailableError):
        catalog.reconcile()
    catalog.dispatcher.analyse = real
    assert catalog.reconcile().sent["analyse"] == [asset_id]


def test_fresh_files_are_taken_before_a_backfill(service: Service) -> None:
    catalog = service.catalog
    old = [
        catalog.register(
            service.footage(f"{n}.mp4", "red", 5 + n), dispatch=True, backfill=True
        ).asset_id
        for n in range(3)
    ]
    fresh = catalog.register(service.footage("f.mp4", "blue"), dispatch=True).asset_id
    with service.worker(queues="media"):
        eventually(lambda: service.stages(old[-1])["analyse"][0] == "done", "all are analysed")
    with catalog.database.connect() as connection:
        order = connection.execute(
            text("SELECT asset_id FROM stage WHERE name = 'analyse' ORDER BY started_at")
        ).scalars()
        assert list(order) == [fresh, *old]


def test_a_broker_that_lost_everything_delays_and_loses_nothing(service: Service) -> None:
    catalog = service.catalog
    ids = [
        catalog.register(service.footage(f"{c}.mp4", c), dispatch=True).asset_id for c in COLOURS
    ]
    service.redis.flushall()
    # So that nothing is being told of by whoever registered it.
    age(catalog, 10)
    with service.worker(*beat(service), queues=EVERY_QUEUE):
        eventually(lambda: all(map(service.is_ready, ids)), "all are ready")


def test_paused_workers_leave_work_due_until_resumed(service: Service) -> None:
    catalog = service.catalog
    held = catalog.pause("the storage moves")
    assert "the storage moves" in str(held["by"])
    with service.worker(*beat(service), queues=EVERY_QUEUE) as worker:
        asset_id = catalog.register(service.footage("red.mp4", "red"), dispatch=True).asset_id
        worker.wait_until("catalog.analyse")
        worker.wait_until("paused by")
        eventually(lambda: worker.log.count("succeeded") > 3, "rounds and the task have passed")
        assert service.stages(asset_id) == {"analyse": ("due", 0)}
        age(catalog, 10)
        assert catalog.resume()
        assert not catalog.resume()
        eventually(lambda: service.is_ready(asset_id), "it is done after all")


CONTENT = {
    "asset": "SELECT fingerprint, name, kind, duration, codec, width FROM catalog.asset",
    "location": "SELECT path, size_bytes, online FROM catalog.location",
    "clip": "SELECT a.name, c.kind, c.start_pts, c.end_pts, c.flag FROM catalog.clip c"
    " JOIN catalog.asset a ON a.id = c.asset_id",
    "frame": "SELECT a.name, f.pts, f.picture, f.poster FROM catalog.frame f"
    " JOIN catalog.asset a ON a.id = f.asset_id",
    "embedding": "SELECT f.picture, e.vector::text FROM catalog.embedding e"
    " JOIN catalog.frame f ON f.id = e.frame_id",
    "stage": "SELECT a.name, s.name, s.state FROM catalog.stage s"
    " JOIN catalog.asset a ON a.id = s.asset_id",
}


def content(catalog: Catalog) -> dict[str, list[str]]:
    """All rows of work, but for ids, times and who did it."""
    with catalog.database.connect() as connection:
        return {
            table: sorted(map(str, connection.execute(text(query))))
            for table, query in CONTENT.items()
        }


def at_work(catalog: Catalog, worker: Worker) -> psutil.Process | None:
    """One of the worker's processes that is at work on something."""
    mine = {each.pid: each for each in family(worker)}
    for job in catalog.jobs():
        process = mine.get(int((job["worker"] or ":0").rpartition(":")[2]))
        # One that was killed stays a zombie until its parent has noticed.
        if job["state"] == "running" and process is not None and is_at_work(process):
            return process
    return None


def test_workers_killed_again_and_again_make_the_same_catalogue(
    service: Service, empty_database_url: str
) -> None:
    for number in range(9):
        colour = COLOURS[number % 3]
        service.footage(f"{number}.mp4", colour, 10 + number)
    for number in range(3):
        Image.new("RGB", (64, 48), (number * 80, 0, 99)).save(service.folder / f"{number}.png")
    files = [*service.folder.glob("*.mp4"), *service.folder.glob("*.png")]
    catalog = service.catalog
    ids = [catalog.register(file, dispatch=True).asset_id for file in files]
    # An hour of Redis's patience with a vanished worker is a second there.
    options = {"app": "hasty", "concurrency": 2, "queues": EVERY_QUEUE}
    for kill in range(4):
        # Whoever is at work stays so until it is killed.
        with no_clip_can_be_written(service), service.worker(*beat(service), **options) as worker:
            for _ in range(1 + kill % 2):
                eventually(partial(at_work, catalog, worker), "somebody is at work").kill()
            worker.kill()

    def all_ready() -> bool:
        if catalog.jobs(failed=True):
            age(catalog, 100)  # thrice at hand when workers were killed: it waits a minute
        return all(map(service.is_ready, ids))

    with service.worker(*beat(service), **options):
        eventually(all_ready, "all are ready")
    other = replace(
        service.settings, home=service.folder / "other", database_url=empty_database_url
    )
    with Catalog.open(other) as calm:
        assert calm.ingest(*files).ready == len(files)
        assert content(catalog) == content(calm)


def test_what_is_fresh_is_encoded_before_a_backfill_and_a_pause_ends_it(service: Service) -> None:
    catalog = service.catalog
    old, new = (
        catalog.register(service.footage(f"{colour}.mp4", colour)).asset_id
        for colour in ("red", "blue")
    )
    catalog.analyse(old)
    catalog.encode()
    with catalog.database.session() as session:
        session.execute(text("DELETE FROM catalog.embedding"))
    catalog.analyse(new)
    catalog.pause()
    assert catalog.encode(heed_pause=True).vectors == 0
    catalog.resume()
    assert catalog.encode(heed_pause=True).vectors == 2
    with catalog.database.connect() as connection:
        order = connection.execute(text("SELECT asset_id FROM catalog.embedding ORDER BY ctid"))
        assert list(order.scalars()) == [new, old]


def test_a_backlog_of_small_assets_is_encoded_in_full_batches(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.ingest.encode.CPU_BATCH", 4)
    catalog = service.catalog
    for number in range(10):
        still = service.folder / f"{number}.png"
        Image.new("RGB", (64, 48), (number * 20, 0, 99)).save(still)
        catalog.analyse(catalog.register(still).asset_id)
    catalog.encode()
    with catalog.database.connect() as connection:
        sizes = connection.execute(
            # A batch is a transaction.
            text("SELECT count(*) FROM catalog.embedding GROUP BY xmin::text")
        ).scalars()
        assert sorted(sizes) == [2, 4, 4]


def test_few_frames_wait_for_those_that_are_being_found(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = service.catalog
    ids = []
    for number in range(3):
        still = service.folder / f"{number}.png"
        Image.new("RGB", (64, 48), (number * 20, 0, 99)).save(still)
        ids.append(catalog.register(still).asset_id)
    tell_if_due(catalog.database, "analyse", ids, lambda _asset_id: None)
    coming = iter(ids)
    catalog.analyse(next(coming))
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        if (found := next(coming, None)) is not None:
            catalog.analyse(found)

    monkeypatch.setattr("catalog.ingest.turns.sleep", meanwhile)
    monkeypatch.setattr("catalog.ingest.turns._GATHERING_S", 240.0)  # however long they take
    catalog.encode(heed_pause=True)
    with catalog.database.connect() as connection:
        batches = connection.execute(
            text("SELECT count(*) FROM catalog.embedding GROUP BY xmin::text")
        ).scalars()
        assert list(batches) == [3]
    # Once nothing is being analysed there is nothing to wait for.
    assert len(waits) == 2


def test_a_worker_reads_the_oldest_files_through_when_nothing_else_is_to_be_done(
    service: Service,
) -> None:
    catalog = service.catalog
    asset = catalog.register(service.footage("old.mp4", "red")).asset_id

    def read_at() -> str:
        rows = catalog.sql("SELECT verified_at FROM catalog.location").rows
        return str(rows[0][0])

    with catalog.database.session() as session:
        session.execute(text("UPDATE catalog.location SET verified_at = now() - interval '1 year'"))
    before = read_at()
    age(catalog, 120)
    assert catalog.reconcile().verifies is False, "its analysis comes first"
    catalog.analyse(asset)
    service.redis.flushall()
    done = catalog.reconcile()
    assert done.verifies is True
    assert done.as_json()["verifies"] is True
    assert catalog.reconcile().verifies is False, "a message waits already"
    with service.worker(queues="media"):
        eventually(lambda: read_at() != before, "the file is read")
        eventually(lambda: not catalog.dispatcher.waiting().in_flight, "that is acknowledged")
    assert catalog.reconcile().verifies is False, "nothing is old any more"
