"""Photographs for benchmarks.ingest: cut out of the shared ones, and coded anew at 12 megapixels.

Each has content of its own, a sensor's noise, and EXIF as a camera writes it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "media" / "photo"
WIDTH, HEIGHT = 4000, 3000
_LEAST_EDGE = 500
_QUALITY, _ROOM = 90, 500
_MAKE, _MODEL, _TAKEN, _EXIF_BLOCK, _ORIGINAL, _ISO = 271, 272, 306, 0x8769, 36867, 34855


def photographs(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """Write so many JPEG photographs into a folder; their paths."""
    chance = random.Random(seed)
    sources = list(_sources())
    # What is only enlarged has less to decode than a photograph. Moved along, it is another each
    # time, and costs no second of processor time.
    grain = np.random.default_rng(seed).normal(128, 12, (HEIGHT + _ROOM, WIDTH + _ROOM))
    noise = Image.fromarray(grain.clip(0, 255).astype("u1")).convert("RGB")
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        share = chance.uniform(0.6, 1.0)
        height = share * min(source.height, source.width * HEIGHT / WIDTH)
        width = height * WIDTH / HEIGHT
        left = chance.uniform(0, source.width - width)
        top = chance.uniform(0, source.height - height)
        box = (left, top, left + width, top + height)
        picture = source.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC, box=box)
        right, down = chance.randrange(_ROOM), chance.randrange(_ROOM)
        over = noise.crop((right, down, right + WIDTH, down + HEIGHT))
        picture = Image.blend(picture, over, 0.15)
        path = folder / f"DSC{number:05}.jpg"
        picture.save(path, quality=_QUALITY, exif=_exif(number), subsampling="4:2:2")
        made.append(path)
    return made


def _sources() -> Iterator[Image.Image]:
    """The shared photographs that are large enough to be cut from, and whole."""
    for path in sorted(PHOTOS.glob("*.*")):
        if path.suffix in {".jpg", ".png", ".bmp"}:
            with Image.open(path) as image, suppress(OSError):
                if min(image.size) >= _LEAST_EDGE:
                    yield image.convert("RGB")


def _exif(number: int) -> Image.Exif:
    exif = Image.Exif()
    day = f"2024:{1 + number // 28 % 12:02}:{1 + number % 28:02}"
    exif[_MAKE], exif[_MODEL] = "Fujifilm", "X-T4"
    exif[_TAKEN] = f"{day} 12:00:00"
    exif.get_ifd(_EXIF_BLOCK)[_ORIGINAL] = f"{day} 12:00:00"
    exif.get_ifd(_EXIF_BLOCK)[_ISO] = 200
    return exif
