"""Interlaced material: kept pictures show one moment."""

from __future__ import annotations

import numpy as np
import pytest
from media_essence import PAL, take
from test_analyse import picture, run, starts

from catalog.media.writer import write_video

HEIGHT, WIDTH = 288, 512


def fields(count: int) -> list[np.ndarray]:
    """A bright bar that moves six pixels from field to field."""
    made = []
    for at in range(count):
        field = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        left = at * 6 % (WIDTH - 60)
        field[:, left : left + 60] = 230
        made.append(field)
    return made


def woven(moments: list[np.ndarray]) -> list[np.ndarray]:
    """Frames whose even lines are of one moment and whose odd ones are of the next."""
    frames = []
    for even, odd in zip(moments[::2], moments[1::2], strict=True):
        frame = even.copy()
        frame[1::2] = odd[1::2]
        frames.append(frame)
    return frames


def combing(seen: np.ndarray) -> float:
    """How much lines differ from those above and below: high where two moments are woven."""
    lines = seen.astype(int)[:, :, 1]
    return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "h264", {"flags": "+ilme+ildct"}),
        ("a.mkv", "mpeg2video", {"flags": "+ilme+ildct", "b": "8000k"}),
    ],
)
def test_kept_pictures_of_interlaced_material_are_not_combed(tmp_path, name, codec, options):
    path = tmp_path / name
    frames = woven(fields(100))
    assert combing(frames[20]) > 3
    write_video(path, frames, frame_rate=PAL, codec=codec, options=options)
    found, _, shots, kept = run(path)
    assert len(shots) == 1
    assert found.video.field_order in ("tt", "bb", "tb", "bt")
    for jpeg in kept.values():
        assert picture(jpeg).shape == (HEIGHT, WIDTH, 3)
        assert combing(picture(jpeg)) < 0.5


def test_progressive_pictures_are_left_as_they_are(tmp_path):
    path = tmp_path / "a.mp4"
    frames = woven(fields(20))
    write_video(path, frames, frame_rate=PAL, options={"crf": "4"})
    kept = run(path)[3]
    assert all(combing(picture(jpeg)) > 2 for jpeg in kept.values())


def test_cuts_of_telecined_material_are_found_to_the_frame(tmp_path):
    """Film at 24 frames on video at 30: of every four frames one is shown in the next's lines."""
    path = tmp_path / "a.mp4"
    film = [p for seed in (1, 2) for p in take(seed, 40, drift=3)]
    video = []
    for a, b, c, d in zip(*[iter(film)] * 4, strict=True):
        bc, cd = b.copy(), c.copy()
        bc[1::2], cd[1::2] = c[1::2], d[1::2]
        video += [a, b, bc, cd, d]
    write_video(path, video, frame_rate=PAL, options={"flags": "+ilme+ildct"})
    found, _, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 50]
