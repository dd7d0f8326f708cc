"""What hostile and broken files do, they do to themselves alone."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hostile_home import assert_fails, guarded, honest
from PIL import Image
from small_footage import video

from catalog import Catalog
from catalog.media.isolated import ANALYSER
from catalog.media.isolated_limits import DecodeLimits
from catalog.media.writer import write_video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return honest(tmp_path / "media")


def test_every_other_file_is_hostile(catalog: Catalog, tmp_path: Path):
    kinds = ["abort", "exit", "eat", "abort_late", "killed"]
    for number, name in enumerate(kinds * 2):
        video(tmp_path / "m" / f"{name}-{number}.mp4", ["blue"], mark=2 * number)
        video(tmp_path / "m" / f"good-{number}.mp4", ["red"], mark=2 * number + 1)
    with guarded(catalog) as mine:
        report = mine.ingest(tmp_path / "m")
    assert (report.registered, report.ready, report.failed) == (20, 10, 10)
    assert {Path(f.path).stem.partition("-")[0] for f in report.failures} == set(kinds)


def png(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it is so large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def with_tracks(path: Path, count: int) -> Path:
    """A film of the same track many times over."""
    content = video(path, ["blue"], mark=9).read_bytes()
    moov = content.index(b"moov") - 4
    trak = content.index(b"trak", moov) - 4
    (length,) = struct.unpack_from(">I", content, trak)
    (whole,) = struct.unpack_from(">I", content, moov)
    more = content[trak : trak + length] * (count - 1)
    path.write_bytes(
        content[:moov]
        + struct.pack(">I", whole + len(more))
        + content[moov + 4 : trak + length]
        + more
        + content[trak + length :]
    )
    return path


def test_a_still_of_a_hundred_thousand_pixels_square(catalog: Catalog, folder: Path):
    (folder / "a.png").write_bytes(png(100_000, 100_000))
    assert_fails(catalog, folder, "media_too_large", "10000000000 pixels")


def test_a_header_that_lies(catalog: Catalog, folder: Path):
    (folder / "a.png").write_bytes(png(16_000, 16_000))
    assert_fails(catalog, folder, "undecodable")


def test_a_bomb_that_keeps_to_the_rules_but_not_to_the_memory(catalog: Catalog, folder: Path):
    Image.fromarray(np.zeros((16_000, 16_000), np.uint16)).save(folder / "a.png")
    limits = DecodeLimits(memory=512 * 1024**2)
    with guarded(catalog, limits=limits, analyser=ANALYSER) as mine:
        assert_fails(mine, folder, "decoder_out_of_memory")


def test_ten_thousand_streams(catalog: Catalog, folder: Path):
    with_tracks(folder / "a.mp4", 10_000)
    assert_fails(catalog, folder, "media_too_large", "streams")


def test_a_film_of_pictures_too_large(catalog: Catalog, folder: Path):
    limits = DecodeLimits(most_pixels=64 * 48)
    video(folder / "x9.mp4", ["red"], mark=77)
    pictures = [np.zeros((64, 64, 3), np.uint8)] * 3
    write_video(folder / "a.mp4", pictures, frame_rate=Fraction(25))
    with guarded(catalog, limits=limits, analyser=ANALYSER) as mine:
        assert_fails(mine, folder, "media_too_large", "64x64")


def test_a_film_that_is_partly_broken_is_catalogued_and_flagged(catalog: Catalog, folder: Path):
    path = video(folder / "broken.mp4", ["red", "green", "blue", "white"], frames=50, mark=9)
    content = bytearray(path.read_bytes())
    middle = (content.index(b"mdat") + len(content)) // 2
    content[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(content)
    report = catalog.ingest(folder)
    assert (report.ready, report.failures) == (5, [])
    assert {hit.asset["name"] for hit in catalog.search("is:damaged").hits} == {"broken.mp4"}
    assert catalog.show("broken.mp4")["decode_errors"] > 0
