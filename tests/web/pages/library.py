"""A small library with everything that pages have to show, and a server over it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy import text

from catalog import Catalog
from catalog.db.models import Asset, Clip, Frame
from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video
from catalog.web.server import serve

HOSTILE = "<img src=x onerror=alert(1)> & 'q'.mp4"
HOSTILE_TAG = '"><script>alert(2)</script>'
RTL = "שלום עולם.jpg"
MANY = 130
"""Stills of one collection: more than two pages of results."""


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


# Of each table: what differs in a copy, and which row is copied.
_COPIES = (
    (
        Asset,
        """jsonb_build_object('id', :base + n, 'fingerprint', left(t.fingerprint, 50) || n,
           'name', 'still-' || lpad(n::text, :digits, '0') || '.png')""",
        "t.id = :asset",
    ),
    (Clip, "jsonb_build_object('id', :base + n, 'asset_id', :base + n)", "t.asset_id = :asset"),
    (
        Frame,
        "jsonb_build_object('id', :base + n, 'asset_id', :base + n, 'clip_id', :base + n)",
        "t.asset_id = :asset",
    ),
)


def multiply(catalog: Catalog, name: str, count: int, *, digits: int = 3) -> None:
    """Have a still so many times, by rows: an ingest of each would take its time."""
    asset = catalog.show(name)["id"]
    values = {"asset": asset, "base": 1_000_000, "more": count - 1, "digits": digits}
    with catalog.database.session() as session:
        for model, changes, which in _COPIES:
            table = model.__table__
            names = ", ".join(each.name for each in table.columns if each.computed is None)
            copied = ", ".join(f"c.{each}" for each in names.split(", "))
            statement = f"""
                INSERT INTO {table.fullname} ({names}) OVERRIDING SYSTEM VALUE
                SELECT {copied} FROM {table.fullname} t, generate_series(1, :more) n,
                jsonb_populate_record(t, {changes}) c WHERE {which}"""
            session.execute(text(statement), values)


def fill(catalog: Catalog, folder: Path) -> None:
    """Catalogue the library, with one film that cannot be decoded."""
    news, odd, many = folder / "news", folder / "odd", folder / "many"
    for each in (news, odd, many):
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
    still(many / "still-000.png", (0, 255, 0))
    catalog.ingest(news, collection="News", tags=["port"])
    catalog.ingest(odd, collection="Odd", tags=[HOSTILE_TAG])
    catalog.ingest(many, collection="Many")
    multiply(catalog, "still-000.png", MANY)


@contextmanager
def served(catalog: Catalog, **options: object) -> Iterator[str]:
    """The URL of the catalogue, served in a thread as `catalog web` does."""
    told: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(url: str) -> None:
        told.append(url)
        ready.set()

    def run() -> None:
        try:
            serve(catalog, host="127.0.0.1", port=0, ready=tell, stop=stop, **options)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="web")
    thread.start()
    try:
        assert ready.wait(60)
        assert told, "the server ended before it was ready"
        yield told[0]
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "the server did not end"
