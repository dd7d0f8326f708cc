from __future__ import annotations

import io
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from media_essence import NTSC, PAL, SIZE, UPRIGHT, black, corner_names, corners, scene, take
from PIL import Image

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.media.analyse import analyse
from catalog.media.probe import probe
from catalog.media.writer import write_video


def run(path, policy=SamplingPolicy(), progress=None):  # noqa: B008
    kept: dict[int, bytes] = {}

    def store(pts: int, jpeg: bytes) -> str:
        assert pts not in kept
        kept[pts] = jpeg
        return f"key-{pts}"

    found = probe(path)
    analysis = analyse(path, found, policy, store, progress)
    shots = list(analysis)
    check_tiling(shots, analysis)
    assert {frame.picture for shot in shots for frame in shot.frames} == {f"key-{p}" for p in kept}
    return found, analysis, shots, kept


def check_tiling(shots, analysis):
    assert [shot.index for shot in shots] == list(range(len(shots)))
    edges = [shots[0].start_pts, *(shot.end_pts for shot in shots)]
    assert edges[0] == 0
    assert edges[-1] == analysis.end_pts
    for shot, start, end in zip(shots, edges, edges[1:], strict=False):
        assert shot.start_pts == start < end == shot.end_pts
        inner = [start, *(frame.end_pts for frame in shot.frames)]
        assert inner[-1] == end
        for frame, left, right in zip(shot.frames, inner, inner[1:], strict=False):
            assert frame.start_pts == left <= frame.pts < right == frame.end_pts


def starts(shots, found, rate):
    """The frame number at which each shot begins."""
    return [round(shot.start_pts * found.time_base * rate) for shot in shots]


def picture(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


@pytest.mark.parametrize("rate", [PAL, NTSC, Fraction(24000, 1001)])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_cuts_are_found_to_the_frame(tmp_path, rate, suffix):
    path = tmp_path / f"a.{suffix}"
    lengths = [40, 25, 60, 33]
    write_video(path, (p for i, n in enumerate(lengths) for p in take(i, n)), frame_rate=rate)
    found, analysis, shots, _ = run(path)
    assert starts(shots, found, rate) == [0, 40, 65, 125]
    assert analysis.frames_decoded == sum(lengths)
    assert analysis.decode_errors == 0
    assert not analysis.variable_frame_rate
    assert abs(analysis.duration - sum(lengths) / rate) < Fraction(1, 500)


def test_cuts_of_a_variable_rate_keep_their_own_times(tmp_path):
    path = tmp_path / "a.mp4"
    pts = [*range(20), *range(20, 80, 3), *range(100, 130), *range(130, 200, 5)]
    pictures = [*take(1, 40), *take(2, 30), *take(3, 14)]
    write_video(path, pictures, frame_rate=PAL, pts=pts)
    found, analysis, shots, _ = run(path)
    assert starts(shots, found, PAL) == [0, 100, 130]
    assert analysis.variable_frame_rate
    assert found.video.variable_frame_rate


def test_a_flash_is_no_cut(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = take(1, 60)
    for at in (20, 40, 41):
        pictures[at] = np.full((*SIZE, 3), 250, np.uint8)
    write_video(path, pictures, frame_rate=PAL)
    assert len(run(path)[2]) == 1


def test_a_fade_through_black_is_one_cut_and_black_is_not_kept(tmp_path):
    path = tmp_path / "a.mp4"
    fade = np.linspace(1, 0, 25)[:, None, None, None]
    one, two = np.array(take(1, 50)), np.array(take(2, 75))
    one[25:] = one[25:] * fade
    two[:25] = two[:25] * fade[::-1]
    write_video(path, [*one, *black(20), *two], frame_rate=PAL)
    found, _, shots, kept = run(path)
    assert len(shots) == 2
    assert 55 <= starts(shots, found, PAL)[1] <= 65
    assert all(picture(jpeg).mean() > 12 for jpeg in kept.values())


def test_black_alone_is_kept_once(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, black(100), frame_rate=PAL)
    _, _, shots, kept = run(path)
    assert len(shots) == len(kept) == 1


def test_a_dark_scene_with_lights_is_not_black(tmp_path):
    path = tmp_path / "a.mp4"
    night = np.zeros((*SIZE, 3), np.uint8)
    night[20:40, 30:50] = (180, 160, 90)
    write_video(path, [night] * 50, frame_rate=PAL)
    _, _, _, kept = run(path)
    assert min(kept) < 13 * 512


def test_cuts_closer_than_the_shortest_shot_are_not_taken(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = [p for i, n in enumerate([30, 6, 30, 5]) for p in take(i, n)]
    write_video(path, pictures, frame_rate=PAL)
    found, _, shots, _ = run(path)
    # 0.24 s after frame 30 and 0.2 s before the end are too short, at 0.4 s.
    assert starts(shots, found, PAL) == [0, 30]
    found, _, shots, _ = run(path, SamplingPolicy(min_shot=0.1))
    assert starts(shots, found, PAL) == [0, 30, 36, 66]


def test_pictures_that_hardly_differ_are_collapsed(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [scene(1)] * 250, frame_rate=PAL)
    _, _, (shot,), kept = run(path)
    (frame,) = shot.frames
    assert frame.collapsed == 9
    assert len(kept) == 1


def test_a_small_thing_that_appears_is_kept(tmp_path):
    path = tmp_path / "a.mp4"
    empty = scene(1)
    peopled = empty.copy()
    peopled[60:90, 120:132] = (250, 60, 60)  # under one percent of the picture
    write_video(path, [empty] * 75 + [peopled] * 75, frame_rate=PAL)
    _, _, (shot,), _ = run(path)
    assert len(shot.frames) == 2
    assert [frame.collapsed for frame in shot.frames] == [2, 2]


def test_the_interval_says_how_often_a_moving_shot_is_sampled(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 200, drift=4), frame_rate=PAL)
    _, _, (often,), _ = run(path, SamplingPolicy(interval=0.5))
    _, _, (seldom,), _ = run(path, SamplingPolicy(interval=2.0))
    assert len(often.frames) == 16
    assert len(seldom.frames) == 4


def test_the_kept_picture_of_an_opening_is_the_sharpest(tmp_path):
    import cv2

    path = tmp_path / "a.mp4"
    blurred = cv2.GaussianBlur(scene(1), (0, 0), 6)
    write_video(path, [blurred] * 8 + [scene(1)] * 17, frame_rate=PAL)
    found, _, (shot,), _ = run(path)
    assert shot.frames[0].pts * found.time_base >= Fraction(8, 25)
    assert shot.frames[0].start_pts == 0


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pictures_are_kept_upright(tmp_path, rotation):
    path = tmp_path / "a.mp4"
    stored = np.ascontiguousarray(np.rot90(corners(120, 200), rotation // 90))
    write_video(path, [stored] * 5, frame_rate=PAL, rotation=rotation)
    _, _, (shot,), kept = run(path)
    (jpeg,) = kept.values()
    assert corner_names(picture(jpeg)) == UPRIGHT
    assert (shot.frames[0].width, shot.frames[0].height) == (200, 120)


def test_pictures_are_kept_in_true_proportion(tmp_path):
    path = tmp_path / "a.mov"
    pictures = [scene(1, 576, 720)] * 3
    write_video(path, pictures, frame_rate=PAL, sample_aspect_ratio=Fraction(64, 45))
    _, _, (shot,), _ = run(path)
    assert (shot.frames[0].width, shot.frames[0].height) == (640, 360)


def test_the_kept_picture_is_the_decoded_one(tmp_path):
    path = tmp_path / "a.mp4"
    pictures = take(5, 10, drift=12)
    write_video(path, pictures, frame_rate=PAL, options={"crf": "4"})
    found, _, _, kept = run(path)
    for pts, jpeg in kept.items():
        apart = [np.abs(picture(jpeg).astype(int) - p).mean() for p in pictures]
        assert int(np.argmin(apart)) == round(pts * found.time_base * 25)
        assert min(apart) < 5


def test_progress_counts_seconds(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 100), frame_rate=PAL)
    seen: list[float] = []
    run(path, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 4.0
    assert len(seen) == 4


def test_a_shot_is_given_out_while_the_rest_is_still_to_come(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [*take(1, 50), *take(2, 300)], frame_rate=PAL)
    analysis = analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts))
    next(iter(analysis))
    assert analysis.frames_decoded < 100


def test_leaving_off_early_closes_the_file(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, [*take(1, 50), *take(2, 50)], frame_rate=PAL)
    shots = analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts)).shots()
    next(shots)
    shots.close()
    path.unlink()


def test_an_error_of_the_store_is_not_swallowed(tmp_path):
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 50), frame_rate=PAL)

    def full(pts: int, jpeg: bytes) -> str:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        list(analyse(path, probe(path), SamplingPolicy(), full))


def test_sound_has_no_shots(tmp_path):
    from test_probe import write_sound

    write_sound(tmp_path / "a.wav")
    found = probe(tmp_path / "a.wav")
    analysis = analyse(tmp_path / "a.wav", found, SamplingPolicy(), lambda pts, _: "")
    assert found.kind is AssetKind.AUDIO
    assert list(analysis) == []
    assert analysis.duration is None


def test_broken_packets_are_skipped_and_counted(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(path, take(1, 100), frame_rate=PAL, options={"g": "10"})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    _, analysis, shots, _ = run(path)
    assert 0 < analysis.frames_decoded < 100
    assert shots


def test_memory_does_not_grow_with_length(tmp_path):
    """Python's own memory (pictures are numpy arrays, so traced) of 34 s against 80 s.

    From 32 s on the strip has all the tiles it will ever hold at once.
    """

    def peak(seconds: int) -> int:
        path = tmp_path / f"{seconds}.mp4"
        # A dozen pictures a second, for every picture costs; the strip goes by seconds.
        pictures = (np.roll(scene(n // 24), n, axis=1) for n in range(12 * seconds))
        write_video(path, pictures, frame_rate=Fraction(12))
        found = probe(path)
        tracemalloc.start()
        try:
            for _ in analyse(path, found, SamplingPolicy(), lambda pts, _: str(pts)):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(4)  # imports and caches
    short, long = peak(34), peak(80)
    # Two kilobytes for each further frame would be more.
    assert long < 1.1 * short + 250_000


def test_an_endless_take_is_continued_as_a_further_shot(tmp_path, monkeypatch):
    import catalog.media.analyse as module

    monkeypatch.setattr(module, "_MOST_FRAMES_OF_A_SHOT", 3)
    path = tmp_path / "a.mp4"
    write_video(path, take(1, 200, drift=4), frame_rate=PAL)
    _, _, shots, _ = run(path)
    assert [len(shot.frames) for shot in shots] == [3, 3, 2]


def test_a_leap_in_time_costs_nothing(tmp_path):
    path = tmp_path / "a.mp4"
    later = 25 * 3600 * 24 * 20
    write_video(path, take(1, 40), frame_rate=PAL, pts=[*range(20), *range(later, later + 20)])
    _, analysis, _, kept = run(path, SamplingPolicy(interval=0.001))
    assert analysis.frames_decoded == 40
    assert len(kept) <= 40


def test_storage_that_goes_away_meanwhile_is_not_the_files_fault(tmp_path, monkeypatch):
    import av.error

    from catalog.errors import UnreadableFileError
    from catalog.media import pictures

    path = tmp_path / "a.mp4"
    write_video(path, take(1, 20), frame_rate=PAL)
    found = probe(path)
    opened = pictures.open_container

    class Fading:
        def __init__(self, container):
            self.container, self.streams = container, container.streams

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.container.close()

        def demux(self, stream):
            path.unlink()
            raise av.error.OSError(5, "Input/output error")
            yield

    monkeypatch.setattr(pictures, "open_container", lambda path, _: Fading(opened(path)))
    with pytest.raises(UnreadableFileError) as raised:
        list(analyse(path, found, SamplingPolicy(), lambda pts, _: str(pts)))
    assert raised.value.retryable
