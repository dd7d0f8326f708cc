"""Codecs that can are decoded no finer than what is kept: same cuts, the same pictures."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from catalog.domain.media import SamplingPolicy
from catalog.media.analyse import analyse
from catalog.media.container import open_container
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

LENGTH = 12


def motion_jpeg(path: Path, width: int) -> Path:
    """Two scenes of smooth colours, the second from the middle on."""
    height = width * 9 // 16
    rng = np.random.default_rng(2)
    with av.open(str(path), "w", format="mov") as output:
        stream = output.add_stream("mjpeg", rate=Fraction(25), options={"qmin": "2", "qmax": "2"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj422p"
        for number in range(LENGTH):
            if number % (LENGTH // 2) == 0:
                coarse = Image.fromarray(rng.integers(0, 256, (9, 16, 3), np.uint8))
                scene = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(scene, "rgb24")))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("width", "decoded"), [(2560, 640), (1280, 1280)])
def test_motion_jpeg(tmp_path: Path, width: int, decoded: int, monkeypatch):
    path, kept, widths = motion_jpeg(tmp_path / "a.mov", width), {}, set()
    shape_of = PictureReader._shape_of

    def noted(reader, frame):
        widths.add(frame.width)
        return shape_of(reader, frame)

    monkeypatch.setattr(PictureReader, "_shape_of", noted)
    policy = SamplingPolicy(min_shot=0.1)
    found = probe(path)
    analysis = analyse(path, found, policy, lambda pts, jpeg: kept.setdefault(pts, jpeg) and "k")
    starts = [round(shot.start_pts * found.time_base * 25) for shot in analysis]
    assert starts == [0, LENGTH // 2]
    assert widths == {decoded}
    with open_container(path) as container:
        whole = next(container.decode(video=0)).to_image()
    picture = np.asarray(Image.open(io.BytesIO(kept[min(kept)])), int)
    assert picture.shape == (360, 640, 3)
    assert np.abs(picture - np.asarray(whole.resize((640, 360)), int)).mean() < 3


def untagged(path: Path, codec: str, width: int, height: int) -> Path:
    """One picture of one colour, which does not say by what matrix."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv422p"
        frame = av.VideoFrame(width, height, "yuv422p")
        for plane, value in zip(frame.planes, (110, 60, 200), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_the_stored_size_says_by_what_matrix(tmp_path: Path):
    colours = {}
    for codec, suffix in (("ffv1", "mkv"), ("jpeg2000", "mov")):
        for width, height in ((1920, 1080), (720, 576)):
            path = untagged(tmp_path / f"{codec}{width}.{suffix}", codec, width, height)
            found = probe(path)
            assert found.video is not None
            assert found.video.color_space is None
            picture = next(iter(PictureReader(path, found, SamplingPolicy())))
            colours[codec, width] = np.array(
                [picture.render()[9, 9], picture.squeezed[9, 9, ::-1]], int
            )
    for width in (1920, 720):
        difference = colours["ffv1", width] - colours["jpeg2000", width]
        assert np.abs(difference).max() <= 4  # of two ways of shrinking
    assert np.abs(colours["ffv1", 1920] - colours["ffv1", 720]).max() > 9
