"""What a still says by names that we, or Pillow, use for something else is not believed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from catalog.media.pictures import image_to_jpeg
from catalog.media.probe import probe
from catalog.media.stills import decode_still

EVIL = b"evil\x1b[31m\0"
LONG = EVIL + b"x" * 70_000  # more than a remark of JPEG's holds, and than a profile that is kept
NAMES = ("icc_profile", "stored", "stored_bits", "raw", "colors", "iptc", "transparency", "comment")
PROFILE, TEXT, WHOLE_NUMBER = 34675, 2, 4


def red() -> Image.Image:
    return Image.new("RGB", (64, 48), (220, 20, 30))


def kept(path: Path) -> Image.Image:
    """The picture that is stored of a still."""
    picture, whole = decode_still(path, 320)
    assert whole
    return Image.open(io.BytesIO(image_to_jpeg(picture)))


@pytest.mark.parametrize("value", [EVIL, LONG], ids=["short", "long"])
@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("name", NAMES)
def test_texts_of_png_are_not_taken_for_facts(
    tmp_path: Path, name: str, before: bytes, value: bytes
):
    """Those behind the pixels are read only with them."""
    plain, path = tmp_path / "a.png", tmp_path / "b.png"
    red().save(plain)
    text = b"tEXt" + name.encode() + b"\0" + value
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    content = plain.read_bytes()
    at = content.index(before) - 4
    path.write_bytes(content[:at] + chunk + content[at:])
    assert probe(path) == probe(plain)
    assert kept(path).tobytes() == kept(plain).tobytes()


@pytest.mark.parametrize(("kind", "value"), [(TEXT, "no profile"), (WHOLE_NUMBER, 7)])
def test_a_profile_of_tiff_that_is_of_another_kind_is_none(tmp_path: Path, kind: int, value):
    tags = ImageFileDirectory_v2()
    tags.tagtype[PROFILE] = kind
    tags[PROFILE] = value
    path = tmp_path / "a.tif"
    red().save(path, tiffinfo=tags)
    with Image.open(path) as image:
        assert not isinstance(image.info["icc_profile"], bytes)
    assert "icc_profile" not in probe(path).metadata
    assert "icc_profile" not in kept(path).info


def coded(path: Path) -> tuple[str | None, ...]:
    track = probe(path).video
    assert track is not None
    return (track.pixel_format, track.chroma, track.color_space, track.color_range)


def test_webp_without_loss_is_rgb_and_has_no_matrix(tmp_path: Path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    further = [Image.new("RGB", (64, 48), "blue")]
    for number, more in enumerate(
        ({}, {"icc_profile": profile * 3}, {"save_all": True, "append_images": further})
    ):
        path = tmp_path / f"{number}.webp"
        red().save(path, lossless=True, **more)
        assert coded(path) == ("argb", "rgb", None, "pc")
        red().save(path, **more)
        assert coded(path) == ("yuv420p", "4:2:0", "bt470bg", "tv")


def test_jpeg_of_rgb_has_no_matrix(tmp_path: Path):
    path = tmp_path / "a.jpg"
    red().save(path, keep_rgb=True)
    assert coded(path) == ("gbrp", "rgb", None, "pc")
    marker = path.read_bytes()
    at = marker.index(b"\xff\xee")
    # Without Adobe's marker the names of the components say it.
    path.write_bytes(marker[:at] + marker[at + 2 + int.from_bytes(marker[at + 2 : at + 4]) :])
    assert coded(path) == ("gbrp", "rgb", None, "pc")
    red().save(path, subsampling="4:4:4")
    assert coded(path) == ("yuvj444p", "4:4:4", "bt470bg", "pc")
