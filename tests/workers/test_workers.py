"""The whole way through real workers: Redis, `celery worker`, PostgreSQL."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from conftest import (
    Service,
    Worker,
    eventually,
    family,
    no_clip_can_be_written,
    process_at_work,
)
from sqlalchemy import text

from catalog.store.locks import asset_lock


def rows(service: Service) -> dict[str, list[tuple[object, ...]]]:
    """All that work writes, ids and times included: equal means that nothing was written."""
    tables = ("asset", "location", "clip", "frame", "embedding", "stage")
    with service.catalog.database.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT t::text FROM {table} t"))))
            for table in tables
        }


def succeeded(worker: Worker, task: str) -> int:
    """How many messages of the task the worker is done with, by its log."""
    return len(re.findall(rf"Task catalog\.{task}\[[^\]]*\] succeeded", worker.log))


def assert_done_once(service: Service, asset_id: int) -> None:
    with service.catalog.database.connect() as connection:
        count = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM clip), (SELECT count(*) FROM frame),"
                " (SELECT count(*) FROM embedding)"
            )
        ).one()
    assert tuple(count) == (1, 1, 1)
    assert [hit.asset["id"] for hit in service.catalog.search("red").hits] == [asset_id]


def test_files_registered_are_searchable_soon_and_delivering_twice_changes_nothing(
    service: Service,
) -> None:
    with service.worker(concurrency=2) as worker:
        ids = {}
        for number, colour in enumerate(("red", "green", "blue")):
            path = service.footage(f"take{number}.mp4", colour)
            ids[colour] = service.catalog.register(path, dispatch=True).asset_id
        eventually(lambda: all(map(service.is_ready, ids.values())), "three assets are ready")
        for colour, asset_id in ids.items():
            hits = service.catalog.search(colour, limit=3).hits
            assert hits[0].asset["id"] == asset_id
        eventually(service.no_messages, "every message is acknowledged")

        before = rows(service)
        done = {name: succeeded(worker, name) for name in ("analyse", "encode")}
        for asset_id in ids.values():
            service.catalog.dispatcher.analyse(asset_id)
            service.catalog.dispatcher.encode()
        # Of the messages to encode, one that waits does for all.
        eventually(
            lambda: (
                succeeded(worker, "analyse") == done["analyse"] + 3
                and succeeded(worker, "encode") > done["encode"]
            ),
            "all are delivered again",
        )
        eventually(service.no_messages, "every message is acknowledged")
        assert rows(service) == before
        assert service.stages(ids["red"]) == {"analyse": ("done", 1), "encode": ("done", 1)}
        assert worker.stop() == 0
        assert "Traceback" not in worker.log


def test_what_cannot_be_done_leaves_the_worker_alive(service: Service) -> None:
    broken = service.folder / "broken.mp4"
    broken.write_bytes(b"This was never a film. " * 100)
    with service.worker() as worker:
        service.catalog.dispatcher.analyse(10**12)
        failed = service.catalog.register(broken, dispatch=True).asset_id
        good = service.catalog.register(service.footage("good.mp4", "red"), dispatch=True).asset_id
        eventually(lambda: service.is_ready(good), "the good file is ready")
        assert worker.alive()
        eventually(service.no_messages, "no message is left to trip over")
        (job,) = service.catalog.jobs(failed=True)
        assert job["asset_id"] == failed
        assert job["error_code"] == "not_media"
        assert job["error_message"]
        assert service.stages(failed) == {"analyse": ("failed", 1)}
        assert "There is no asset 1000000000000" in worker.log
        assert "Traceback" not in worker.log

        held = service.catalog.register(service.footage("held.mp4", "blue")).asset_id
        with asset_lock(service.catalog.database.engine, held):
            service.catalog.dispatcher.analyse(held)
            worker.wait_until("AssetBusyError")
            assert service.stages(held) == {"analyse": ("due", 0)}
        eventually(lambda: service.is_ready(held), "it came back when the asset was free")


def test_a_task_of_a_killed_process_is_done_by_the_next_and_done_once(service: Service) -> None:
    path = service.footage("red.mp4", "red")
    with service.worker() as worker:
        with no_clip_can_be_written(service):
            asset_id = service.catalog.register(path, dispatch=True).asset_id
            os.kill(process_at_work(service, asset_id), signal.SIGKILL)
            worker.wait_until("WorkerLostError")
        eventually(lambda: service.is_ready(asset_id), "the next process has done it")
        eventually(service.no_messages, "every message is acknowledged")
        assert service.stages(asset_id) == {"analyse": ("done", 2), "encode": ("done", 1)}
        assert_done_once(service, asset_id)


def test_work_of_a_worker_that_ends_goes_to_another(service: Service) -> None:
    path = service.footage("red.mp4", "red")
    with no_clip_can_be_written(service):
        with service.worker(app="hasty") as first:
            asset_id = service.catalog.register(path, dispatch=True).asset_id
            killed = process_at_work(service, asset_id)
            first.kill()
            assert service.redis.llen("media") == 0, "Redis must notice by itself"
        with service.worker(app="hasty") as second:
            process_at_work(service, asset_id, after=killed)
            second.stop(signal.SIGQUIT)
            assert service.redis.llen("media") == 1, "handed back"
        assert service.stages(asset_id) == {"analyse": ("due", 2)}
    with service.worker(app="hasty"):
        eventually(lambda: service.is_ready(asset_id), "the third worker has done it")
        assert service.stages(asset_id)["analyse"] == ("done", 3)
        assert_done_once(service, asset_id)


def test_a_media_worker_leaves_encoding_to_others(service: Service) -> None:
    with service.worker(queues="media"):
        path = service.footage("red.mp4", "red")
        asset_id = service.catalog.register(path, dispatch=True).asset_id
        eventually(lambda: service.redis.llen("encode") == 1, "the encode message waits")
        assert service.stages(asset_id) == {"analyse": ("done", 1), "encode": ("due", 0)}
        assert service.redis.llen("media") == 0


def test_what_decodes_is_loaded_before_the_first_file(service: Service) -> None:
    def hosts(worker: Worker) -> int:
        found = 0
        for process in family(worker):
            with suppress(psutil.Error):  # one that has just ended
                found += "catalog.media.isolated_host" in process.cmdline()
        return found

    with service.worker(queues="media", concurrency=2) as worker:
        eventually(lambda: hosts(worker) >= 2, "one for each process")
    assert "received" not in worker.log


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [("", 3, "CATALOG_BROKER_URL is not set"), ("amqp://u:secret@h", 2, "expected one of redis")],
)
def test_a_worker_without_a_usable_broker_says_so(
    service: Service, url: str, code: int, words: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "workers.app", "worker"],
        env=service.environment() | {"CATALOG_BROKER_URL": url},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == code
    assert words in run.stderr
    assert "Traceback" not in run.stderr
    assert "secret" not in run.stderr


def test_importing_the_app_reads_no_settings_and_no_heavy_library() -> None:
    program = (
        "import sys; from workers.app import app; from catalog.dispatch import ANALYSE;"
        "print(*sorted({'torch', 'av', 'sqlalchemy', 'open_clip'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"CATALOG_BROKER_URL": "nonsense"},
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert run.stdout.strip() == ""


def test_workers_make_proxies(service: Service) -> None:
    path = service.footage("take.mp4", "red")
    asset_id = service.catalog.register(path).asset_id
    service.catalog.analyse(asset_id)
    service.catalog.proxy([asset_id], dispatch=True)
    assert service.stages(asset_id)["proxy"] == ("due", 0)
    with service.worker(queues="media"):
        eventually(lambda: service.stages(asset_id)["proxy"][0] == "done", "the proxy is made")
        eventually(service.no_messages, "every message is acknowledged")
    kinds = {made["kind"] for made in service.catalog.show(asset_id)["renditions"]}
    assert "proxy" in kinds
