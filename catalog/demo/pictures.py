"""Training pictures: scenes rendered ahead of training, as they will look to the encoder.

An encoder never sees a scene as it was drawn. It sees a frame that was coded as H.264, kept as a
JPEG and squashed to the encoder's square. The pictures are therefore drawn at several sizes and
moments, coded as JPEG at a random quality (its blocks and its halved colour resolution are those of
a video frame), and only then squashed.
"""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from catalog.demo.render import render
from catalog.demo.world import Scene

_SIZES = ((192, 108), (224, 126), (256, 144))


@dataclass(frozen=True, slots=True)
class Pictures:
    """Rendered pictures and the scenes they show."""

    pixels: npt.NDArray[np.uint8]
    """count x side x side x 3, RGB; a read-only memory map."""
    scenes: list[Scene]


def as_encoder_sees(
    picture: npt.NDArray[np.uint8], side: int, quality: int
) -> npt.NDArray[np.uint8]:
    """A picture as the encoder gets it: compressed as JPEG and squashed to side x side x 3."""
    coded = io.BytesIO()
    Image.fromarray(picture).save(coded, "JPEG", quality=quality)
    squashed = Image.open(coded).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(squashed, dtype=np.uint8)


def prerender(
    folder: Path,
    pool: Sequence[Scene],
    count: int,
    *,
    side: int = 96,
    seed: int = 0,
    processes: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Pictures:
    """Render ``count`` pictures of the pool's scenes, each about equally often, into a folder.

    A folder that already holds pictures made with the same arguments is used as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = {"count": count, "side": side, "seed": seed, "scenes": len(pool)}
    note, store = folder / "plan.json", folder / "pictures.npy"
    chosen = [pool[index] for index in _spread(len(pool), count, seed)]
    if not (note.exists() and json.loads(note.read_text()) == plan):
        shape = (count, side, side, 3)
        pixels = np.lib.format.open_memmap(store, mode="w+", dtype=np.uint8, shape=shape)
        jobs = ((scene, side, seed * 1_000_003 + k) for k, scene in enumerate(chosen))
        for k, picture in enumerate(_drawn(jobs, processes)):
            pixels[k] = picture
            if progress is not None and k % 1000 == 0:
                progress(k, count)
        pixels.flush()
        note.write_text(json.dumps(plan))
    return Pictures(np.load(store, mmap_mode="r"), chosen)


def _spread(pool: int, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Indices into a pool, every one of it drawn before any is drawn again."""
    rng = np.random.default_rng(seed)
    rounds = -(-count // pool)
    return np.concatenate([rng.permutation(pool) for _ in range(rounds)])[:count]


def _drawn(
    jobs: Iterator[tuple[Scene, int, int]], processes: int
) -> Iterator[npt.NDArray[np.uint8]]:
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_draw, jobs, chunksize=64)


def _draw(job: tuple[Scene, int, int]) -> npt.NDArray[np.uint8]:
    scene, side, seed = job
    rng = np.random.default_rng(seed)
    size = _SIZES[int(rng.integers(len(_SIZES)))]
    picture = render(scene, size=size, time=float(rng.random()), seed=seed)
    return as_encoder_sees(picture, side, int(rng.integers(40, 96)))
