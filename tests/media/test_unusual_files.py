"""Legal files that are seldom met: layouts of channels, deep stills, coarse time bases."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from catalog.errors import UndecodableError
from catalog.media.probe import probe
from catalog.media.sound_layout import plain_name
from catalog.media.timing import measure_timing

FFMPEG = shutil.which("ffmpeg")
needs_ffmpeg = pytest.mark.skipif(FFMPEG is None, reason="SKIPPED: ffmpeg is not installed")


def make(path: Path, *arguments: str) -> Path:
    subprocess.run(
        [FFMPEG, "-v", "error", "-nostdin", "-f", "lavfi", "-i", *arguments, path], check=True
    )
    return path


@needs_ffmpeg
def test_channels_in_quicktimes_order_do_not_end_the_process(tmp_path: Path):
    path = make(
        tmp_path / "a.mov",
        "aevalsrc=0.1|0.1|0.1|0.1|0.1|0.1|0.1|0.1:c=7.1:s=48000:d=0.2",
        *("-c:a", "pcm_s24le"),
    )
    # Freed twice, memory ends the process: so it is another one that is asked.
    code = (
        "import sys, gc; from pathlib import Path\n"
        "from catalog.media.container import open_container\n"
        "from catalog.media.probe import probe\n"
        "path = Path(sys.argv[1])\n"
        "print(probe(path).audio[0].layout)\n"
        "with open_container(path) as container:\n"
        "    print(sum(frame.samples for frame in container.decode(audio=0)))\n"
        "gc.collect()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["7.1", "9600"]), done.stderr


@pytest.mark.parametrize(
    ("name", "count", "plain"),
    [
        ("stereo", 2, "stereo"),
        ("2 channels (FL+LFE)", 2, "FL+LFE"),
        ("8 channels (FL+FR+FC+LFE+SL+SR+BL+BR)", 8, "FL+FR+FC+LFE+BL+BR+SL+SR"),
        ("2 channels (FR+FL)", 2, "2C"),
        ("3 channels (FL+FL+FR)", 3, "3C"),
        ("2 channels (FL+USR64)", 2, "2C"),
    ],
)
def test_only_layouts_that_are_bits_are_named(name: str, count: int, plain: str):
    assert plain_name(name, count) == plain


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "pixels", "stored", "bits"),
    [
        ("a.png", "rgb48be", "rgb48be", 16),
        ("a.png", "rgba64be", "rgba64be", 16),
        ("a.png", "ya16be", "ya16be", 16),
        ("a.tif", "rgb48le", "rgb48le", 16),
        ("a.ppm", "rgb48be", "rgb48be", 16),
        ("a.jp2", "rgb48le", "rgb48le", 16),
        ("a.png", "rgb24", "rgb24", 8),
        ("a.jp2", "rgb24", "rgb24", 8),
    ],
)
def test_stills_have_the_depth_they_are_stored_in(tmp_path: Path, name, pixels, stored, bits):
    path = make(tmp_path / name, "testsrc2=s=48x32:d=0.04", "-frames:v", "1", "-pix_fmt", pixels)
    video = probe(path).video
    assert (video.pixel_format, video.bit_depth) == (stored, bits)


@needs_ffmpeg
def test_companded_sound_is_stored_in_eight_bits(tmp_path: Path):
    path = make(tmp_path / "a.wav", "sine=d=0.1:sample_rate=8000", "-c:a", "pcm_alaw")
    assert probe(path).audio[0].bit_depth == 8


def test_a_picture_that_nothing_decodes_is_no_film_to_transcode(tmp_path: Path):
    path = tmp_path / "a.jxl"
    path.write_bytes(b"\xff\x0a" + bytes(range(64)))
    with pytest.raises(UndecodableError) as caught:
        probe(path)
    assert "H.264" not in caught.value.remedy


@pytest.mark.parametrize(
    ("times", "rate"),
    [
        ([0, *range(2, 51)], 25),  # AVI counts pictures, and one was dropped
        ([*range(50)], 25),
        ([0, 1, 4, 5], Fraction(12)),  # no rate to speak of
    ],
)
def test_a_dropped_picture_is_no_jitter_where_the_clock_ticks_once_a_picture(times, rate):
    found = measure_timing(
        times, Fraction(1, 25), complete=True, claims=[Fraction(25)], average=None
    )
    if rate == 25:
        assert (found.frame_rate, found.variable) == (25, False)
    else:
        assert found.variable


def test_reds_raw_is_refused_for_what_it_is(tmp_path: Path):
    path = tmp_path / "A001_C001_0101AB_001.R3D"
    path.write_bytes(b"\0\0\2\0RED2" + bytes(range(256)) * 40)
    with pytest.raises(UndecodableError, match="RED raw, which only its maker") as caught:
        probe(path)
    assert "proxies" in caught.value.remedy


def test_jpegs_end_to_end_are_a_film_where_the_name_says_so(tmp_path):
    one = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(one, "JPEG")
    for name, count, kind in (
        ("a.mjpeg", 9, "video"),
        ("b.MJPG", 1, "still"),
        ("c.jpg", 9, "still"),
    ):
        path = tmp_path / name
        path.write_bytes(one.getvalue() * count)
        assert probe(path).kind == kind, name


@needs_ffmpeg
def test_matroska_whose_times_begin_late_lasts_as_long_as_it_does(tmp_path: Path):
    path = make(
        tmp_path / "a.mkv",
        "color=s=32x32:r=25:d=2",
        *("-c:v", "mpeg4", "-output_ts_offset", "36000"),
    )
    assert probe(path).duration == 2
