from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from media_essence import NTSC, PAL, scene, take

from catalog.errors import InvalidInputError
from catalog.media.probe import probe
from catalog.media.writer import write_video


@pytest.mark.parametrize(
    ("name", "rate", "timecode"),
    [
        ("a.mp4", NTSC, "01:00:00;00"),
        ("a.mov", PAL, "10:00:00:00"),
        ("a.mp4", Fraction(24000, 1001), "00:59:59:23"),
        ("a.mov", Fraction(60000, 1001), "23:59:59;59"),
    ],
)
def test_what_is_written_reads_back(tmp_path, name, rate, timecode):
    path = tmp_path / name
    written = write_video(
        path,
        take(1, 30),
        frame_rate=rate,
        start_timecode=timecode,
        metadata={"title": 'A "title", übersetzt', "creation_time": "2024-05-01T10:00:00Z"},
    )
    found = probe(path)
    assert written == 30
    assert found.timecode == timecode
    assert found.video.frame_rate == rate
    assert found.video.frame_count == 30
    assert found.duration == 30 / rate
    assert found.title == 'A "title", übersetzt'
    assert found.recorded.isoformat() == "2024-05-01T10:00:00+00:00"
    assert not found.video.variable_frame_rate


def test_own_tags_are_kept(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 3), frame_rate=PAL, metadata={"collection": "News"})
    assert probe(path).metadata["tags"]["collection"] == "News"


def test_colours_survive(tmp_path):
    path = tmp_path / "a.mp4"
    picture = scene(3)
    write_video(path, [picture] * 5, frame_rate=PAL, options={"crf": "4"})
    with av.open(str(path)) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(decoded.astype(int) - picture).mean() < 4


def test_pictures_are_taken_one_by_one(tmp_path):
    alive = 0
    most = 0

    def pictures():
        nonlocal alive, most
        for picture in take(1, 20):
            alive += 1
            most = max(most, alive)
            yield picture
            alive -= 1

    write_video(tmp_path / "a.mp4", pictures(), frame_rate=PAL)
    assert most == 1


@pytest.mark.parametrize(
    "pictures",
    [
        [],
        [np.zeros((15, 16, 3), np.uint8)],
        [np.zeros((16, 16), np.uint8)],
        [np.zeros((16, 16, 3), np.float32)],
        [np.zeros((16, 16, 3), np.uint8), np.zeros((32, 16, 3), np.uint8)],
    ],
    ids=["none", "odd", "grey", "float", "two sizes"],
)
def test_pictures_that_do_not_fit_leave_no_file(tmp_path, pictures):
    with pytest.raises(InvalidInputError):
        write_video(tmp_path / "a.mp4", pictures, frame_rate=PAL)
    assert list(tmp_path.iterdir()) == []


def test_a_break_off_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def pictures():
        yield scene(1)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_video(path, pictures(), frame_rate=PAL)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == b"old"
