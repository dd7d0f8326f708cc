"""What the default passes over of the shared footage holds no cut that the full pass finds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from media_essence import PAL, REAL_MEDIA

from catalog.domain.media import SamplingPolicy
from catalog.media.analyse import Analysis, analyse
from catalog.media.probe import probe
from catalog.media.writer import write_video

FOLDER = REAL_MEDIA / "video"
# The files of the folder of which the default decodes less, and the share that it does at most.
PASSED_OVER = {
    "intel_one-by-one-person-detection.mp4": 0.5,
    "media3_pixel-motion-photo-2-hevc-tracks.mp4": 0.95,
}
# Cameras that stand still, and the picture with which each part of the edit begins.
PARTS = (
    ("intel_one-by-one-person-detection.mp4", 0),
    ("intel_people-detection.gif", 0),
    ("intel_classroom.gif", 0),
    ("intel_one-by-one-person-detection.mp4", 20),
    ("intel_fruit-and-vegetable-detection.gif", 0),
)
LENGTHS = (70, 61, 83, 48, 74)
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"SKIPPED: the real footage is not at {FOLDER}"
)


def analysed(path: Path, decode: str) -> tuple[list[Fraction], Analysis]:
    found = probe(path)
    policy = SamplingPolicy(decode=decode)
    analysis = analyse(path, found, policy, lambda pts, _: str(pts), threads=2)
    return [shot.start_pts * found.time_base for shot in analysis], analysis


@pytest.mark.parametrize("name", PASSED_OVER)
def test_the_default_finds_what_the_full_pass_finds(name: str):
    quick_shots, quick = analysed(FOLDER / name, "auto")
    every_shot, full = analysed(FOLDER / name, "full")
    assert quick_shots == every_shot
    assert quick.end_pts == full.end_pts
    assert quick.frames_decoded < PASSED_OVER[name] * full.frames_decoded


def part(name: str, first: int, length: int) -> Iterator[np.ndarray]:
    """Pictures of a file at 320 by 180; the last of a short one stays."""
    with av.open(str(FOLDER / name)) as container:
        picture = None
        for frame in islice(container.decode(video=0), first, first + length):
            picture = frame.reformat(320, 180, "rgb24").to_ndarray()
            length -= 1
            yield picture
        for _ in range(length):
            assert picture is not None
            yield picture


def test_cuts_between_cameras_that_stand_still_are_found(tmp_path: Path):
    """An edit of real parts, whose cuts lie anywhere in open groups of twelve pictures."""
    path = tmp_path / "edit.mp4"
    pictures = (
        picture
        for (name, first), length in zip(PARTS, LENGTHS, strict=True)
        for picture in part(name, first, length)
    )
    options = {"g": "12", "bf": "2", "sc_threshold": "0", "x264-params": "open-gop=1"}
    write_video(path, pictures, frame_rate=PAL, options=options)
    quick_shots, quick = analysed(path, "auto")
    every_shot, full = analysed(path, "full")
    cuts = [Fraction(sum(LENGTHS[:number])) / PAL for number in range(len(LENGTHS))]
    assert quick_shots == every_shot == cuts
    assert quick.frames_decoded < full.frames_decoded == sum(LENGTHS)
