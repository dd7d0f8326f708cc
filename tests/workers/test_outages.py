"""What a service needs goes and comes back in mid-run: all ends complete, nothing is doubled."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from conftest import (
    EVERY_QUEUE,
    Service,
    age,
    beat,
    eventually,
    family,
    no_clip_can_be_written,
    process_at_work,
)
from sqlalchemy import text

from catalog import Catalog
from catalog.db.embedded import EmbeddedPostgres
from catalog.db.embedded_cluster import read_postmaster
from catalog.dispatch.embedded import EmbeddedRedis

COLOURS = ("red", "green", "blue")


def drop(service: Service, *colours: str) -> list[int]:
    """New files, registered, and workers told of them."""
    files = [service.footage(f"{colour}.mp4", colour) for colour in colours]
    return [service.catalog.register(file, dispatch=True).asset_id for file in files]


def all_ready(service: Service, asset_ids: list[int]) -> bool:
    return all(map(service.is_ready, asset_ids))


def assert_whole(service: Service, asset_ids: list[int]) -> None:
    """Each is there once, with its one shot, its one frame and its one vector."""
    with service.catalog.database.connect() as connection:
        per_asset = connection.execute(
            text("""
                SELECT a.id, (SELECT count(*) FROM clip c WHERE c.asset_id = a.id),
                       (SELECT count(*) FROM frame f WHERE f.asset_id = a.id),
                       (SELECT count(*) FROM embedding e WHERE e.asset_id = a.id)
                FROM asset a ORDER BY a.id""")
        )
        assert [tuple(row) for row in per_asset] == [(each, 1, 1, 1) for each in sorted(asset_ids)]
    assert service.catalog.jobs() == []


# --- the disk of the frame store is full ---------------------------------------------


@pytest.fixture
def small_disk(service: Service) -> Iterator[Path]:
    """The frame store on a disk of its own, of one megabyte."""
    store = service.settings.frames_dir
    store.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(store)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no `mount` here: a full disk was not tried")
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: a full one was not tried ({made.stderr})")
    yield store
    subprocess.run(["umount", "--lazy", str(store)], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no room for another byte."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0
    return ballast


def test_a_full_disk_delays_and_loses_nothing(service: Service, small_disk: Path) -> None:
    with service.worker(*beat(service), queues=EVERY_QUEUE) as worker:
        first = drop(service, "red")
        eventually(lambda: all_ready(service, first), "there is room for one")
        ballast = fill(small_disk)
        later = drop(service, "green", "blue")
        worker.wait_until("FrameStoreError")
        eventually(
            lambda: all(service.stages(each)["analyse"][1] > 0 for each in later), "both were tried"
        )
        assert service.catalog.jobs(failed=True) == [], "no file is to blame"
        assert worker.alive()
        ballast.unlink()
        eventually(lambda: all_ready(service, later), "all are ready")
    assert_whole(service, first + later)


# --- PostgreSQL goes ------------------------------------------------------------------


@pytest.fixture
def own_postgres(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(open_folder / "postgres", options={"fsync": "off"}) as server:
        yield server


def crash(server: EmbeddedPostgres) -> None:
    """End it at once, as it ends when a backend runs wild, and start it again."""
    postmaster = read_postmaster(server.pgdata)
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGQUIT)
    eventually(lambda: not server.is_running(), "it has ended")
    server.ensure_running()


def test_postgres_restarted_in_mid_run(service: Service, own_postgres: EmbeddedPostgres) -> None:
    settings = replace(service.settings, database_url=own_postgres.url())
    with Catalog.open(settings) as catalog:
        mine = replace(service, catalog=catalog, settings=settings)
        with mine.worker(*beat(mine), queues=EVERY_QUEUE) as worker:
            # The lock is lost with the server, and so is what the worker was writing.
            plain = catalog.database.url.set(drivername="postgresql")
            with psycopg.connect(plain.render_as_string()) as holding:
                holding.execute("LOCK TABLE catalog.clip IN SHARE MODE")
                ids = drop(mine, *COLOURS)
                process_at_work(mine, ids[0])
                crash(own_postgres)
                with suppress(psycopg.OperationalError):
                    holding.execute("SELECT 1")
            eventually(lambda: all_ready(mine, ids), "all are ready")
            assert worker.alive()
        assert_whole(mine, ids)


# --- Redis goes, and all that was in it --------------------------------------------------


@contextmanager
def running(own: EmbeddedRedis) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(own.command, stdout=subprocess.DEVNULL)
    try:
        eventually(own.url_if_running, "Redis answers")
        yield process
    finally:
        process.kill()
        process.wait()


def test_redis_killed_and_wiped_in_mid_run(service: Service) -> None:
    folder = service.folder / "redis"
    own = EmbeddedRedis(folder)
    settings = replace(service.settings, broker_url=own.prepare())
    with ExitStack() as stack, Catalog.open(settings) as catalog:
        first = stack.enter_context(running(own))
        mine = replace(service, catalog=catalog, settings=settings)
        worker = stack.enter_context(mine.worker(*beat(mine), queues=EVERY_QUEUE))
        with no_clip_can_be_written(mine):
            ids = drop(mine, *COLOURS)
            process_at_work(mine, ids[0])
            assert catalog.dispatcher.waiting().queues["media"] == 2, "two wait"
            first.kill()
            first.wait()
            (data,) = folder.glob("appendonly*")  # a file, or of newer ones a folder
            shutil.rmtree(data) if data.is_dir() else data.unlink()
            stack.enter_context(running(own))
            assert catalog.dispatcher.waiting().queues["media"] == 0, "wiped"
        age(catalog, 10)
        eventually(lambda: all_ready(mine, ids), "all are ready")
        assert worker.alive()
        assert_whole(mine, ids)


# --- a worker stands still ------------------------------------------------------------


def test_a_whole_worker_frozen_past_its_lease(service: Service) -> None:
    with service.worker(app="short_lease", queues="media") as frozen:
        with no_clip_can_be_written(service):
            (asset_id,) = drop(service, "red")
            process_at_work(service, asset_id)
            for process in family(frozen):
                process.suspend()
        age(service.catalog, 10)
        # It had begun to write: what it wrote holds others up until its lease is over.
        with service.worker(*beat(service), queues=EVERY_QUEUE):
            eventually(lambda: service.is_ready(asset_id), "another has done it")
            for process in family(frozen):
                process.resume()
            frozen.wait_until("cannot be reached")
            eventually(service.no_messages, "it has looked again, and found it done")
            assert frozen.alive()
    assert service.stages(asset_id) == {"analyse": ("done", 2), "encode": ("done", 1)}
    assert_whole(service, [asset_id])


# --- two of what there should be one of ---------------------------------------------------


def test_two_reconcilers_with_workers_do_nothing_twice(service: Service) -> None:
    catalog = service.catalog
    ids = [catalog.register(service.footage(f"{c}.mp4", c)).asset_id for c in COLOURS]
    age(catalog, 60)
    with (
        service.worker(*beat(service, 1), queues=EVERY_QUEUE) as one,
        service.worker(*beat(service, 2), queues=EVERY_QUEUE) as other,
    ):
        eventually(lambda: all_ready(service, ids), "all are ready")
        sent = [re.findall(r"catalog.analyse\[\S+\] received", each.log) for each in (one, other)]
    assert all(service.stages(each)["analyse"] == ("done", 1) for each in ids)
    assert sum(map(len, sent)) == len(ids), "each was told of once"
    assert_whole(service, ids)
