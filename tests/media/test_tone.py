"""High dynamic range becomes what ordinary displays show; ordinary pictures stay as they are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.domain.media import SamplingPolicy
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

PQ, HLG, BT709 = 16, 18, 1
WIDE, NARROW = 9, 1
PATCH = 32


def pq(nits: float) -> float:
    """SMPTE ST 2084, written down a second time."""
    y = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375)


def srgb(light: float) -> int:
    coded = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * coded)


def luma_and_chroma(rgb: tuple[float, float, float], matrix: int) -> tuple[int, int, int]:
    """Ten bits of limited range."""
    kr, kb = (0.2627, 0.0593) if matrix == WIDE else (0.2126, 0.0722)
    red, green, blue = rgb
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    return round(64 + 876 * luma), round(512 + 896 * cb), round(512 + 896 * cr)


def shown(
    path: Path, patches: list[tuple[float, float, float]], transfer: int, primaries: int
) -> list[tuple[int, ...]]:
    """What is kept of patches of coded colour, each a triple of 0 to 1, side by side."""
    planes = np.array([luma_and_chroma(each, primaries) for each in patches], dtype=np.uint16)
    rows = np.repeat(planes.T[:, None, :], PATCH, axis=1).repeat(PATCH, axis=2)
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(25))
        stream.pix_fmt = "yuv444p10le"
        stream.width, stream.height = rows.shape[2], rows.shape[1]
        context = stream.codec_context
        context.color_trc, context.color_primaries = transfer, primaries
        context.colorspace, context.color_range = primaries, 1
        frame = av.VideoFrame(stream.width, stream.height, "yuv444p10le")
        for plane, values in zip(frame.planes, rows, strict=True):
            padded = np.zeros((plane.height, plane.line_size // 2), dtype="<u2")
            padded[:, : plane.width] = values
            plane.update(padded.tobytes())
        frame.color_trc, frame.color_primaries = transfer, primaries
        frame.colorspace, frame.color_range = primaries, 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    kept = next(iter(PictureReader(path, probe(path), SamplingPolicy()))).render()
    half = PATCH // 2
    return [tuple(map(int, kept[half, half + PATCH * n])) for n in range(len(patches))]


def grey(level: float) -> tuple[float, float, float]:
    return (level, level, level)


def test_dark_and_middle_tones_of_pq_are_the_light_they_say(tmp_path: Path):
    nits = [0.0, 10.0, 50.0, 85.0]
    kept = shown(tmp_path / "a.mkv", [grey(pq(n)) for n in nits], PQ, WIDE)
    for (red, green, blue), each in zip(kept, nits, strict=True):
        assert max(abs(v - srgb(each / 203)) for v in (red, green, blue)) <= 4


def test_what_is_brighter_is_rolled_off_and_never_turns(tmp_path: Path):
    nits = [100.0, 203.0, 400.0, 700.0, 1000.0, 4000.0]
    kept = [r for r, _, _ in shown(tmp_path / "a.mkv", [grey(pq(n)) for n in nits], PQ, WIDE)]
    assert kept == sorted(kept)
    assert 215 < kept[1] < 240  # paper in daylight is nearly white, and not lost in it
    assert kept[-2:] == [255, 255]


def test_white_paper_is_the_same_in_hlg_and_pq(tmp_path: Path):
    # BT.2408: 75 % of HLG's signal is 203 nits.
    [[hlg, *_]] = shown(tmp_path / "a.mkv", [grey(0.75)], HLG, WIDE)
    [[perceptual, *_]] = shown(tmp_path / "b.mkv", [grey(pq(203.0))], PQ, WIDE)
    assert abs(hlg - perceptual) <= 3
    assert shown(tmp_path / "c.mkv", [grey(0.0), grey(1.0)], HLG, WIDE) == [(0, 0, 0), (255,) * 3]


def test_colours_of_bt709_within_bt2020_come_out_as_they_were(tmp_path: Path):
    # BT.2087: BT.709's red, green and blue, of eighty nits, in BT.2020's primaries.
    within = [(0.6274, 0.0691, 0.0164), (0.3293, 0.9195, 0.0880), (0.0433, 0.0114, 0.8956)]
    coded = [tuple(pq(80 * part) for part in each) for each in within]
    level = srgb(80 / 203)
    kept = shown(tmp_path / "a.mkv", coded, PQ, WIDE)
    for n, colour in enumerate(kept):
        for channel, value in enumerate(colour):
            assert abs(value - (level if channel == n else 0)) <= 26, (n, colour)
        assert max(colour) == colour[n]


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_ordinary_pictures_keep_their_numbers(tmp_path: Path, level: float):
    [narrow] = shown(tmp_path / "a.mkv", [(level, level / 2, level / 3)], BT709, NARROW)
    assert np.allclose(narrow, [255 * level, 255 * level / 2, 255 * level / 3], atol=2)
    [wide] = shown(tmp_path / "b.mkv", [grey(level)], BT709, WIDE)
    assert np.allclose(wide, 255 * level, atol=3)
