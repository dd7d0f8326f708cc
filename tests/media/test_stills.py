from __future__ import annotations

import io
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from media_essence import UPRIGHT, corner_names, corners, scene
from PIL import Image

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.errors import MediaTooLargeError, UndecodableError
from catalog.media import stills
from catalog.media.analyse import analyse
from catalog.media.orientation import Orientation
from catalog.media.probe import probe

POLICY = SamplingPolicy()
# What EXIF orientations ask a reader to undo: apply the opposite to an upright picture.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: np.rot90(p, 2),
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


def kept_picture(path):
    kept = {}
    (shot,) = analyse(
        path, probe(path), POLICY, lambda pts, jpeg: kept.setdefault(pts, jpeg) and "k"
    )
    (frame,) = shot.frames
    assert (shot.start_pts, shot.end_pts, frame.pts) == (0, 0, 0)
    picture = np.asarray(Image.open(io.BytesIO(kept[0])))
    assert picture.shape == (frame.height, frame.width, 3)
    return picture


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_turns_picture_and_size(tmp_path, orientation):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](corners(120, 200)))
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    video = probe(path).video
    assert (video.display_width, video.display_height) == (200, 120)
    assert (video.height, video.width) == stored.shape[:2]
    assert corner_names(kept_picture(path)) == UPRIGHT


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_tiff_is_turned_once(tmp_path, orientation, compression):
    """Pillow turns it while decoding, and tells the size that it will have then."""
    path = tmp_path / "a.tif"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](corners(120, 200)))
    Image.fromarray(stored).save(path, exif=exif, compression=compression)
    video = probe(path).video
    assert (video.display_width, video.display_height) == (200, 120)
    assert (video.height, video.width) == stored.shape[:2]
    assert corner_names(kept_picture(path)) == UPRIGHT


@pytest.mark.parametrize("orientation", STORED)
def test_a_display_matrix_says_the_same_as_exif(orientation):
    ones = 1 << 16
    x, y = {  # where the stored x and y axes point to when shown, as (a, b) and (c, d)
        1: ((1, 0), (0, 1)),
        2: ((-1, 0), (0, 1)),
        3: ((-1, 0), (0, -1)),
        4: ((1, 0), (0, -1)),
        5: ((0, 1), (1, 0)),
        6: ((0, 1), (-1, 0)),
        7: ((0, -1), (-1, 0)),
        8: ((0, -1), (1, 0)),
    }[orientation]
    matrix = np.array([*(ones * n for n in x), 0, *(ones * n for n in y), 0, 0, 0, 1 << 30], "=i4")
    found = Orientation.from_display_matrix(matrix.tobytes())
    assert found == Orientation.from_exif(orientation)
    assert (
        corner_names(found.apply(np.ascontiguousarray(STORED[orientation](corners(40, 60)))))
        == UPRIGHT
    )


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.jpg", "mjpeg"),
        ("a.png", "png"),
        ("a.webp", "webp"),
        ("a.tiff", "tiff"),
        ("a.bmp", "bmp"),
        ("a.heic", "hevc"),
        ("a.avif", "av1"),
        ("a.jp2", "jpeg2000"),
        ("a.gif", "gif"),
        ("a.ppm", "ppm"),
        ("a.tga", "targa"),
    ],
)
def test_each_kind_of_still(tmp_path, name, codec):
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / name
    Image.fromarray(corners(120, 200)).save(path)
    found = probe(path)
    assert found.kind is AssetKind.STILL
    assert (found.duration, found.time_base) == (None, Fraction(1))
    assert (found.video.codec, found.video.width, found.video.height) == (codec, 200, 120)
    assert found.video.frame_rate is None
    assert corner_names(kept_picture(path)) == UPRIGHT


def test_what_a_file_is_decides_not_its_name(tmp_path):
    path = tmp_path / "picture.mp4"
    Image.fromarray(corners(20, 30)).save(path, "PNG")
    assert probe(path).kind is AssetKind.STILL


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_what_moves_is_video(tmp_path, name):
    path = tmp_path / name
    pictures = [Image.fromarray(scene(seed)) for seed in (1, 2, 3, 4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=500, loop=0)
    found = probe(path)
    assert found.kind is AssetKind.VIDEO
    assert found.video.frame_rate == 2
    kept = []
    analysis = analyse(path, found, POLICY, lambda pts, jpeg: kept.append(pts) or str(pts))
    shots = list(analysis)
    assert analysis.frames_decoded == 4
    assert analysis.duration == 2
    assert shots[0].start_pts == 0
    assert shots[-1].end_pts == 2 / found.time_base


def test_camera_metadata(tmp_path):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker\0\0", "Model 1"
    exif[0x9C9B] = "Naïve título\0".encode("utf-16-le")  # XPTitle
    block = exif.get_ifd(0x8769)
    block[0x9003], block[0x9011] = "2024:05:01 10:00:00", "+02:00"
    block[0xA434] = "35mm f/1.4"
    exif[0x9C9E] = "mer;Göteborg\0".encode("utf-16-le")  # XPKeywords
    block[0x9286] = b"UNICODE\0" + "日本語のコメント".encode("utf-16-le")
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "S", (33.0, 51.0, 30.0), "E", (151.0, 12.0, 0.0)
    Image.fromarray(corners(20, 30)).save(path, exif=exif)
    found = probe(path)
    assert found.recorded == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert "recorded_note" not in found.metadata
    assert found.title == "Naïve título"
    assert found.metadata["keywords"] == ["mer", "Göteborg"]
    assert found.metadata["exif"]["UserComment"] == "日本語のコメント"
    assert found.metadata["exif"]["Make"] == "Maker"
    assert found.metadata["exif"]["LensModel"] == "35mm f/1.4"
    assert found.metadata["gps"] == {"latitude": -33.8583333, "longitude": 151.2}


@pytest.mark.parametrize(
    ("written", "moment", "note"),
    [
        ("2024:05:01 10:00:00", datetime(2024, 5, 1, 10, tzinfo=UTC), "UTC assumed"),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("1970:01:01 00:00:00", None, None),
    ],
)
def test_a_camera_that_names_no_offset_or_no_time(tmp_path, written, moment, note):
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0132] = written
    Image.fromarray(corners(20, 30)).save(path, exif=exif)
    found = probe(path)
    assert found.recorded == moment
    assert found.metadata.get("recorded_note") == note


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    path = tmp_path / "a.png"
    ramp = np.linspace(0, 65535, 100 * 100).reshape(100, 100).astype(np.uint16)
    Image.fromarray(ramp).save(path)
    picture = kept_picture(path)
    assert abs(int(picture[50, 50, 0]) - 127) < 8
    assert probe(path).video.bit_depth == 16


def test_what_is_transparent_shows_white(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(path)
    assert kept_picture(path).min() > 250


def test_colours_keep_their_profile(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "a.jpg"
    Image.fromarray(scene(1)).save(path, icc_profile=profile)
    kept = {}
    list(analyse(path, probe(path), POLICY, lambda pts, jpeg: kept.setdefault(pts, jpeg) and "k"))
    assert Image.open(io.BytesIO(kept[0])).info["icc_profile"] == profile


def test_large_stills_are_shrunk_and_small_ones_are_not_enlarged(tmp_path):
    Image.fromarray(scene(1, 900, 1600)).save(tmp_path / "large.jpg")
    Image.fromarray(scene(1, 90, 160)).save(tmp_path / "small.jpg")
    assert kept_picture(tmp_path / "large.jpg").shape == (360, 640, 3)
    assert kept_picture(tmp_path / "small.jpg").shape == (90, 160, 3)


def test_a_large_jpeg_is_decoded_no_larger_than_needed_and_looks_the_same(tmp_path):
    """At a quarter, as twelve megapixels are for 640: it was a half."""
    path = tmp_path / "a.jpg"
    picture = Image.fromarray(scene(1, 48, 64)).resize((1024, 768), Image.Resampling.BICUBIC)
    picture.save(path, quality=92)
    with stills.open_still(path) as image:
        found = stills.upright(image, 128)
        assert image.size == (256, 192)
    with Image.open(path) as image:
        whole = image.resize((128, 96), Image.Resampling.LANCZOS)
    error = np.asarray(found, np.float64) - np.asarray(whole, np.float64)
    assert 10 * np.log10(255**2 / (error**2).mean()) > 40  # decibels; quality 85 loses more


def test_a_still_beyond_the_limit_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("1", (400, 300)).save(path)
    monkeypatch.setattr(stills, "MAX_PIXELS", 100_000)
    with pytest.raises(MediaTooLargeError, match="400x300"):
        probe(path)


def test_a_decompression_bomb(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 16_000)).save(path)
    with pytest.raises(MediaTooLargeError, match="too large"):
        probe(path)


def test_a_picture_cut_off(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(scene(1)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    analysis = analyse(path, probe(path), POLICY, lambda pts, _: str(pts))
    assert [len(shot.frames) for shot in analysis] == [1]
    assert analysis.decode_errors == 1


def test_a_picture_of_which_nothing_is_left(tmp_path):
    """A first block of a JPEG is no picture, although it decodes."""
    path = tmp_path / "a.jpg"
    Image.fromarray(scene(1, 480, 640)).save(path)
    content = path.read_bytes()
    begins = content.index(b"\xff\xda")
    path.write_bytes(content[: begins + 60])
    with pytest.raises(UndecodableError, match=r"a\.jpg"):
        kept_picture(path)


def test_an_avif_that_moves_is_video(tmp_path):
    pictures = [
        Image.fromarray(np.full((48, 64, 3), (20 * at, 30, 60), np.uint8)) for at in range(6)
    ]
    path = tmp_path / "a.avif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    found = probe(path)
    assert (found.kind, found.duration) == (AssetKind.VIDEO, Fraction(6, 10))
    analysis = analyse(path, found, POLICY, lambda _pts, _jpeg: "k")
    assert sum(1 for _ in analysis) == 1
    assert analysis.frames_decoded == 6
    pictures[0].save(path)
    assert probe(path).kind is AssetKind.STILL


def test_memory_that_runs_out_is_not_called_damage(tmp_path, monkeypatch):
    def too_much(*_):
        raise MemoryError

    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    monkeypatch.setattr(stills, "upright", too_much)
    with pytest.raises(UndecodableError) as caught:
        stills.decode_still(path, 64)
    # The decoding process tells of this cause, and of no other.
    assert isinstance(caught.value.__cause__, MemoryError)


@pytest.mark.parametrize("size", [(4000, 1), (1, 4000), (20_000, 3), (30_000, 12), (3840, 2158)])
@pytest.mark.parametrize("edge", [320, 768])
def test_however_thin_a_photograph_is(tmp_path: Path, size: tuple[int, int], edge: int):
    """It is decoded at a part of its size, which is at least one pixel."""
    path = tmp_path / "thin.jpg"
    Image.new("RGB", size, (200, 40, 40)).save(path)
    with Image.open(path) as image:
        picture = stills.upright(image, edge)
    assert max(picture.size) == edge
    assert min(picture.size) >= 1
    assert picture.getpixel((0, 0))[0] > 150
