"""Stills of other colours than sRGB: their profile is told, and they become sRGB."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from catalog.media.animation import animation_pictures
from catalog.media.probe import probe
from catalog.media.stills import decode_still

RED_OF_SRGB, GREEN_OF_SRGB = b"rXYZ", b"gXYZ"
FORMATS = {"a.jpg": "RGB", "a.png": "RGBA", "a.tif": "RGB", "a.webp": "RGB"}


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped() -> bytes:
    """A profile whose red is sRGB's green, and the other way round."""
    found = srgb()
    at = {name: found.index(name) for name in (RED_OF_SRGB, GREEN_OF_SRGB)}
    red, green = (found[at[name] + 4 : at[name] + 12] for name in (RED_OF_SRGB, GREEN_OF_SRGB))
    patched = bytearray(found)
    for name, place in ((RED_OF_SRGB, green), (GREEN_OF_SRGB, red)):
        patched[at[name] + 4 : at[name] + 12] = place
    return bytes(patched).replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be"))


def linear() -> bytes:
    """A profile of sRGB's primaries and of light itself, which is called as sRGB's is."""
    found = bytearray(srgb())
    at = found.find(b"para")
    while at >= 0:  # ICC.1, 10.18: Y = (aX + b) ** g from d on, else cX
        numbers = (round(65536 * each) for each in (1, 1, 0, 1, 0))
        struct.pack_into(">H2x5i", found, at + 8, 3, *numbers)
        at = found.find(b"para", at + 4)
    return bytes(found)


def shown(path: Path) -> list[int]:
    """The colour in the middle of the picture that is stored."""
    picture, whole = decode_still(path, 320)
    assert (picture.mode, whole) == ("RGB", True)
    return np.asarray(picture)[24, 32].tolist()


@pytest.mark.parametrize("name", FORMATS)
def test_another_profile_becomes_srgb(tmp_path: Path, name: str):
    path = tmp_path / name
    Image.new("RGB", (64, 48), (220, 20, 30)).convert(FORMATS[name]).save(
        path, icc_profile=swapped()
    )
    assert probe(path).metadata["icc_profile"] == "Wide built-in"
    red, green, _ = shown(path)
    assert green > 200
    assert red < 100
    picture, _ = decode_still(path, 320)
    assert "icc_profile" not in picture.info


def test_srgb_and_broken_profiles_leave_the_picture_alone(tmp_path: Path):
    for number, profile in enumerate((srgb(), b"no profile at all", swapped()[:200])):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 48), (220, 20, 30)).save(path, icc_profile=profile)
        assert shown(path) == [220, 20, 30]
    assert probe(tmp_path / "0.png").metadata["icc_profile"] == "sRGB built-in"
    assert "icc_profile" not in probe(tmp_path / "1.png").metadata


def test_light_that_is_called_srgb_becomes_srgb(tmp_path: Path):
    path = tmp_path / "a.png"
    Image.new("RGB", (64, 48), (128, 64, 0)).save(path, icc_profile=linear())
    assert probe(path).metadata["icc_profile"] == "sRGB built-in"
    # IEC 61966-2-1 of 128/255 and 64/255.
    assert np.abs(np.array(shown(path)) - (188, 137, 0)).max() <= 2


def test_srgb_of_another_name_leaves_the_picture_alone(tmp_path: Path):
    path = tmp_path / "a.png"
    named = srgb().replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be"))
    Image.new("RGB", (64, 48), (220, 20, 30)).save(path, icc_profile=named)
    assert probe(path).metadata["icc_profile"] == "Wide built-in"
    assert decode_still(path, 320)[0].info["icc_profile"] == named


def test_a_webp_that_moves_becomes_srgb(tmp_path: Path):
    path = tmp_path / "a.webp"
    first, second = (Image.new("RGB", (64, 48), (220, blue, 30)) for blue in (20, 60))
    further = {"save_all": True, "append_images": [second], "duration": 100}
    first.save(path, lossless=True, icc_profile=swapped(), **further)
    colours = [rgb[24, 32] for _, _, rgb in animation_pictures(path)]
    assert len(colours) == 2
    assert all(green > 200 for _, green, _ in colours)
    assert all(red < 100 for red, _, _ in colours)


def test_ink_with_a_profile_for_colours_is_shown_as_ink(tmp_path: Path):
    """A profile that is not of the picture's kind says nothing of it."""
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (64, 48), (0, 255, 255, 0)).save(path, icc_profile=swapped())
    red, green, blue = shown(path)
    assert red > 200
    assert max(green, blue) < 60


def test_tags_of_png_heif_and_avif_are_columns(tmp_path: Path):
    png = io.BytesIO()
    Image.new("RGB", (64, 48)).save(png, "PNG")
    chunk = b"cICP" + bytes((9, 16, 0, 1))
    whole = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path = tmp_path / "a.png"
    path.write_bytes(png.getvalue()[:33] + whole + png.getvalue()[33:])
    track = probe(path).video
    assert track is not None
    assert (track.color_primaries, track.color_transfer) == ("bt2020", "smpte2084")
    assert (track.color_space, track.color_range, track.hdr) == ("gbr", "pc", ("pq",))
    path = tmp_path / "a.avif"
    Image.new("RGB", (64, 48)).save(path)
    track = probe(path).video
    assert track is not None
    assert (track.color_primaries, track.color_transfer) == ("bt709", "iec61966-2-1")
