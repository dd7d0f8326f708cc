"""The commands and the Python of docs/recommend.md do what it says, on footage of our own."""

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

from catalog.media.writer import write_video

__all__ = ["environment"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "recommend.md"
BLOCK = re.compile(r"<!-- run by tests/test_recommend_docs\.py -->\n```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def rushes(tmp_path: Path) -> Path:
    """Four shots of five seconds: the first three are clips 1 to 3."""
    folder = tmp_path / "media" / "rushes"
    folder.mkdir(parents=True)
    colours = ((200, 20, 20), (20, 20, 200), (20, 200, 20), (200, 200, 20))
    frames = [np.full((48, 64, 3), colour, np.uint8) for colour in colours for _ in range(125)]
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
    assert re.search(r"^   1 .* locked", done.stdout, re.MULTILINE)
    read = otio.adapters.read_from_file(str(tmp_path / "story.otio"))
    [first, second] = read.find_clips()
    assert {track.name for track in read.tracks if list(track.find_clips())} == {"V2"}
    assert first.metadata["catalog"]["clip"] == 1
    assert second.metadata["catalog"]["clip"] != 2
    assert first.markers[0].name.startswith("1. A red car drives through the rain.")
