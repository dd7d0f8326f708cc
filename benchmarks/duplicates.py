"""Duplicates among many assets: what is found, what it costs, and how that grows.

    python -m benchmarks.duplicates [--assets 2000 10000 50000]

Libraries are made whose shots' vectors lie as a video library's do (a common direction, a topic
for each asset, a subject for each shot), with what is hard: a fifth of all films share one of
twenty presenters, series share their titles, and some films are other takes of the same scene.
Planted are versions of films: coded anew (another vector within 0.98 of it for every frame),
trimmed at both ends, and excerpts of a third. Versions are found among all of them by
``Catalog.duplicates``. Beside it stand reading the vectors of all shots, without which nothing
can be compared, and what asset managers for photos do: the assets whose middle frames are within
0.03 of one another, by comparing all with all.

Prints a table and, as its last line, one JSON object of named figures: of the largest library
``recall`` (planted pairs found), ``false_pairs``, ``seconds`` and ``peak_mb`` of this process,
``read_ratio`` (our time by that of reading), and ``growth`` (time per asset of the largest over
that of the smallest library).
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.search_data import add_null_encoder, copy_rows, plain_connection
from catalog import Catalog
from catalog.db.models import Asset
from catalog.db.vectors import fetch_type, register
from catalog.settings import Settings
from catalog.store import duplicates as store

DIMENSION, SHOTS, FRAMES = 512, 12, 2
PRESENTERS, SERIES = 20, 100
EVERY = 40  # of so many assets one has each kind of version
PTS = 25


@dataclass
class Film:
    """An asset to be written: its shots' ends in pts, a vector and a picture for each frame."""

    ends: list[int]
    vectors: np.ndarray
    pictures: list[str]
    of: int | None = None
    """Which asset it is a version of, by number."""


@dataclass
class Library:
    """Films, one by one, and which pairs of them are versions."""

    assets: int
    seed: int = 0
    whole: set[tuple[int, int]] = field(default_factory=set)
    near: set[tuple[int, int]] = field(default_factory=set)

    def films(self, pictures: list[str]) -> Iterator[Film]:
        """As many as asked for; ``pictures`` are keys of the frame store to take for frames."""
        rng = np.random.default_rng(self.seed)
        basis = rng.standard_normal((64, DIMENSION)).astype("f4")
        common = 4 * rng.standard_normal(DIMENSION).astype("f4")
        presenters = rng.standard_normal((PRESENTERS, 64))
        titles = rng.standard_normal((SERIES, 64))
        number = 0

        def finished(subjects: np.ndarray, noise: float) -> np.ndarray:
            rows = subjects.astype("f4") @ basis + common
            rows += noise * rng.standard_normal(rows.shape).astype("f4")
            return rows / np.linalg.norm(rows, axis=1, keepdims=True)

        while number < self.assets:
            count = int(rng.integers(2, 2 * SHOTS - 1))
            lengths = np.maximum(25, rng.lognormal(4.6, 0.7, count).astype(int))
            subjects = rng.standard_normal(64) + rng.standard_normal((count, 64))
            if number % 5 == 0:  # every other shot is the presenter's
                subjects[::2] = presenters[rng.integers(PRESENTERS)]
            if number % 3 == 0:  # the titles of its series, always as long
                subjects[0], lengths[0] = titles[rng.integers(SERIES)], 100
            subjects = np.repeat(subjects, FRAMES, axis=0)
            subjects += 0.15 * rng.standard_normal(subjects.shape)
            keys = [pictures[k] for k in rng.integers(len(pictures), size=count * FRAMES)]
            film = Film(np.cumsum(lengths).tolist(), finished(subjects, 0.5), keys)
            yield film
            first, number = number, number + 1
            kinds = {0: "coded anew", 10: "trimmed", 20: "excerpt", 30: "other take"}
            kind = kinds.get(first % EVERY)
            if kind is None or number >= self.assets or count < 6:
                continue
            yield self._version(film, kind, subjects, finished=finished, pictures=pictures, rng=rng)
            if kind == "coded anew":
                self.whole.add((first, number))
            elif kind != "other take":
                self.near.add((first, number))
            number += 1

    @staticmethod
    def _version(
        film: Film,
        kind: str,
        subjects: np.ndarray,
        *,
        finished: Callable[[np.ndarray, float], np.ndarray],
        pictures: list[str],
        rng: np.random.Generator,
    ) -> Film:
        ends, keys = np.array(film.ends), film.pictures
        again = film.vectors + 0.006 * rng.standard_normal(film.vectors.shape).astype("f4")
        again /= np.linalg.norm(again, axis=1, keepdims=True)
        if kind == "other take":  # the same scenes at other lengths, other pictures
            lengths = np.maximum(25, rng.lognormal(4.6, 0.7, len(ends)).astype(int))
            other = [pictures[k] for k in rng.integers(len(pictures), size=len(keys))]
            return Film(np.cumsum(lengths).tolist(), finished(subjects, 0.5), other)
        starts = np.concatenate([[0], ends[:-1]])
        if kind == "trimmed":
            begin, end = (ends[0] - starts[0]) // 2, ends[-1] - (ends[-1] - starts[-1]) // 2
        elif kind == "excerpt":
            third = len(ends) // 3
            begin, end = starts[third], ends[2 * third]
        else:
            begin, end = 0, ends[-1]
        kept = np.flatnonzero((ends > begin) & (starts < end))
        frames = [FRAMES * shot + part for shot in kept for part in range(FRAMES)]
        return Film(
            (np.minimum(ends[kept], end) - begin).tolist(),
            again[frames],
            [keys[frame] for frame in frames],
        )


def pictures_of(catalog: Catalog, count: int = 400) -> list[str]:
    """Pictures in the frame store, each like no other."""
    rng = np.random.default_rng(1)
    keys = []
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 6, 3), dtype=np.uint8))
        body = io.BytesIO()
        coarse.resize((96, 64), Image.Resampling.BICUBIC).save(body, "JPEG", quality=80)
        keys.append(f"benchmark/{number}.jpg")
        catalog.store.put(keys[-1], body.getvalue())
    return keys


def fill(catalog: Catalog, library: Library) -> int:
    """The library into an empty catalogue; the id of the encoder."""
    encoder = add_null_encoder(catalog, DIMENSION)
    assets, clips, frames, rows = [], [], [], []
    with plain_connection(catalog) as connection:
        connection.execute("SET session_replication_role = replica")
        info = fetch_type(connection)
        assert info is not None
        register(connection, info)

        def write() -> None:
            copy_rows(connection, "asset (id, fingerprint, size_bytes, name, kind, frame_rate_num, "
                  "frame_rate_den, time_base_num, time_base_den, duration_pts)",
                  "int8 text int8 text text int8 int8 int8 int8 int8", assets)  # fmt: skip
            copy_rows(connection, "clip (id, asset_id, kind, start_pts, end_pts)",
                  "int8 int8 text int8 int8", clips)  # fmt: skip
            copy_rows(connection, "frame (id, asset_id, clip_id, pts, start_pts, end_pts, picture, "
                  "width, height)",
                  "int8 int8 int8 int8 int8 int8 text int4 int4", frames)  # fmt: skip
            copy_rows(connection, f"embedding_{encoder.id} "
                  "(encoder_id, frame_id, clip_id, asset_id, vector)",
                  "int4 int8 int8 int8 halfvec", rows)  # fmt: skip
            for each in (assets, clips, frames, rows):
                each.clear()

        clip, frame = 0, 0
        for number, film in enumerate(library.films(pictures_of(catalog))):
            asset = number + 1
            assets.append((asset, f"f{asset}", 1000 + asset, f"film-{asset:06}.mov", "video",
                           25, 1, 1, 25, film.ends[-1]))  # fmt: skip
            begin = 0
            for shot, end in enumerate(film.ends):
                clip += 1
                clips.append((clip, asset, "shot", begin, end))
                for part in range(FRAMES):
                    frame += 1
                    first = begin + (end - begin) * part // FRAMES
                    last = begin + (end - begin) * (part + 1) // FRAMES
                    frames.append((frame, asset, clip, (first + last) // 2, first, last,
                                   film.pictures[FRAMES * shot + part], 96, 64))  # fmt: skip
                    rows.append((encoder.id, frame, clip, asset,
                                 film.vectors[FRAMES * shot + part].astype("f2")))  # fmt: skip
                begin = end
            if len(assets) == 1000:
                write()
        write()
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")
    return encoder.id


def read_all(catalog: Catalog, encoder_id: int) -> tuple[float, dict[int, np.ndarray]]:
    """Seconds that reading the shots' vectors takes, and one vector an asset."""
    began, middle = time.perf_counter(), {}
    with catalog.database.session() as session:
        for assets, _, _, _, rows in store.shots(session, encoder_id, Asset.id > 0):
            middle.update(zip(assets.tolist(), rows.astype("f2"), strict=True))
    return time.perf_counter() - began, middle


def all_with_all(middle: dict[int, np.ndarray]) -> set[tuple[int, int]]:
    """Pairs of assets with one picture each within 0.03, as photo managers have it."""
    ids = np.array(sorted(middle))
    rows = np.stack([middle[at] for at in ids.tolist()]).astype("f4")
    found = set()
    for at in range(0, len(ids), 2000):
        i, j = np.nonzero(rows[at : at + 2000] @ rows.T >= 0.97)
        found |= {(int(a), int(b)) for a, b in zip(ids[i + at], ids[j], strict=True) if a < b}
    return found


def run(home: Path, count: int) -> dict[str, float]:
    """One library's figures."""
    library = Library(count)
    with Catalog.open(Settings(home=home, encoder=f"null:{DIMENSION}")) as catalog:
        encoder_id = fill(catalog, library)
        reading, middle = read_all(catalog, encoder_id)
        planted_alike = all_with_all(middle)
        middle.clear()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, began = time.process_time(), time.perf_counter()
        body = catalog.duplicates(near=True)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    groups = [sorted(asset["id"] - 1 for asset in group["assets"]) for group in body["groups"]]
    pairs = {(a, b) for group in groups for a in group for b in group if a < b}
    planted = library.whole | library.near
    alike = {(a - 1, b - 1) for a, b in planted_alike}
    return {
        "assets": count, "planted": len(planted), "found": len(pairs & planted),
        "found_whole": len(pairs & library.whole) / max(1, len(library.whole)),
        "recall": round(len(pairs & planted) / max(1, len(planted)), 4),
        "false_pairs": len(pairs - planted), "compared": body["compared"],
        "left_out": body["left_out"], "seconds": round(wall, 2), "cpu_s": round(cpu, 2),
        "reading_s": round(reading, 2), "read_ratio": round(wall / reading, 2),
        "peak_mb": round(peak / 1024), "peak_before_mb": round(before / 1024),
        "photo_rule_recall": round(len(alike & planted) / max(1, len(planted)), 4),
        "photo_rule_false_pairs": len(alike - planted),
    }  # fmt: skip


def _in_process(home: Path, count: int, results: multiprocessing.SimpleQueue) -> None:
    results.put(run(home, count))


def main() -> None:
    """Make each library, find its duplicates, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=int, nargs="+", default=[2_000, 10_000, 50_000])
    options = parser.parse_args()
    table = []
    for count in options.assets:
        with tempfile.TemporaryDirectory() as temporary:
            Path(temporary).chmod(0o755)  # under root the server runs as another user
            # A process each, so that peaks of memory are its own.
            results = multiprocessing.SimpleQueue()
            process = multiprocessing.Process(
                target=_in_process, args=(Path(temporary) / "home", count, results)
            )
            process.start()
            process.join()
            if process.exitcode != 0:
                parser.exit(1, f"The library of {count} assets failed.\n")
            table.append(results.get())
        print("  ".join(f"{name} {value}" for name, value in table[-1].items()), flush=True)
    small, large = table[0], table[-1]
    growth = (large["seconds"] / large["assets"]) / (small["seconds"] / small["assets"])
    print(json.dumps(large | {"growth": round(growth, 2)}))


if __name__ == "__main__":
    main()
