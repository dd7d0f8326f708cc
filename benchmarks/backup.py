"""How long backup and restore take, beside pg_dump: ``python -m benchmarks.backup``.

Of a catalogue of real footage (``../shared/media``, or ``--media FOLDER``) made with the demo
encoder, or with ``--frames N`` of one as large as asked for (``benchmarks/search_data.py``), which
has no pictures. Each verb runs as people run it, in a process of its own. pg_dump and
pg_restore (custom format, one job) take the same database, without the frame store.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from catalog.db.embedded import EmbeddedPostgres
from catalog.settings import Settings

MEDIA = Path(__file__).resolve().parents[1].parent / "shared" / "media"
_ANSWERED = (0, 1)  # 1: some pictures are not there


@dataclass(frozen=True)
class Run:
    """What one command took."""

    wall_s: float
    processor_s: float
    memory_mb: float

    @classmethod
    def of(cls, command: Sequence[str], **environment: str) -> Run:
        """Run it, and give up if it fails."""
        began = time.monotonic()
        with subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in _ANSWERED:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}")
        wall = time.monotonic() - began
        return cls(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def catalogue_verb(home: Path, *arguments: str) -> Run:
    """A verb of the command line on the catalogue of this home."""
    return Run.of([sys.executable, "-m", "catalog.cli", *arguments], CATALOG_HOME=str(home))


def dumped(settings: Settings, folder: Path) -> tuple[Run, Run, int]:
    """pg_dump of the catalogue's database, and pg_restore into a new one beside it."""
    server = EmbeddedPostgres(settings.postgres_dir)
    with server:
        url = server.url().replace("+psycopg", "")
        new = server.url("again").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS again")
            admin.execute("CREATE DATABASE again TEMPLATE template0")
        file = folder / "pg.dump"
        dump = Run.of([str(server.binaries / "pg_dump"), "-Fc", "-f", str(file), url])
        back = Run.of([str(server.binaries / "pg_restore"), "-d", new, str(file)])
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("DROP DATABASE again")
    return dump, back, file.stat().st_size


def main() -> None:
    """Print a table of the commands, and one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=MEDIA)
    parser.add_argument("--frames", type=int, help="instead: a catalogue of that many frames")
    parser.add_argument("--folder", type=Path, help="where to keep it (default: thrown away)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        if asked.frames:
            home = folder / f"catalogue-{asked.frames}"
            # Not in this process: what runs from it is said to have used its memory too.
            with multiprocessing.get_context("spawn").Pool(1) as child:
                child.apply(_fill, (folder, asked.frames))
        else:
            home = folder / "home"
            os.environ["CATALOG_ENCODER"] = "demo"
            catalogue_verb(home, "ingest", str(asked.media))
        say(measured(Settings(home=home), Path(scratch)))


def _fill(folder: Path, frames: int) -> None:
    from benchmarks.search_data import catalogue_of  # noqa: PLC0415  # see above

    catalogue_of(folder, frames)


def measured(settings: Settings, scratch: Path) -> dict[str, tuple[Run, int | None]]:
    """Every command's run, and the size of the file it wrote."""
    file = scratch / "all.backup"
    backup = catalogue_verb(settings.home, "backup", str(file))
    verify = catalogue_verb(settings.home, "backup", "--verify", str(file))
    restore = catalogue_verb(scratch / "restored", "restore", str(file))
    dump, back, size = dumped(settings, scratch)
    return {
        "backup": (backup, file.stat().st_size),
        "verify": (verify, None),
        "restore": (restore, None),
        "pg_dump": (dump, size),
        "pg_restore": (back, None),
    }


def say(found: dict[str, tuple[Run, int | None]]) -> None:
    """The table and the figures."""
    figures = {}
    for name, (run, size) in found.items():
        wrote = "" if size is None else f"{size / 1e6:10.1f} MB"
        print(
            f"{name:<11} {run.wall_s:8.1f} s  {run.processor_s:8.1f} s of processor  "
            f"{run.memory_mb:6.0f} MB of memory {wrote}"
        )
        figures[f"{name}_s"] = round(run.wall_s, 1)
        figures[f"{name}_processor_s"] = round(run.processor_s, 1)
        figures[f"{name}_memory_mb"] = round(run.memory_mb)
        if size is not None:
            figures[f"{name}_mb"] = round(size / 1e6, 1)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
