"""Embedded servers in a folder of the test's own, and processes that use them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

REPOSITORY = Path(__file__).parents[2]
NOT_DURABLE = {"fsync": "off"}

# A process that uses the server until a line comes in, or until it is killed.
USER_PROCESS = """
import sys
from pathlib import Path
from catalog.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"})
print(server.start(), flush=True)
sys.stdin.readline()
print(server.stop() if sys.argv[2:] != ["exit"] else "left to atexit", flush=True)
"""


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """A folder for homes, in which no server is left running."""
    yield open_folder
    eventually(lambda: not servers_below(open_folder), "servers left running")


def servers_below(folder: Path) -> list[int]:
    found = {}
    for process in psutil.process_iter(["name", "cmdline", "status", "ppid"]):
        line = " ".join(process.info["cmdline"] or [])
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and process.info["name"] == "postgres" and str(folder) in line:
            found[process.pid] = process.info["ppid"]
    # A child that was forked a moment ago is called as its server is.
    return [pid for pid, parent in found.items() if parent not in found]


def is_at_work(process: psutil.Process) -> bool:
    """Whether it is there; what nobody has waited for yet is not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 240.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        # Another process's end is awaited; there is no handle of it to wait on.
        time.sleep(0.02)


def user_process(data_dir: Path, *arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER_PROCESS, str(data_dir), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **{"cwd": REPOSITORY, **options},
    )


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def finish(process: subprocess.Popen[str]) -> str:
    answer, _ = process.communicate("\n", timeout=240)
    return answer.strip()
