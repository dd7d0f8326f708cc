"""`catalog up`: all of a service from one command, and nothing of it afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import psutil
import pytest
from conftest import DEADLINE_S, eventually, footage, is_at_work

from catalog import Catalog
from catalog.settings import Settings
from catalog.supervisor.child import Child, Command
from catalog.supervisor.log_file import LogFile

UP = [sys.executable, "-m", "catalog.cli", "up", "--json"]
NAMES = {"redis", "media", "encode", "speech", "service", "phrases", "watch", "web"}


class Running:
    """A `catalog up --json`, and what it has told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.told.append(json.loads(line))

    def last(self, service: str) -> dict[str, Any]:
        return next((each for each in reversed(self.told) if each["service"] == service), {})

    def wait_for(self, service: str, state: str, *, after: int = 0) -> dict[str, Any]:
        def said() -> object:
            found = [e for e in self.told[after:] if (e["service"], e["state"]) == (service, state)]
            assert found or self.process.poll() is None, self.told
            return found and found[0]

        return eventually(said, f"{service} is {state}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def running(environment: dict[str, str]) -> Iterator[Running]:
    process = subprocess.Popen(
        UP, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    up = Running(process)
    try:
        up.wait_for("up", "ready")
        yield up
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
        up.listener.join(DEADLINE_S)


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("CATALOG_", "CELERY_"))}
    return mine | {
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": str(settings.database_url),
        "CATALOG_ENCODER": "null",
        "CATALOG_LOG_FORMAT": "json",
        "CATALOG_RECONCILE_EVERY": "0.5",
        "CATALOG_WEB_PORT": "0",
    }


def test_up_runs_all_keeps_it_running_and_leaves_nothing(
    settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    with Catalog.open(settings) as catalog, running(environment) as up:
        pids = {each["service"]: each["pid"] for each in up.told if each["state"] == "ready"}
        assert set(pids) >= NAMES

        second = subprocess.run(
            UP, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert second.returncode == 2
        error = json.loads(second.stdout)["error"]
        assert error["code"] == "already_running"
        assert error["details"]["pid"] == up.process.pid

        # Nobody need be told of it: the reconciler finds it, whoever is killed.
        file = footage(tmp_path / "red.mp4", "red")
        asset_id = catalog.register(file).asset_id
        at = len(up.told)
        for name in ("media", "redis"):
            os.kill(pids[name], signal.SIGKILL)
        for name in ("media", "redis"):
            told = up.wait_for(name, "exited", after=at)
            assert "exit code -9" in told["detail"]
            assert up.wait_for(name, "ready", after=at)["pid"] != pids[name]

        def is_found() -> bool:
            hits = catalog.search("red").hits
            return [hit.asset["id"] for hit in hits] == [asset_id]

        eventually(is_found, "the file is searchable")
        log = (settings.home / "logs" / "media.log").read_text(encoding="utf-8")
        records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert [r for r in records if r.get("asset_id") == asset_id and r["level"] == "INFO"]

        family = up.family()
        assert len(family) > len(NAMES)
        up.process.send_signal(signal.SIGTERM)
        assert up.process.wait(DEADLINE_S) == 0
        eventually(lambda: not any(map(is_at_work, family)), "nobody is left")
        eventually(lambda: up.last("up").get("state") == "stopped", "it says so")


def test_what_up_started_ends_with_it_however_it_ends(
    environment: dict[str, str],
) -> None:
    with running(environment) as up:
        family = up.family()
        up.process.kill()
        assert family
        eventually(lambda: not any(map(is_at_work, family)), "nobody is left")


def test_logs_are_turned_by_size(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "media.log"
    with LogFile(path, limit=100, kept=2) as log:
        for number in range(50):
            log.write(f"line {number:04}\n".encode())
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "media.log",
        "media.log.1",
        "media.log.2",
    ]
    kept = b"".join(
        path.with_name(name).read_bytes() for name in ("media.log.2", "media.log.1", "media.log")
    )
    assert kept.endswith(b"line 0048\nline 0049\n")
    assert all(p.stat().st_size <= 100 for p in path.parent.iterdir())


PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))
print(sys.argv[1], flush=True)
signal.pause()
"""


@contextmanager
def child(folder: Path, says: str, **how: Any) -> Iterator[tuple[Child, Queue[str]]]:
    """One that goes on when it is asked to end, and ends when it is hurried; its lines."""
    lines: Queue[str] = Queue()
    command = Command("test", [sys.executable, "-c", PROGRAM, says], "ready", **how)
    made = Child(command, os.environ, folder / "test.log", lambda _, line: lines.put(line))
    made.start()
    try:
        yield made, lines
    finally:
        made.end(0.0)


def test_who_does_not_end_in_time_is_hurried(tmp_path: Path) -> None:
    with child(tmp_path, "ready", hurry_signal=signal.SIGQUIT) as (made, lines):
        lines.get(timeout=DEADLINE_S)
        made.ask_to_end()
        made.hurry(0.0)
        assert made.end(time.monotonic() + DEADLINE_S), "by itself, when it was hurried"
    with child(tmp_path, "ready") as (made, lines):
        lines.get(timeout=DEADLINE_S)
        made.ask_to_end()
        made.hurry(0.0)
        assert not made.end(0.0), "nothing hurries it"


@pytest.mark.parametrize(
    ("says", "ends", "waits"),
    [
        ("ready", signal.SIGQUIT, [1, 2, 2, 2]),
        ("ready", signal.SIGKILL, [1, 2, 2, 2]),
        ("no", signal.SIGKILL, [1, 2, 2, 2]),
        ("no", signal.SIGQUIT, [1, 2, 4, 8]),
    ],
)
def test_who_never_came_up_waits_longer_and_longer(
    tmp_path: Path, says: str, ends: signal.Signals, waits: list[int]
) -> None:
    with child(tmp_path, says) as (made, lines):
        found = []
        for _ in waits:
            assert lines.get(timeout=DEADLINE_S) == says
            os.kill(made.pid or 0, ends)
            eventually(lambda: made.ended() is not None, "it has ended")
            found.append(made.wait_s)
            made.start()
    assert found == waits
