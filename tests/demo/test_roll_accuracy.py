"""A-roll and B-roll of generated footage with synthesised speech, by sound and by subtitles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.roll import figures_of, measure
from benchmarks.roll_footage import make_episodes

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None,
    reason="NOT TESTED how well rolls are told: espeak-ng is not installed (apt-get install)",
)


def test_nearly_every_shot_is_told_right_by_sound_and_by_subtitles(open_folder: Path):
    # Another seed than the weights of speech were fitted to.
    episodes = make_episodes(open_folder / "footage", count=3, shots=12, seed=5)
    assert {shot.roll for episode in episodes for shot in episode.shots} == {"A", "B"}
    for way, told in measure(open_folder, episodes, seed=5).items():
        figures = figures_of(told)
        assert (figures["shots"], figures["known"]) == (36, 36), way
        assert figures["accuracy"] >= 0.95, (way, figures)
