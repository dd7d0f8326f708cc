"""A watcher beside a test, and what the catalogue then knows of its files."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from catalog import Catalog
from catalog.domain.watch_report import WatchReport
from catalog.settings import Settings

SETTLE_S = 0.2
DEADLINE_S = 240.0


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:.0f} s: {what}"
        time.sleep(0.02)


@contextmanager
def watching(settings: Settings, **options: float) -> Iterator[WatchReport]:
    """A watcher in a catalogue of its own, as a process of its own has; its report at the end."""
    stop, told = threading.Event(), WatchReport()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with Catalog.open(settings) as catalog:
                found = catalog.watch(stop, **options)
                vars(told).update({k: v for k, v in vars(found).items() if k != "_lock"})
        except BaseException as error:  # noqa: BLE001  # told by the test
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told
    except AssertionError:
        _show(settings)
        raise
    finally:
        stop.set()
        thread.join(DEADLINE_S)
    assert not thread.is_alive()
    assert not failed


def _show(settings: Settings) -> None:
    """Tell what the catalogue holds and where every thread is: what a wait in vain is known by."""
    told = []
    with Catalog.open(settings) as catalog:
        for statement in (
            "SELECT id, name, superseded_by FROM catalog.asset",
            "SELECT path, asset_id, online, size_bytes, error_code FROM catalog.location",
            "SELECT pid, state, wait_event, left(query, 200) FROM pg_stat_activity"
            " WHERE datname = current_database()",
        ):
            told += [statement, *map(str, rows(catalog, statement))]
    for number, frame in sys._current_frames().items():
        told += [f"thread {number}", *traceback.format_stack(frame)]
    sys.stdout.write("\n".join(told))


def scan(catalog: Catalog) -> WatchReport:
    return catalog.watch(threading.Event(), once=True)


def rows(catalog: Catalog, statement: str) -> list[tuple]:
    with catalog.database.session() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def places(catalog: Catalog) -> dict[str, tuple[int | None, bool]]:
    """Asset and presence of every file, by its path below its root."""
    found = rows(catalog, "SELECT path, asset_id, online FROM catalog.location")
    return {path: (asset_id, online) for path, asset_id, online in found}


def online(catalog: Catalog) -> set[str]:
    return {path for path, (_, there) in places(catalog).items() if there}


def ready(catalog: Catalog) -> int:
    done = "SELECT count(*) FROM catalog.stage WHERE name = 'encode' AND state = 'done'"
    return rows(catalog, done)[0][0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def watched(catalog: Catalog, folder: Path) -> Path:
    catalog.root.watch(folder, settle=SETTLE_S)
    return folder
