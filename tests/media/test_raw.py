"""Raw pictures of cameras, built here as TIFF: the preview is the picture, the rest the file's."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from catalog.errors import UndecodableError
from catalog.media.probe import probe
from catalog.media.stills import open_still, upright

SHORT, LONG, ASCII, BYTE = 3, 4, 2, 1


def jpeg(width: int, height: int, color: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, "JPEG")
    return out.getvalue()


def directory(at: int, entries: list[tuple[int, int, int, bytes]], after: int = 0) -> bytes:
    """A directory at this offset, its long values behind it."""
    head, tail = b"", b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in sorted(entries):
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", start + len(tail))
        tail += b"" if len(value) <= 4 else value + b"\0" * (len(value) % 2)
        head += struct.pack("<HHI", tag, kind, count) + inline
    return struct.pack("<H", len(entries)) + head + struct.pack("<I", after) + tail


def raw_file(path: Path, *, previews: bool = True) -> Path:
    """A thumbnail in the first directory, sensor values and a large preview within it."""
    small, large = jpeg(16, 12, "blue"), jpeg(120, 80, "red")
    data = {"small": 8, "large": 8 + len(small), "sensor": 8 + len(small) + len(large)}
    sensor = b"\1\2" * 96
    first = data["sensor"] + len(sensor)
    room = 400  # for each directory

    def numbers(*values: int) -> bytes:
        return struct.pack(f"<{len(values)}I", *values)

    def strip(name: str, length: int, photometric: int) -> list[tuple[int, int, int, bytes]]:
        return [
            (259, SHORT, 1, struct.pack("<H", 7 if previews else 1)),
            (262, SHORT, 1, struct.pack("<H", photometric)),
            (273, LONG, 1, numbers(data[name])),
            (279, LONG, 1, numbers(length)),
        ]

    make = b"Nikon\0"
    top = [
        (271, ASCII, len(make), make),
        (272, ASCII, 6, b"D 850\0"),
        (274, SHORT, 1, struct.pack("<H", 6)),
        (330, LONG, 2, numbers(first + room, first + 2 * room)),
        (50706, BYTE, 4, b"\1\4\0\0"),
        *strip("small", len(small), 6),
    ]
    size = [(256, LONG, 1, numbers(1200)), (257, LONG, 1, numbers(800))]
    size.append((258, SHORT, 1, struct.pack("<H", 14)))
    values = [*size, *strip("sensor", len(sensor), 32803)]
    shown = strip("large", len(large), 6)
    body = small + large + sensor
    for at, entries in ((0, top), (1, values), (2, shown)):
        body += directory(first + at * room, entries).ljust(room, b"\0")
    path.write_bytes(b"II*\0" + struct.pack("<I", first) + body)
    return path


@pytest.mark.parametrize("name", ["a.dng", "a.nef", "dng without a suffix"])
def test_the_largest_preview_is_the_picture(tmp_path, name):
    path = raw_file(tmp_path / name)
    found = probe(path)
    assert (found.facts.camera_make, found.facts.camera_model) == ("Nikon", "D 850")
    video = found.video
    assert (video.width, video.height, video.bit_depth) == (1200, 800, 14)
    assert (video.display_width, video.display_height, video.rotation) == (800, 1200, 90)
    assert found.metadata["raw"]["preview"] == [120, 80]
    with open_still(path) as image:
        picture = upright(image, 640)
    assert picture.size == (80, 120)
    red, _, blue = picture.getpixel((40, 60))
    assert red > 200
    assert blue < 60


def test_without_a_preview_it_is_an_honest_error(tmp_path):
    with pytest.raises(UndecodableError, match="without a JPEG preview"):
        probe(raw_file(tmp_path / "a.dng", previews=False))


def test_directories_that_go_round_end(tmp_path):
    path = raw_file(tmp_path / "a.dng")
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    path.write_bytes(data)
    assert probe(path).metadata["raw"]["format"] == "dng"


def test_a_plain_tiff_stays_one(tmp_path):
    path = tmp_path / "a.tif"
    Image.new("RGB", (40, 30), "green").save(path)
    found = probe(path)
    assert (found.container, found.video.codec, found.video.width) == ("tiff", "tiff", 40)
