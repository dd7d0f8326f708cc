"""Groups of pictures in which nothing happens are passed over, and no cut is missed for it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from media_essence import PAL

from catalog.domain.media import SamplingPolicy
from catalog.media.analyse import analyse
from catalog.media.probe import probe
from catalog.media.writer import write_video

SECOND = 25
CLOSED = {"g": "12", "bf": "2", "sc_threshold": "0"}
OPEN = {**CLOSED, "x264-params": "open-gop=1"}


def scene(number, length, *, moves=False):
    """A textured picture that stands still but for grain, or through which a bar passes."""
    rng = np.random.default_rng(number)
    texture = rng.integers(0, 256, (18, 32, 3), dtype=np.uint8).repeat(10, 0).repeat(10, 1)
    for at in range(length):
        picture = texture.copy()
        if moves:
            left = 12 * at % 280
            picture[:, left : left + 40] = 255 - picture[:, left : left + 40]
        yield picture


def analysed(path, **policy):
    found = probe(path)
    analysis = analyse(path, found, SamplingPolicy(**policy), lambda pts, _: str(pts), threads=1)
    shots = [round(shot.start_pts * found.time_base * PAL) for shot in analysis]
    return shots, analysis


@pytest.mark.parametrize("options", [CLOSED, OPEN], ids=["closed groups", "open groups"])
# A keyframe is every twelfth picture: cuts on one, before one (where pictures lean on it), between.
@pytest.mark.parametrize("cut", [72, 71, 70, 78])
def test_cuts_are_where_the_full_pass_finds_them(tmp_path, options, cut):
    path = tmp_path / "two.mp4"
    write_video(path, [*scene(1, cut), *scene(2, 144 - cut)], frame_rate=PAL, options=options)

    shots, quick = analysed(path)
    every, full = analysed(path, decode="full")

    assert shots == every == [0, cut]
    assert full.frames_decoded == 144
    assert quick.frames_decoded < 72
    assert quick.end_pts == full.end_pts
    assert not quick.variable_frame_rate


def test_what_moves_is_decoded_in_full(tmp_path):
    path = tmp_path / "moving.mp4"
    write_video(path, scene(3, 96, moves=True), frame_rate=PAL, options=CLOSED)

    assert analysed(path)[1].frames_decoded == 96


def test_a_short_shot_between_two_like_keyframes_is_found(tmp_path):
    path = tmp_path / "cutaway.mp4"
    footage = [*scene(1, 62), *scene(2, 11), *scene(1, 71)]
    write_video(path, footage, frame_rate=PAL, options={**CLOSED, "g": "24"})

    assert analysed(path)[0] == analysed(path, decode="full")[0] == [0, 62, 73]


def test_a_fade_through_black_is_seen(tmp_path):
    path = tmp_path / "fade.mp4"
    one, other = next(scene(1, 1)), next(scene(2, 1))
    down = [(one * share).astype(np.uint8) for share in np.linspace(1, 0, 20)]
    up = [(other * share).astype(np.uint8) for share in np.linspace(0, 1, 20)]
    footage = [*[one] * 50, *down, *[np.zeros_like(one)] * 14, *up, *[other] * 50]
    write_video(path, footage, frame_rate=PAL, options=CLOSED)

    shots, quick = analysed(path)

    assert shots == analysed(path, decode="full")[0]
    assert len(shots) == 2
    assert quick.frames_decoded < len(footage)


@pytest.mark.parametrize(("codec", "suffix"), [("mjpeg", ".mkv"), ("mpeg2video", ".mkv")])
def test_other_codecs(tmp_path, codec, suffix):
    path = tmp_path / f"two{suffix}"
    options = {"strict": "unofficial", "g": "12", "qmin": "2", "qmax": "4"}
    write_video(path, [*scene(1, 80), *scene(2, 80)], frame_rate=PAL, codec=codec, options=options)

    shots, quick = analysed(path)

    assert shots == [0, 80]
    assert quick.frames_decoded < 100


def test_groups_longer_than_a_sample_are_decoded(tmp_path):
    path = tmp_path / "long.mp4"
    write_video(path, scene(4, 150), frame_rate=PAL, options={**CLOSED, "g": "75"})

    assert analysed(path)[1].frames_decoded == 150
    assert analysed(path, interval=4.0)[1].frames_decoded == 150


def test_the_times_of_an_uneven_rate_are_seen_where_nothing_is_decoded(tmp_path):
    path = tmp_path / "uneven.mp4"
    pts = [at + at // 5 * 3 for at in range(120)]
    write_video(path, scene(5, 120), frame_rate=Fraction(50), pts=pts, options={"g": "12"})

    _, quick = analysed(path)

    assert quick.frames_decoded < 60
    assert quick.variable_frame_rate
