"""The strip shows each moment upright, in few tiles, at the times its index says."""

from __future__ import annotations

import io
import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from media_essence import PAL, UPRIGHT, corner_names, corners
from PIL import Image

from catalog.domain.media import SamplingPolicy
from catalog.media.analyse import analyse
from catalog.media.probe import probe
from catalog.media.strip import MOST_TILES, StripMaker
from catalog.media.writer import write_video

CUE = re.compile(r"([\d:.]+) --> ([\d:.]+)\nstrip\.webp#xywh=(\d+),(\d+),(\d+),(\d+)")


def cues(index: str) -> list[tuple[float, float, tuple[int, ...]]]:
    def seconds(clock: str) -> float:
        hours, minutes, rest = clock.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)

    assert index.startswith("WEBVTT\n\n")
    return [(seconds(a), seconds(b), tuple(map(int, place))) for a, b, *place in CUE.findall(index)]


def strip_of(path):
    found = probe(path)
    analysis = analyse(path, found, SamplingPolicy(), lambda pts, _: str(pts))
    list(analysis)
    return analysis.strip()


@pytest.mark.parametrize("rotation", [0, 90, 180])
def test_tiles_are_upright(tmp_path, rotation):
    stored = np.rot90(corners(180, 320), rotation // 90)
    write_video(tmp_path / "a.mp4", [stored] * 50, frame_rate=PAL, rotation=rotation)
    strip = strip_of(tmp_path / "a.mp4")
    sheet = np.asarray(Image.open(io.BytesIO(strip.sheet)))
    assert sheet.shape[:2] == (strip.height, strip.width)
    assert strip.tiles == 8
    for _, _, (x, y, w, h) in cues(strip.index):
        assert (w, h) == (160, 90)
        assert corner_names(sheet[y : y + h, x : x + w]) == UPRIGHT


def test_a_tile_shows_the_picture_of_its_time(tmp_path):
    shades = [20 + 2 * n for n in range(100)]
    pictures = [np.full((96, 128, 3), shade, np.uint8) for shade in shades]
    write_video(tmp_path / "a.mp4", pictures, frame_rate=PAL)
    strip = strip_of(tmp_path / "a.mp4")
    sheet = np.asarray(Image.open(io.BytesIO(strip.sheet)))
    found = cues(strip.index)
    assert found[0][0] == 0
    assert found[-1][1] == pytest.approx(4.0)
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(found))
    for start, _, (x, y, w, h) in found:
        assert sheet[y : y + h, x : x + w].mean() == pytest.approx(20 + 50 * start, abs=5)


def test_hours_make_no_more_tiles_than_minutes():
    from catalog.domain.media import VideoTrack

    square = Fraction(1)
    track = VideoTrack(0, "h264", None, 64, 48, 64, 48, 0, square, "yuv420p", 8, PAL, False)
    maker = StripMaker(track, Fraction(1))
    small = np.zeros((48, 64, 3), np.uint8)
    for second in range(3 * 3600):
        maker.add(second, lambda: small)
    strip = maker.finish(3 * 3600)
    assert MOST_TILES // 2 <= strip.tiles <= MOST_TILES
    found = cues(strip.index)
    assert found[-1][1] == 3 * 3600
    assert {end - start for start, end, _ in found[:-1]} == {strip.step}
