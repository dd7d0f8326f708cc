from __future__ import annotations

import os
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_essence import NTSC, PAL, corners, take

from catalog.domain.media import AssetKind
from catalog.media.probe import probe
from catalog.media.writer import write_video


def write_sound(path: Path, seconds: float = 0.5) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(int(seconds * 48000) * 4))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_clockwise_and_swaps_the_display_size(tmp_path, rotation):
    path = tmp_path / "a.mp4"
    write_video(path, [corners(96, 160)] * 3, frame_rate=PAL, rotation=rotation)
    video = probe(path).video
    assert video.rotation == rotation
    assert not video.mirrored
    assert (video.width, video.height) == (160, 96)
    turned = rotation in (90, 270)
    assert (video.display_width, video.display_height) == ((96, 160) if turned else (160, 96))


def test_pixels_that_are_not_square(tmp_path):
    path = tmp_path / "a.mov"
    write_video(path, take(1, 3), frame_rate=PAL, sample_aspect_ratio=Fraction(64, 45))
    video = probe(path).video
    assert video.sample_aspect_ratio == Fraction(64, 45)
    assert (video.display_width, video.display_height) == (364, 144)


def test_a_variable_rate_is_told_from_one_dropped_picture(tmp_path):
    slideshow = [0, 3, 4, 9, 20, 21, 22, 40, 55, 56, 60, 75]
    write_video(tmp_path / "v.mp4", take(1, 12), frame_rate=PAL, pts=slideshow)
    write_video(tmp_path / "d.mp4", take(1, 59), frame_rate=PAL, pts=[*range(30), *range(31, 60)])
    assert probe(tmp_path / "v.mp4").video.variable_frame_rate
    dropped = probe(tmp_path / "d.mp4").video
    assert not dropped.variable_frame_rate
    assert dropped.frame_rate == 25


def test_matroska_rounds_times_to_milliseconds_but_the_rate_stays_exact(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(path, take(1, 60), frame_rate=NTSC)
    found = probe(path)
    assert found.time_base == Fraction(1, 1000)
    assert found.video.frame_rate == NTSC
    assert not found.video.variable_frame_rate


def test_colour_tags(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 3), frame_rate=PAL)
    video = probe(path).video
    tags = (video.color_primaries, video.color_transfer, video.color_space, video.color_range)
    assert tags == ("bt709", "bt709", "bt709", "tv")
    assert (video.codec, video.pixel_format, video.bit_depth) == ("h264", "yuv420p", 8)


def test_sound_is_an_asset_of_its_own_kind(tmp_path):
    path = tmp_path / "a.wav"
    write_sound(path)
    found = probe(path)
    assert found.kind is AssetKind.AUDIO
    assert found.video is None
    assert found.duration == Fraction(1, 2)
    assert [(track.codec, track.sample_rate, track.channels) for track in found.audio] == [
        ("pcm_s16le", 48000, 2)
    ]


def test_hostile_tags_are_cleaned(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(
        path, take(1, 3), frame_rate=PAL, metadata={"title": "a\x07b\x1b[31m\tc" + "x" * 20000}
    )
    title = probe(path).title
    assert title.startswith("ab[31m\tcxxx")
    assert len(title) <= 10_000


def test_of_several_video_streams_the_largest_moving_one(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        sizes = [(64, 48), (160, 96), (128, 96)]
        streams = []
        for width, height in sizes:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            streams.append(stream)
        for _ in range(5):
            for stream, (width, height) in zip(streams, sizes, strict=True):
                picture = av.VideoFrame.from_ndarray(
                    np.zeros((height, width, 3), np.uint8), "rgb24"
                )
                container.mux(stream.encode(picture))
        for stream in streams:
            container.mux(stream.encode(None))
    found = probe(path)
    assert (found.video.index, found.video.width) == (1, 160)
    assert [further["index"] for further in found.metadata["further_streams"]] == [0, 2]


def test_the_media_modules_import_lightly():
    modules = [
        "probe",
        "analyse",
        "files",
        "fingerprint",
        "frame_store",
        "stills",
        "writer",
        "shots",
        "sampling",
    ]
    program = "import sys\n" + "".join(f"import catalog.media.{name}\n" for name in modules)
    program += (
        "print(sorted({'cv2','scenedetect','pillow_heif','torch','PIL.Image'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.stdout.strip() == "[]"
