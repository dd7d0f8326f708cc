"""A small library with everything that pages have to show, and a server over it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pages import multiply
from catalog import Catalog
from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video

HOSTILE = "<img src=x onerror=alert(1)> & 'q'.mp4"
HOSTILE_TAG = '"><script>alert(2)</script>'
RTL = "שלום עולם.jpg"
MANY = 130
"""Stills of one collection: more than two pages of results."""
PATIENCE_MS = 240_000
"""Of one wait in the browser: it ends as soon as what is awaited is there."""


def film(
    path: Path,
    colours: list[str],
    *,
    rate: Fraction = Fraction(25),
    frames: int = 50,
    timecode: str | None = None,
) -> Path:
    """A film with a shot per colour, a bar moving through each; 320 by 180."""

    def pictures() -> Iterator[np.ndarray]:
        for colour in colours:
            for n in range(frames):
                picture = np.full((180, 320, 3), COLOURS[colour], np.uint8)
                picture[170:, : 320 * n // frames] = 128
                yield picture

    write_video(path, pictures(), frame_rate=rate, start_timecode=timecode)
    return path


def still(path: Path, colour: tuple[int, int, int]) -> Path:
    """A picture of one colour; 96 by 54."""
    Image.new("RGB", (96, 54), colour).save(path)
    return path


def fill(catalog: Catalog, folder: Path) -> None:
    """Catalogue the library, with one film that cannot be decoded."""
    news, odd = folder / "news", folder / "odd"
    for each in (news, odd):
        each.mkdir(parents=True)
    film(news / "harbour.mp4", ["red", "blue", "yellow"], timecode="10:00:00:00")
    (news / "harbour.srt").write_text(
        "1\n00:00:02,100 --> 00:00:03,800\nThe pilot boats leave the harbour\n", encoding="utf-8"
    )
    drop = Fraction(30000, 1001)
    film(news / "drop.mp4", ["green", "white"], rate=drop, frames=45, timecode="00:00:59;00")
    film(odd / HOSTILE, ["blue"])
    still(odd / RTL, (250, 240, 10))
    broken = film(odd / "broken.mp4", ["red"], frames=20)
    content = bytearray(broken.read_bytes())
    begin = content.index(b"mdat") + 4
    size = int.from_bytes(content[begin - 8 : begin - 4], "big")
    content[begin : begin - 8 + size] = bytes(size - 8)
    broken.write_bytes(content)
    catalog.ingest(news, collection="News", tags=["port"])
    catalog.ingest(odd, collection="Odd", tags=[HOSTILE_TAG])
    multiply(catalog, MANY)
