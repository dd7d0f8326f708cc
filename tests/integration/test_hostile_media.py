"""Files that lie, each in its own way: none costs more than itself."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_footage import still, video

from benchmarks.fuzz import LIMITS, known_codes, leftovers
from catalog import Catalog
from catalog.media.isolated import DecoderPool


def patched(content: bytes, box: bytes, offset: int, value: bytes) -> bytes:
    """The content with some bytes after the name of a box replaced."""
    at = content.index(box) + len(box) + offset
    return content[:at] + value + content[at + len(value) :]


def with_chunk(png: bytes, name: bytes, content: bytes) -> bytes:
    """A PNG with a chunk after its header."""
    check = struct.pack(">I", zlib.crc32(name + content))
    return png[:33] + struct.pack(">I", len(content)) + name + content + check + png[33:]


def referring(content: bytes, to: Path) -> bytes:
    """A film without its pictures, whose data reference says that another file has them."""
    at = content.index(b"url ") - 4
    other = b"file://" + bytes(to) + b"\0"
    entry = struct.pack(">I4sI", 12 + len(other), b"url ", 0) + other
    grown = len(entry) - 12
    longer = bytearray(content[:at] + entry + content[at + 12 :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        size_at = content.index(name) - 4
        (size,) = struct.unpack_from(">I", content, size_at)
        struct.pack_into(">I", longer, size_at, size + grown)
    mdat = longer.index(b"mdat") + 4
    longer[mdat:] = bytes(len(longer) - mdat)
    return bytes(longer)


@pytest.fixture
def liars(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    film = video(folder / "honest.mp4", ["red", "green"], frames=20).read_bytes()
    png = still(folder / "honest.png", mark=5).read_bytes()
    bomb = zlib.compress(bytes(50_000_000), 9)
    most = b"\xff\xff\xff\xff"
    (tmp_path / "elsewhere.mp4").write_bytes(film)
    made = {
        "refers.mp4": referring(film, tmp_path / "elsewhere.mp4"),
        "endless.mp4": patched(patched(film, b"mvhd", 16, most), b"mdhd", 16, most),
        "no-clock.mp4": patched(film, b"mdhd", 12, bytes(4)),
        "fast-clock.mp4": patched(film, b"mdhd", 12, most),
        "long-pictures.mp4": patched(film, b"stts", 12, b"\x7f\xff\xff\xff"),
        "backwards.mp4": patched(film, b"stts", 12, b"\xff\xff\xff\xf0"),
        "many-pictures.mp4": patched(film, b"stts", 8, b"\x7f\xff\xff\xff"),
        "edited.mp4": patched(film, b"elst", 8, most + b"\x7f\xff\xff\xff"),
        "text-bomb.png": with_chunk(png, b"zTXt", b"Comment\0\0" + bomb),
        "profile-bomb.png": with_chunk(png, b"iCCP", b"x\0\0" + bomb),
        "late-size.mp4": patched(film, b"avc1", 24, b"\xff\xff\xff\xff"),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    Image.new("RGB", (1, 1), "red").save(folder / "one.png")
    Image.new("RGB", (1, 20_000), "red").save(folder / "thin.png")
    pages = [Image.fromarray(np.full((8, 8), n % 256, np.uint8)) for n in range(2000)]
    for suffix in (".tif", ".gif", ".webp"):
        pages[0].save(folder / f"pages{suffix}", save_all=True, append_images=pages[1:])
    return folder


def test_files_that_lie_end_each_for_itself(catalog: Catalog, liars: Path):
    pool = DecoderPool(LIMITS)
    with Catalog(catalog.settings, catalog.database, catalog.store, decoders=pool) as mine:
        report = mine.ingest(liars)
        assert leftovers(mine) == []
    assert {failure.code for failure in report.failures} <= known_codes()
    assert report.registered == report.ready + report.failed
    failed = {Path(failure.path).name for failure in report.failures}
    assert not failed & {"honest.mp4", "honest.png", "one.png", "thin.png", "pages.tif"}
    # Of the pictures that lie in another file none was seen.
    assert "refers.mp4" in failed
    lengths = catalog.sql("SELECT max(duration) FROM catalog.asset WHERE name <> 'endless.mp4'")
    assert lengths.rows[0][0] < 10**10
    # What a clock of nought makes of a film's length, its shots are within.
    beyond = """SELECT a.name FROM catalog.asset a JOIN catalog.clip c ON c.asset_id = a.id
        WHERE c.start_pts > a.duration_pts OR c.end_pts - a.duration_pts
            > 0.2 * a.time_base_den / a.time_base_num"""
    assert catalog.sql(beyond).rows == []
    assert catalog.search("red").hits


def test_names_that_would_do_something_to_a_terminal(catalog: Catalog, tmp_path: Path):
    names = [
        b"\x1b[2J\x1b]0;x\x07",
        b"new\nline",
        "\u202egpj".encode(),
        b"\xff\xfe",
        b"\xe2\x80\x8f",
    ]
    folder = tmp_path / "media"
    folder.mkdir()
    for name in names:
        (folder / (os.fsdecode(name) + ".mp4")).write_bytes(b"no film " + name)
    report = catalog.ingest(folder)
    assert report.failed == len(names)
    for failure in report.failures:
        assert not set(failure.path + failure.reason) & set("\u202e\u200f\x1b\n\x07")
        failure.reason.encode()
