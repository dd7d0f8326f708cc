"""Raw pictures that are no TIFF, built here as their descriptions say: CR3, RAF, ORF, RW2."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.errors import MediaError, UndecodableError
from catalog.media.files import looks_like_media
from catalog.media.probe import probe
from catalog.media.stills import open_still, upright

MADE = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def exif(width: int | None = None) -> Image.Exif:
    found = Image.Exif()
    found[271], found[272], found[274] = "Maker", "Model 5", 6
    if width is not None:
        found[256], found[257] = width, 800
    found.get_ifd(0x8769)[0x9003] = "2024:05:01 12:30:00"
    return found


def jpeg(width: int, height: int, color: str, told: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, "JPEG", exif=told or Image.Exif())
    return out.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def tiff(told: Image.Exif) -> bytes:
    return told.tobytes().removeprefix(b"Exif\0\0")


def block(values: dict[int, object]) -> bytes:
    found = Image.Exif()
    found.update(values)
    return tiff(found)


def cr3(path: Path, *, previews: bool = True) -> Path:
    """Canon: EXIF in three pieces, a preview in a box, a large JPEG and the sensor's values."""
    canon = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    beside = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
    first = {271: "Maker", 272: "Model 5", 274: 6, 256: 1200, 257: 800}
    pieces = box(b"CMT1", block(first)) + box(b"CMT2", block({0x9003: "2024:05:01 12:30:00"}))
    pieces += box(b"CMT4", block({1: "N", 2: (50.0, 27.0, 0.0), 3: "E", 4: (30.0, 31.0, 12.0)}))
    small, large = jpeg(60, 40, "blue"), jpeg(120, 80, "red")
    shown = struct.pack(">IHHHHI", 0, 1, 60, 40, 1, len(small)) + small
    preview = box(b"uuid", beside + b"\0" * 8 + box(b"PRVW", shown)) if previews else b""

    def track(at: int, size: int) -> bytes:
        sizes = box(b"stsz", struct.pack(">IIII", 0, 0, 1, size))
        places = box(b"co64", struct.pack(">IIQ", 0, 1, at))
        return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", sizes + places))))

    def whole(at: int) -> bytes:
        tracks = track(at, len(large)) + track(at + len(large), 500)
        moov = box(b"moov", box(b"uuid", canon + pieces) + (tracks if previews else b""))
        return box(b"ftyp", b"crx \0\0\0\1crx isom") + moov + preview

    at = len(whole(0)) + 8
    path.write_bytes(whole(at) + box(b"mdat", large + b"\1\2" * 250))
    return path


def raf(path: Path, *, previews: bool = True) -> Path:
    shown = jpeg(120, 80, "red", exif()) if previews else b"no JPEG at all"
    table = struct.pack(">IHHHH", 1, 0x0100, 4, 800, 1200)
    head = b"FUJIFILMCCD-RAW 0201FF383501X-T5".ljust(84, b"\0")
    head += struct.pack(">4I", 120, len(shown), 120 + len(shown), len(table))
    path.write_bytes(head.ljust(120, b"\0") + shown + table + b"\1\2" * 200)
    return path


def orf(path: Path, *, previews: bool = True) -> Path:
    """Olympus: TIFF under another first word, its JPEG somewhere in it."""
    content = tiff(exif(1200))
    shown = jpeg(30, 20, "blue") + b"\xff\xd8\xff" + b"\7" * 90 + jpeg(120, 80, "red")
    order = b"IIRO" if content.startswith(b"II") else b"MMOR"
    path.write_bytes(order + content[4:] + (shown if previews else b"") + b"\1\2" * 200)
    return path


def rw2(path: Path, *, previews: bool = True) -> Path:
    """Panasonic: a whole JPEG, with the EXIF, as the value of a tag."""
    shown = jpeg(120, 80, "red", exif()) if previews else b"\1" * 50
    edges = b"".join(
        struct.pack("<HHIHH", tag, 3, 1, value, 0)
        for tag, value in ((4, 10), (5, 20), (6, 810), (7, 1220))
    )
    entries = edges + struct.pack("<HHII", 0x2E, 7, len(shown), 8 + 2 + 5 * 12 + 4)
    path.write_bytes(b"IIU\0" + struct.pack("<IH", 8, 5) + entries + b"\0" * 4 + shown)
    return path


def mrw(path: Path, *, previews: bool = True) -> Path:
    """Minolta: sensor and EXIF in blocks; the first byte of its JPEG is written over."""
    sensor = b"27730001" + struct.pack(">2H", 800, 1200) + bytes(12)
    content = tiff(exif())
    blocks = struct.pack(">4sI", b"\0PRD", len(sensor)) + sensor
    blocks += struct.pack(">4sI", b"\0TTW", len(content)) + content
    shown = b"\2" + jpeg(120, 80, "red").replace(JFIF, b"", 1)[1:] if previews else b""
    path.write_bytes(struct.pack(">4sI", b"\0MRM", len(blocks)) + blocks + shown + b"\1\2" * 200)
    return path


def x3f(path: Path, *, previews: bool = True) -> Path:
    """Sigma: the sensor's size at its head, JPEGs somewhere behind."""
    shown = jpeg(30, 20, "blue") + jpeg(120, 80, "red", exif()) if previews else b""
    head = struct.pack("<4s2H20x3I", b"FOVb", 2, 2, 1200, 800, 0)
    path.write_bytes(head.ljust(300, b"\1") + shown + b"\1\2" * 200)
    return path


# What Pillow writes before the first table; JPEGs of cameras have neither.
JFIF = bytes.fromhex(
    "ffe000104a46494600010100000100010000ffe100164578696600004d4d002a00000008000000000000"
)
BUILDERS = {"cr3": cr3, "raf": raf, "orf": orf, "rw2": rw2, "mrw": mrw, "x3f": x3f}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_the_largest_preview_is_the_picture(tmp_path, build: Callable[..., Path]):
    form = build.__name__
    path = build(tmp_path / f"IMG.{form.upper()}")
    assert looks_like_media(path)
    found = probe(path)
    assert (found.kind, found.container, found.recorded) == ("still", form, MADE)
    assert (found.facts.camera_make, found.facts.camera_model) == ("Maker", "Model 5")
    assert found.video is not None
    assert (found.video.width, found.video.height, found.video.rotation) == (1200, 800, 90)
    assert found.metadata["raw"]["preview"] == [120, 80]
    with open_still(path) as image:
        picture = upright(image, 640)
    assert picture.size == (80, 120)
    red, _, blue = np.asarray(picture)[60, 40]
    assert red > 200
    assert blue < 60
    if build is cr3:
        assert (found.facts.latitude, found.facts.longitude) == (50.45, 30.52)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_without_a_preview_it_is_an_honest_error(tmp_path, build):
    with pytest.raises(UndecodableError, match="without a JPEG preview"):
        probe(build(tmp_path / "a", previews=False))


def test_arriraw_says_that_it_has_no_preview(tmp_path):
    path = tmp_path / "A001.ari"
    path.write_bytes(b"ARRI\x12\x34\x56\x78".ljust(5000, b"\1"))
    with pytest.raises(UndecodableError, match="without a JPEG preview"):
        probe(path)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_broken_ones_end_with_a_reason(tmp_path, build):
    """Cut off, and with any byte changed: a description or an error of ours, and nothing else."""
    whole = build(tmp_path / "a").read_bytes()
    rng = np.random.default_rng(3)
    for number in range(60):
        content = bytearray(whole)
        for at in rng.integers(16, min(len(content), 400), 6):
            content[at] = rng.integers(0, 256)
        path = tmp_path / f"b{number}"
        path.write_bytes(bytes(content) if number % 2 else whole[: 20 + number * 11])
        with suppress(MediaError):
            found = probe(path)
            assert found.kind == "still", (number, found)
