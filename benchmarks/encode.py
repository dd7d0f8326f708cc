"""How much of a model's own speed is left from stored pictures to stored vectors?

    python -m benchmarks.encode [--model ViT-B-32] [--pictures 256] [--rounds 3]
                                [--precisions fp32,bf16,int8]

Of an open_clip architecture with random weights, which compute as trained ones do: pictures per
second of ``EncodeQueue.drain`` (frames claimed, JPEGs read from the frame store and decoded,
scaled, encoded, vectors written with their centres, committed) beside the bare call of the same
model on tensors that lie in memory. The two take turns, and ``overhead_ratio`` is the median of the
rounds' quotients: 1 would be no overhead. ``precision_speedup`` is bf16 over fp32 of the bare
calls. Processor time, which suffers less where others work on the machine, stands beside:
``overhead_cpu_ratio`` is of this process.

Prints a table and, as its last line, one JSON object of named figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.search_data import FRAMES, SHOTS, fill
from catalog import Catalog
from catalog.encoders import load_encoder
from catalog.encoders.open_clip_encoder import OpenClipEncoder
from catalog.ingest.encode import EncodeQueue
from catalog.media.pictures import image_to_jpeg
from catalog.settings import Settings
from catalog.store import filling, vectors

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "media" / "photo"
# As a film of 16:9 is kept.
SIZE = (640, 360)


@dataclass
class Rounds:
    """Seconds of wall clock and of processor per round, and of how many pictures each."""

    pictures: int
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Measure the block as one round."""
        began, worked = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - began)
        self.cpu.append(time.process_time() - worked)

    @property
    def rate(self) -> float:
        """Pictures per second of the best round."""
        return self.pictures / min(self.wall)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor per picture, in the best round."""
        return 1000 * min(self.cpu) / self.pictures


def pictures(count: int) -> Iterator[Image.Image]:
    """Parts of photographs where they are beside the checkout, else drawn noise; all differ."""
    rng = np.random.default_rng(7)
    photos = [Image.open(path).convert("RGB") for path in sorted(PHOTOS.glob("coral_*.jpg"))]
    large = [photo for photo in photos if min(photo.size) > SIZE[1]]
    for at in range(count):
        if not large:
            coarse = rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)
            yield Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC)
            continue
        photo = large[at % len(large)]
        share = rng.uniform(0.6, 1.0)
        height = int(min(photo.height, photo.width * SIZE[1] / SIZE[0]) * share)
        width = int(height * SIZE[0] / SIZE[1])
        left, top = (int(rng.integers(0, 1 + most)) for most in
                     (photo.width - width, photo.height - height))  # fmt: skip
        yield photo.resize(SIZE, Image.Resampling.LANCZOS, (left, top, left + width, top + height))


def library(catalog: Catalog, count: int) -> None:
    """So many frames of films, each with its picture in the frame store."""
    clip = np.arange(count) // FRAMES
    data = {"E": np.zeros((count, 8), np.float16), "clip": clip, "asset": clip // SHOTS}
    assets = int(data["asset"][-1]) + 1
    fill(catalog, {**data, "collection": np.zeros(assets, int), "day": np.arange(assets)})
    keys = []
    for at, picture in enumerate(pictures(count)):
        keys.append(f"bench/{at:06}.jpg")
        catalog.store.put(keys[-1], image_to_jpeg(picture))
    with catalog.database.connect() as connection:
        connection.exec_driver_sql(
            "UPDATE catalog.frame SET picture = (%(keys)s::text[])[id]", {"keys": keys}
        )
        connection.commit()


def drained(catalog: Catalog, encoder: OpenClipEncoder, rounds: Rounds) -> None:
    """One round: every stored picture to a stored vector, into partitions of its own."""
    with catalog.database.session() as session:
        row = vectors.add_encoder(
            session,
            name=f"bench {encoder.precision}",
            dimension=encoder.dimension,
            precision=encoder.precision,
            weights_digest=encoder.weights_digest,
        )
    queue = EncodeQueue(catalog.database, catalog.store, encoder, row.id)
    with rounds.timed():
        written, failures = queue.drain()
    assert (written, failures) == (rounds.pictures, {})
    with catalog.database.session() as session:
        filling.remove_encoder(session, row.id)


def bare_call(encoder: OpenClipEncoder, stored: list[Image.Image]) -> Callable[[], None]:
    """The model's own work on tensors that are ready, in the encoder's batches."""
    dtype = next(encoder.model.parameters()).dtype
    ready = encoder.preprocess(stored).to(dtype)
    batches = [batch.clone() for batch in ready.split(encoder.batch_size)]

    def call() -> None:
        with torch.inference_mode():
            for batch in batches:
                encoder.model.encode_image(batch).float().cpu()

    return call


def measure(
    catalog: Catalog, model: str, precision: str, count: int, rounds: int
) -> dict[str, Any]:
    """Both, taking turns, in one precision."""
    encoder = load_encoder(f"{model}/random", precision=precision)
    assert isinstance(encoder, OpenClipEncoder)
    stored = list(pictures(count))
    call = bare_call(encoder, stored)
    del stored
    bare, whole = Rounds(count), Rounds(count)
    call()  # the first compiles kernels
    for _ in range(rounds):
        with bare.timed():
            call()
        drained(catalog, encoder, whole)
    ratios = [w / b for w, b in zip(whole.wall, bare.wall, strict=True)]
    on_cpu = [w / b for w, b in zip(whole.cpu, bare.cpu, strict=True)]
    return {
        "device": encoder.device,
        "bare": round(bare.rate, 2),
        "stored": round(whole.rate, 2),
        "bare_cpu_ms": round(bare.cpu_ms, 2),
        "stored_cpu_ms": round(whole.cpu_ms, 2),
        "overhead_ratio": round(statistics.median(ratios), 3),
        "overhead_cpu_ratio": round(statistics.median(on_cpu), 3),
    }


def main() -> None:
    """Fill a catalogue, measure each precision, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="ViT-B-32", help="an open_clip architecture")
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", default="fp32,bf16,int8")
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="catalog-encode-") as folder:
        Path(folder).chmod(0o755)
        settings = Settings(home=Path(folder) / "home", encoder="null:8")
        with Catalog.open(settings) as catalog:
            library(catalog, options.pictures)
            for precision in options.precisions.split(","):
                found[precision] = measure(
                    catalog, options.model, precision, options.pictures, options.rounds
                )
    columns = ("bare", "stored", "bare_cpu_ms", "stored_cpu_ms", "overhead_ratio",
               "overhead_cpu_ratio")  # fmt: skip
    print(f"{options.model}, {options.pictures} pictures of {SIZE[0]}x{SIZE[1]}, pictures/s:")
    print(f"{'':6s}" + "".join(f"{name:>20s}" for name in columns))
    for precision, row in found.items():
        print(f"{precision:6s}" + "".join(f"{row[name]:20.3f}" for name in columns))
    figures: dict[str, Any] = {"model": options.model, "precisions": found}
    began = time.perf_counter()
    chosen = load_encoder(f"{options.model}/random")
    figures["auto"] = {"precision": chosen.precision, "load_s": time.perf_counter() - began}
    print(f"auto takes {chosen.precision}; loaded in {figures['auto']['load_s']:.1f} s")
    best = min(found.values(), key=lambda row: -row["stored"])
    figures["overhead_ratio"] = best["overhead_ratio"]
    figures["overhead_cpu_ratio"] = best["overhead_cpu_ratio"]
    if {"fp32", "bf16"} <= found.keys():
        speedup = found["bf16"]["bare"] / found["fp32"]["bare"]
        figures["precision_speedup"] = round(speedup, 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
