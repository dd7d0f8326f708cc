"""Telecined film: its rhythm is told, and a whole picture is kept where there is one."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
from PIL import Image
from test_analyse import run
from test_interlace import HEIGHT, WIDTH, combing, woven

from catalog.media.writer import write_video

NTSC = Fraction(30000, 1001)


def film(count: int, *, pace: int = 14) -> list[np.ndarray]:
    """Pictures of film: two bright bars that move, the other way for each."""
    made = []
    for at in range(count):
        picture = np.full((HEIGHT, WIDTH, 3), 70, np.uint8)
        for top, way in ((0, 1), (HEIGHT // 2, -1)):
            left = way * at * pace % (WIDTH - 80)
            picture[top : top + HEIGHT // 2, left : left + 80] = 230
        made.append(picture)
    return made


def telecined(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Two fields of one picture and three of the next, in turn, put together as frames."""
    spread = [p for at, p in enumerate(pictures) for _ in range(2 + at % 2)]
    return woven(spread[: len(spread) // 2 * 2])


def kept(path):
    found, analysis, _, pictures = run(path)
    read = [np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")) for jpeg in pictures.values()]
    return found, analysis, read


def test_of_telecined_film_whole_pictures_are_kept(tmp_path):
    path = tmp_path / "a.mp4"
    frames = telecined(film(96))
    write_video(path, frames, frame_rate=NTSC)
    found, analysis, read = kept(path)
    assert found.video.field_order in (None, "progressive")
    assert analysis.pulldown == "3:2"
    clean = combing(film(1)[0])
    assert len(read) >= 4
    assert max(combing(picture) for picture in read) < 2 * clean + 1
    assert max(combing(frame) for frame in frames) > 4 * clean + 4  # there was a choice


def test_neither_interlaced_video_nor_film_has_the_rhythm(tmp_path):
    write_video(tmp_path / "i.mp4", woven(film(240, pace=10)), frame_rate=NTSC)
    write_video(tmp_path / "p.mp4", film(120), frame_rate=NTSC)
    for name in ("i.mp4", "p.mp4"):
        _, analysis, read = kept(tmp_path / name)
        assert analysis.pulldown is None
        # Interlaced video that is coded as progressive has no whole picture: one field is kept.
        assert max(combing(picture) for picture in read) < 3


def test_still_passages_do_not_hide_the_rhythm_and_fine_lines_are_no_comb(tmp_path):
    still = [film(1)[0]] * 90
    write_video(tmp_path / "a.mp4", [*still, *telecined(film(96))], frame_rate=NTSC)
    assert kept(tmp_path / "a.mp4")[1].pulldown == "3:2"
    lines = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    lines[::3] = 200
    write_video(tmp_path / "b.mp4", [lines] * 90, frame_rate=NTSC)
    _, analysis, read = kept(tmp_path / "b.mp4")
    assert analysis.pulldown is None
    assert combing(read[0]) > 40, "its lines are all there"
