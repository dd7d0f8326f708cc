"""The service under kills: assets through Celery, while workers are killed every few seconds.

    python -m benchmarks.service [--assets 60] [--every 3] [--kills 100] [--media 2]
                                 [--calm] [--stills]

Renders small films, registers them with dispatch, and runs `catalog up` with the embedded
PostgreSQL and Redis. Every few seconds one process below it (a worker, a worker's child, its
decoder, or Redis) gets SIGKILL, until nothing is due or that many are killed. The catalogue is
then compared, row by row but for ids and times, with one made without kills in this process.
``--calm`` kills nobody, and so measures Celery's path beside that of `catalog ingest`; with
``--stills`` many small assets of one picture each show how full the encoder's batches are. What
a second process that decodes brings is seen with ``CATALOG_ENCODER=null`` and ``--media 1``, 2:
with an encoder that computes, that is what two processors are busy with.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from sqlalchemy import text

from benchmarks.processor_time import processor_time, spent_since
from catalog import Catalog
from catalog.errors import BrokerUnavailableError
from catalog.media.writer import write_video

CONTENT = {
    "asset": "SELECT fingerprint, name, kind, duration, codec FROM catalog.asset",
    "location": "SELECT path, size_bytes, online FROM catalog.location",
    "clip": "SELECT a.name, c.kind, c.start_pts, c.end_pts, c.flag FROM catalog.clip c"
    " JOIN catalog.asset a ON a.id = c.asset_id",
    "frame": "SELECT f.picture, f.pts, f.poster FROM catalog.frame f",
    "embedding": "SELECT f.picture FROM catalog.embedding e"
    " JOIN catalog.frame f ON f.id = e.frame_id",
    "stage": "SELECT a.name, s.name, s.state FROM catalog.stage s"
    " JOIN catalog.asset a ON a.id = s.asset_id",
}


def render(folder: Path, count: int) -> list[Path]:
    """Films of three to six shots of noise, 4 to 10 s, none like another."""
    folder.mkdir()
    files = []
    for number in range(count):
        rng = np.random.default_rng(number)
        shots = rng.integers(0, 256, (int(rng.integers(3, 7)), 12, 16, 3), np.uint8)
        pictures = [np.kron(shot, np.ones((20, 20, 1), np.uint8)) for shot in shots]
        path = folder / f"take-{number:03}.mp4"
        write_video(path, (p for p in pictures for _ in range(40)), frame_rate=Fraction(25))
        files.append(path)
    return files


def draw(folder: Path, count: int) -> list[Path]:
    """Stills of noise, none like another."""
    folder.mkdir()
    files = []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (18, 32, 3), np.uint8)
        path = folder / f"still-{number:05}.png"
        Image.fromarray(np.kron(pixels, np.ones((20, 20, 1), np.uint8))).save(path)
        files.append(path)
    return files


def content(catalog: Catalog) -> dict[str, list[str]]:
    """All rows of work, but for ids, times and who did it."""
    with catalog.database.connect() as connection:
        return {
            table: sorted(map(str, connection.execute(text(query))))
            for table, query in CONTENT.items()
        }


def vectors(catalog: Catalog) -> dict[str, np.ndarray]:
    """The vector of each picture."""
    query = """SELECT f.picture, e.vector FROM catalog.embedding e
               JOIN catalog.frame f ON f.id = e.frame_id"""
    with catalog.database.connect() as connection:
        return {key: np.float32(vector) for key, vector in connection.execute(text(query))}


def least_cosine(some: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> float:
    """Of the vectors of the same pictures: in batches of other sizes, last bits differ."""
    pairs = [(some[key], others[key]) for key in some.keys() & others.keys()]
    return min(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in pairs)


def kill_somebody(up: subprocess.Popen[bytes], chance: random.Random) -> str | None:
    """SIGKILL one process below the supervisor; which."""
    with suppress(psutil.Error, IndexError):
        victim = chance.choice(psutil.Process(up.pid).children(recursive=True))
        words = " ".join(victim.cmdline())
        victim.kill()
        names = ("redis", "-Q media", "-Q encode", "-Q service", "serve-phrases", "watch", "web")
        return next((name for name in names if name in words), "decoder")
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds until all were ready, and since the last kill; who was killed how often."""

    took_s: float
    calm_s: float
    killed: dict[str, int]
    spent: dict[str, float]
    """Seconds of processor time by what a process was."""
    content: dict[str, list[str]]
    vectors: dict[str, np.ndarray]
    """By the key of the picture."""


def through_the_service(home: Path, files: list[Path], options: argparse.Namespace) -> Run:
    """Ingest the files by Celery, while somebody kills."""
    command = [sys.executable, "-m", "catalog.cli", "up", "--json", "--media", str(options.media)]
    chance, killed = random.Random(options.seed), dict[str, int]()
    environment = os.environ | {"CATALOG_HOME": str(home)}
    environment["CATALOG_WEB_PORT"] = "0"  # another service may run here
    if not options.calm:
        environment["CATALOG_RECONCILE_EVERY"] = "2"
    with Catalog.open(home=home) as catalog:
        up = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert up.stdout is not None
        for line in up.stdout:
            if json.loads(line).items() >= {"service": "up", "state": "ready"}.items():
                break
        # It is "ready" before anybody has decoded or encoded: what they import and load then
        # is no part of the speed either way of ingesting has, and is left out of both.
        catalog.register(files[0], dispatch=True)
        while not encoded(catalog):
            time.sleep(0.1)
        before, began = processor_time(home), time.monotonic()
        last = began
        for file in files[1:]:
            with suppress(BrokerUnavailableError):  # it has just been killed: it stays due
                catalog.register(file, dispatch=True)
        while encoded(catalog) < len(files) and not given_up(catalog):
            time.sleep(0.2)
            if time.monotonic() - began > options.patience:
                break
            storm = not options.calm and sum(killed.values()) < options.kills
            if storm and time.monotonic() - last > options.every:
                last = time.monotonic()
                if who := kill_somebody(up, chance):
                    killed[who] = killed.get(who, 0) + 1
        now = time.monotonic() - searchable_since(catalog)
        spent = spent_since(before, processor_time(home))
        up.send_signal(signal.SIGTERM)
        up.communicate()
        return Run(now - began, now - last, killed, spent, content(catalog), vectors(catalog))


def batches(home: Path) -> tuple[int, int]:
    """How many vectors were written in how many batches, each a transaction of its own."""
    query = "SELECT count(*), count(DISTINCT xmin::text) FROM catalog.embedding"
    with Catalog.open(home=home) as catalog, catalog.database.connect() as connection:
        vectors, transactions = connection.execute(text(query)).one()
    return int(vectors), int(transactions)


def encoded(catalog: Catalog) -> int:
    """How many assets are ready; asked often, so of one table alone."""
    query = "SELECT count(*) FROM catalog.stage WHERE name = 'encode' AND state = 'done'"
    with catalog.database.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def searchable_since(catalog: Catalog) -> float:
    """For how many seconds all that is ready has been so: it is looked for only now and then."""
    query = """SELECT coalesce(extract(epoch FROM clock_timestamp() - max(first_done_at)), 0)
               FROM catalog.stage WHERE name = 'encode' AND state = 'done'"""
    with catalog.database.connect() as connection:
        return float(connection.execute(text(query)).scalar_one())


def given_up(catalog: Catalog) -> bool:
    """Whether something failed that nobody will try again."""
    return any(job["retry_at"] is None for job in catalog.jobs(failed=True))


def main() -> None:
    """Render, run both ways, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=60)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between kills")
    parser.add_argument("--kills", type=int, default=100, help="at most")
    parser.add_argument("--media", type=int, default=2, help="processes that decode")
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true", help="kill nobody")
    parser.add_argument("--stills", action="store_true", help="stills instead of films")
    options = parser.parse_args()
    os.environ.setdefault("CATALOG_ENCODER", "demo")
    with tempfile.TemporaryDirectory(prefix="catalog-service-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        files = (draw if options.stills else render)(folder / "media", options.assets)
        with Catalog.open(home=folder / "warm") as warm:
            warm.ingest(files[0])
        with Catalog.open(home=folder / "calm") as calm:
            calm.ingest(files[0])
            before, began = processor_time(folder / "calm"), time.monotonic()
            calm.ingest(*files[1:])
            in_process = time.monotonic() - began
            spent_here = spent_since(before, processor_time(folder / "calm"))
            expected, made = content(calm), vectors(calm)
        run = through_the_service(folder / "service", files, options)
        count, transactions = batches(folder / "service")
    found, cosine = run.content, least_cosine(made, run.vectors)
    differing = {t: len(set(found[t]) ^ set(expected[t])) for t in found if found[t] != expected[t]}
    figures = {
        "assets": len(files),
        "kills": sum(run.killed.values()),
        "killed": run.killed,
        "equal": not differing and cosine > 0.9999,
        "differing_rows": differing,
        "least_cosine": round(cosine, 6),
        "in_process_s": round(in_process, 2),
        "service_s": round(run.took_s, 2),
        "in_process_processor_s": spent_here,
        "service_processor_s": run.spent,
        "after_last_kill_s": round(run.calm_s, 2),
        "celery_share_of_in_process": round(in_process / run.took_s, 3),
        "vectors": count,
        "encode_batches": transactions,
        "vectors_per_batch": round(count / transactions, 1) if transactions else 0.0,
    }
    for key, value in figures.items():
        print(f"{key:28} {value}")
    print(json.dumps(figures))
    raise SystemExit(0 if figures["equal"] else 1)


if __name__ == "__main__":
    main()
