"""The commands and the Python of docs/nle.md do what it says, on footage of our own."""

from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from test_readme import environment

from catalog.interchange.formats import FORMATS
from catalog.media.writer import write_video

__all__ = ["environment"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "nle.md"
BLOCK = re.compile(r"<!-- run by tests/test_nle_docs\.py -->\n```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def rushes(tmp_path: Path) -> Path:
    folder = tmp_path / "media" / "rushes"
    folder.mkdir(parents=True)
    frames = [np.full((48, 64, 3), (200, 20, 20), np.uint8)] * 50
    write_video(
        folder / "roll-01.mp4", frames, frame_rate=Fraction(25), start_timecode="10:00:00:00"
    )
    return folder


def test_the_commands_and_the_python(rushes: Path, environment: dict[str, str], tmp_path: Path):
    (_, script), (_, program) = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    for command in (
        ["bash", "-euc", script.replace("/media", str(rushes.parent))],
        [sys.executable, "-c", program],
    ):
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 rows; 0 unmatched" in done.stdout
    read = otio.adapters.read_from_file(str(tmp_path / "story.otio"))
    starts = {clip.source_range.start_time.value for clip in read.find_clips()}
    assert starts == {900_000, 900_005}
    assert "/Volumes/Media/rushes/roll-01.mp4" in (tmp_path / "story.fcpxml").read_text()


def test_every_format_is_described():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert {f"| `{name}` |" in text for name in FORMATS} == {True}
