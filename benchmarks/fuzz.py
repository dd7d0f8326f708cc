"""Broken media in hundreds: each ends ready, damaged or failed with its reason, and nothing leaks.

    python -m benchmarks.fuzz --count 600 --seed 1

Files of a folder (by default ``../shared/media``) and generated ones are mutated
(`benchmarks.fuzz_mutations`), each by a seed of its own, and ingested into a
catalogue of the run's own with the null encoder. What was found wrong is listed;
the exit code is 1 then. ``--keep FOLDER`` keeps the files that were.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from benchmarks.fuzz_mutations import mutate
from catalog import Catalog
from catalog.db.engine import Database
from catalog.db.migrate import migrate
from catalog.errors import CatalogError, MediaError
from catalog.media.files import find_media
from catalog.media.frame_store import FolderFrameStore
from catalog.media.isolated import DecoderPool
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.writer import write_video
from catalog.settings import Settings

REAL_MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
# Tighter than the usual ones, so that a file that runs into one does it soon.
LIMITS = DecodeLimits(memory=2 * 1024**3, stall_s=30.0, cpu_s=20.0, cpu_s_per_second=20.0)
_LARGEST = 1_500_000
_BATCH = 50
# A fault of ours that one file brings out is told under this code: a finding.
_FAULT = "unexpected_fault"


@dataclass(slots=True)
class Outcome:
    """How many files ended how; ``wrong`` is what should not have been."""

    files: int = 0
    ready: int = 0
    damaged: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def known_codes() -> set[str]:
    """The codes a file may fail with."""
    found, waiting = set(), [MediaError]
    while waiting:
        known = waiting.pop()
        found.add(known.code)
        waiting += known.__subclasses__()
    return found - {_FAULT}


def sources(folder: Path, generated: Path) -> list[Path]:
    """Files to break: those of the folder that are not too large, and some of our own."""
    real = (
        [f for f in find_media(folder) if f.stat().st_size <= _LARGEST] if folder.is_dir() else []
    )
    return [*real, *generate(generated)]


def generate(folder: Path) -> list[Path]:
    """A small file of each container and picture format we can write."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    base = rng.integers(0, 255, (72, 96, 3), dtype=np.uint8)
    pictures = [np.roll(base, 3 * n, axis=1) for n in range(30)]
    made = []
    for suffix, codec in [
        (".mp4", "libx264"), (".mkv", "libx264"), (".avi", "mpeg4"),
        (".ts", "mpeg2video"), (".mxf", "mpeg2video"), (".webm", "libvpx-vp9"),
    ]:  # fmt: skip
        path = folder / f"{codec}{suffix}"
        write_video(path, pictures, frame_rate=Fraction(25), codec=codec)
        made.append(path)
    stills = [Image.fromarray(picture) for picture in pictures[:4]]
    for suffix in (".png", ".jpg", ".tif", ".gif", ".webp", ".bmp", ".jp2"):
        path = folder / f"still{suffix}"
        many = suffix in {".tif", ".gif", ".webp"}
        stills[0].save(path, **({"save_all": True, "append_images": stills[1:]} if many else {}))
        made.append(path)
    return made


def broken_files(
    originals: Sequence[Path], folder: Path, numbers: Sequence[int], seed: int
) -> list[Path]:
    """Write one broken file for each number; the same for the same seed."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in numbers:
        rng = random.Random(f"{seed}:{number}")
        original, other = rng.choice(originals), rng.choice(originals)
        content = mutate(original.read_bytes(), other.read_bytes(), rng)
        path = folder / f"{number:05}-{original.stem[:40]}{original.suffix}"
        # A number of its own, for two mutations may be the same; behind the end it harms nothing.
        path.write_bytes(content + f"fuzz {seed} {number}".encode())
        made.append(path)
    return made


def ingest_broken(catalog: Catalog, files: Sequence[Path], outcome: Outcome) -> None:
    """Ingest some files and judge how each ended."""
    try:
        report = catalog.ingest(*files)
    except CatalogError as error:
        outcome.wrong.append(f"the ingest broke off: {error}")
        return
    failed = {failure.path: failure for failure in report.failures}
    for path in files:
        outcome.files += 1
        failure = failed.pop(str(path), None)
        if failure is not None:
            outcome.codes[failure.code] += 1
            if failure.code not in known_codes():
                outcome.wrong.append(f"{path.name}: {failure.code}: {failure.reason}")
            continue
        shown = catalog.show(path)
        states = {stage["name"]: stage["state"] for stage in shown["stages"]}
        if states.get("analyse") != "done":
            outcome.wrong.append(f"{path.name}: neither ready nor failed, but {states}")
        elif shown["damaged"]:
            outcome.damaged += 1
        else:
            outcome.ready += 1
    outcome.wrong += [f"{path}: failed, and was not asked for" for path in failed]


def leftovers(catalog: Catalog) -> list[str]:
    """What was left behind: files in the frame store without rows, rows without files."""
    pictures = {row[0] for row in catalog.sql("SELECT picture FROM catalog.frame").rows}
    made = {row[0] for row in catalog.sql("SELECT key FROM catalog.rendition").rows}
    # A strip's index lies beside it and has no row of its own.
    folders = tuple(key.rpartition("/")[0] + "/" for key in made)
    frames = catalog.settings.frames_dir
    kept = {str(path.relative_to(frames)) for path in frames.rglob("*") if path.is_file()}
    found = [
        f"a file without a row: {name}"
        for name in sorted(kept - pictures)
        if not name.startswith(folders)
    ]
    found += [f"a row without a file: {name}" for name in sorted((pictures | made) - kept)]
    running = catalog.sql("SELECT asset_id FROM catalog.stage WHERE state = 'running'").rows
    found += [f"asset {row[0]} is still running" for row in running]
    return found


@dataclass(slots=True)
class Held:
    """What this process holds: a measure of leaks."""

    descriptors: int
    children: int
    rss_mb: float

    @classmethod
    def now(cls) -> Held:
        """At this moment."""
        process = psutil.Process()
        children = [c for c in process.children(recursive=True) if "isolated_host" in _line(c)]
        return cls(process.num_fds(), len(children), process.memory_info().rss / 1e6)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The whole run; its figures."""
    began, cpu = time.monotonic(), sum(os.times()[:4])
    home = Path(tempfile.mkdtemp(prefix="catalog-fuzz-"))
    temporary = home / "tmp"
    temporary.mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    outcome = Outcome()
    try:
        originals = sources(arguments.media, home / "generated")
        settings = Settings(home=home / "home", encoder="null")
        database = Database.open(settings, reader_url=settings.reader_url)
        migrate(database)
        store = FolderFrameStore(settings.frames_dir)
        with Catalog(settings, database, store, decoders=DecoderPool(LIMITS)) as catalog:
            first, last = _batches(catalog, originals, home / "broken", arguments, outcome)
            outcome.wrong += leftovers(catalog)
        kept = [path.name for path in temporary.iterdir()]
        outcome.wrong += [f"a temporary file was left: {name}" for name in kept]
        if last.descriptors > first.descriptors + 4:
            outcome.wrong.append(f"descriptors grew: {first.descriptors} to {last.descriptors}")
        if last.children:
            outcome.wrong.append(f"{last.children} decoding processes outlived their pool")
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return {
        "files": outcome.files,
        "ready": outcome.ready,
        "damaged": outcome.damaged,
        "failed": outcome.codes.total(),
        "codes": dict(sorted(outcome.codes.items())),
        "wrong": outcome.wrong,
        "descriptors": [first.descriptors, last.descriptors],
        "rss_mb": [round(first.rss_mb), round(last.rss_mb)],
        "originals": len(originals),
        "wall_s": round(time.monotonic() - began, 1),
        "cpu_s": round(sum(os.times()[:4]) - cpu, 1),
    }


def _batches(
    catalog: Catalog,
    originals: Sequence[Path],
    folder: Path,
    arguments: argparse.Namespace,
    outcome: Outcome,
) -> tuple[Held, Held]:
    """Batch by batch until all are done or time is up; what was held after the first, and last."""
    first: Held | None = None
    began = time.monotonic()
    for start in range(0, arguments.count, _BATCH):
        numbers = range(start, min(start + _BATCH, arguments.count))
        files = broken_files(originals, folder, numbers, arguments.seed)
        before = len(outcome.wrong)
        ingest_broken(catalog, files, outcome)
        for path in files:
            if arguments.keep and any(path.name in w for w in outcome.wrong[before:]):
                arguments.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, arguments.keep)
            path.unlink()
        catalog.decoders.close()
        first = first or Held.now()
        print(f"{outcome.files} files, {time.monotonic() - began:.0f} s", flush=True)
        if time.monotonic() - began > arguments.seconds:
            break
    assert first is not None  # there is at least one batch
    return first, Held.now()


def main() -> int:
    """Run, print, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="how many broken files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1200, help="begin no batch after so long")
    parser.add_argument("--media", type=Path, default=REAL_MEDIA)
    parser.add_argument("--keep", type=Path, help="keep files that something was wrong with here")
    figures = run(parser.parse_args())
    for code, count in figures["codes"].items():
        print(f"  failed as {code:<24}{count:>6}")
    print(f"  ready{'':<29}{figures['ready']:>6}\n  damaged{'':<27}{figures['damaged']:>6}")
    for line in figures["wrong"]:
        print(f"WRONG: {line}")
    print(json.dumps(figures))
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
