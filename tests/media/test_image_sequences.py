"""Frames with consecutive numbers are one piece of media: found, described, decoded, identified."""

from __future__ import annotations

import os
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from film_frames import attribute, dpx, exr
from media_essence import scene
from PIL import Image

from catalog.domain.media import AssetKind, SamplingPolicy, Shot
from catalog.errors import EmptyFileError, MediaError, UndecodableError, UnreadableFileError
from catalog.media.analyse import Analysis, analyse
from catalog.media.files import find_media
from catalog.media.fingerprint import identify, look, sample_of
from catalog.media.probe import probe
from catalog.media.sequences import Grouping, gather, is_present, name_of

FRAMES = 30


def codes(seed: int) -> np.ndarray:
    """A scene in ten bits, small."""
    return scene(seed, 72, 96).astype(np.uint16) << 2


def shot(folder: Path, numbers: range = range(1, FRAMES + 1), **said: object) -> Path:
    """A sequence with a cut in its middle; its pattern."""
    folder.mkdir(exist_ok=True)
    middle = numbers[len(numbers) // 2]
    for number in numbers:
        picture = np.roll(codes(1 if number < middle else 2), number % 7, axis=1)
        timecode = f"100000{number % 24:02d}"
        dpx(folder / f"shot.{number:04d}.dpx", picture, timecode=timecode, **said)
    return folder / "shot.%04d.dpx"


def run(path: Path, policy: SamplingPolicy | None = None) -> tuple[Analysis, list[Shot]]:
    policy = policy or SamplingPolicy()
    found = probe(path, sequence_rate=policy.sequence_rate)
    analysis = analyse(path, found, policy, lambda pts, _jpeg: str(pts))
    return analysis, list(analysis)


def test_a_folder_of_frames_is_one_path(tmp_path):
    pattern = shot(tmp_path / "a")
    (tmp_path / "a" / "notes.txt").write_text("no media")
    Image.new("RGB", (8, 8)).save(tmp_path / "a" / "IMG_0001.jpg")
    Image.new("RGB", (8, 8)).save(tmp_path / "a" / "IMG_0002.jpg")
    names = [path.name for path in find_media(tmp_path)]
    assert names == ["IMG_0001.jpg", "IMG_0002.jpg", "shot.%04d.dpx"]
    assert len(list(find_media(tmp_path, lambda _: "off"))) == FRAMES + 2
    assert is_present(pattern)
    assert name_of(pattern) == "shot.[0001-0030].dpx"
    assert Grouping().of(tmp_path / "a" / "shot.0007.dpx") == pattern
    assert Grouping().of(tmp_path / "a" / "IMG_0001.jpg").name == "IMG_0001.jpg"
    assert gather(["b.mov", "a.0001.exr", "a.0002.exr"], "auto") == ["b.mov", "a.%04d.exr"]


def test_a_sequence_is_video_with_its_headers_time(tmp_path):
    pattern = shot(tmp_path / "a", range(1001, 1001 + FRAMES), film_rate=25, input_device="SCAN")
    found = probe(pattern)
    assert (found.kind, found.container, found.duration) == (
        AssetKind.VIDEO,
        "image2",
        Fraction(FRAMES, 25),
    )
    assert found.video is not None
    assert (found.video.frame_rate, found.video.frame_count) == (25, FRAMES)
    assert found.timecode == "10:00:00:17"
    assert found.facts.camera_model == "SCAN"
    assert found.metadata["sequence"] == {
        "pattern": "shot.%04d.dpx",
        "first": 1001,
        "last": 1030,
        "frames": FRAMES,
    }
    assert probe(pattern, sequence_rate=23.976).video.frame_rate == Fraction(24000, 1001)
    analysis, shots = run(pattern)
    assert [(each.start_pts, each.end_pts) for each in shots] == [(0, 15), (15, 30)]
    assert (analysis.frames_decoded, analysis.decode_errors) == (FRAMES, 0)
    assert not analysis.variable_frame_rate


def test_without_a_header_it_has_24_pictures_a_second(tmp_path):
    for number in range(12):
        Image.fromarray(scene(5)).save(tmp_path / f"render_{number:03d}.png")
    (pattern,) = find_media(tmp_path, lambda _: "all")
    found = probe(pattern)
    assert (found.duration, found.timecode) == (Fraction(1, 2), None)
    assert len(run(pattern)[1]) == 1


def test_light_in_a_sequence_keeps_its_rate_and_its_looks(tmp_path):
    rate = attribute("framesPerSecond", "rational", struct.pack("<iI", 30000, 1001))
    for number in (1, 2, 3):
        plane = np.full((16, 16), 0.18)
        exr(tmp_path / f"l.{number}.exr", dict.fromkeys("RGB", plane), rate)
    (pattern,) = find_media(tmp_path)
    kept: list[bytes] = []
    found = probe(pattern)
    assert found.video.frame_rate == Fraction(30000, 1001)
    analysis = analyse(
        pattern, found, SamplingPolicy(), lambda _pts, jpeg: kept.append(jpeg) or "k"
    )
    assert [each.end_pts for each in analysis] == [3]
    (tmp_path / "kept.jpg").write_bytes(kept[0])
    assert abs(int(np.asarray(Image.open(tmp_path / "kept.jpg"))[8, 8, 0]) - 118) < 3


def test_holes_are_named_and_broken_frames_counted(tmp_path):
    pattern = shot(tmp_path / "a")
    for number in (7, 20, 21, 22):
        (tmp_path / "a" / f"shot.{number:04d}.dpx").unlink()
    whole = (tmp_path / "a" / "shot.0010.dpx").read_bytes()
    (tmp_path / "a" / "shot.0010.dpx").write_bytes(whole[:900])
    (tmp_path / "a" / "shot.0012.dpx").write_bytes(b"")  # a renderer that was killed
    wide = bytearray(whole)
    struct.pack_into(">II", wide, 772, 100_000, 100_000)
    (tmp_path / "a" / "shot.0013.dpx").write_bytes(bytes(wide))
    found = probe(pattern)
    told = found.metadata["sequence"]
    assert (told["missing_frames"], told["missing"]) == (4, ["7", "20-22"])
    assert (told["frames"], found.duration) == (FRAMES - 4, Fraction(FRAMES, 24))
    analysis, shots = run(pattern)
    assert (analysis.frames_decoded, analysis.decode_errors) == (FRAMES - 7, 4 + 3)
    assert [(each.start_pts, each.end_pts) for each in shots] == [(0, 15), (15, 30)]
    assert len(identify(pattern).fingerprint) == 64


def test_a_broken_first_frame_is_described_by_the_next(tmp_path):
    pattern = shot(tmp_path / "a")
    (tmp_path / "a" / "shot.0001.dpx").write_bytes(b"")
    found = probe(pattern)
    assert (found.timecode, found.duration) == ("10:00:00:01", Fraction(FRAMES, 24))
    assert run(pattern)[1][0].start_pts == 0


def test_frames_that_are_none_fail_with_a_reason(tmp_path):
    for number in range(3):
        (tmp_path / f"x.{number}.dpx").write_bytes(b"no frame at all")
    (pattern,) = find_media(tmp_path)
    with pytest.raises(MediaError, match=r"x\.0\.dpx"):
        probe(pattern)
    good = shot(tmp_path / "a")
    found = probe(good)
    for path in (tmp_path / "a").iterdir():
        path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(UndecodableError, match="None of the pictures"):
        list(analyse(good, found, SamplingPolicy(), lambda _pts, _jpeg: ""))
    shutil.rmtree(tmp_path / "a")
    for read in (probe, identify, look):
        with pytest.raises(UnreadableFileError):
            read(good)


def test_a_sequence_is_its_frames_and_their_numbers(tmp_path):
    pattern = shot(tmp_path / "a")
    told: list[int] = []
    one = identify(pattern, progress=told.append)
    size = sum(path.stat().st_size for path in (tmp_path / "a").iterdir())
    assert (one.state.size, told[-1], told == sorted(told)) == (size, size, True)
    assert sample_of(pattern) == (one.sample, one.state)
    # Another name, another folder: the same.
    other = tmp_path / "b"
    other.mkdir()
    for path in (tmp_path / "a").iterdir():
        shutil.copy2(path, other / path.name.replace("shot.", "renamed_"))
    again = identify(other / "renamed_%04d.dpx")
    assert (again.fingerprint, again.sample) == (one.fingerprint, one.sample)
    # One byte, one frame less, one number: another sequence.
    frame = other / "renamed_0015.dpx"
    content = bytearray(frame.read_bytes())
    content[-1] ^= 1
    frame.write_bytes(bytes(content))
    changed = identify(other / "renamed_%04d.dpx")
    frame.rename(other / "renamed_0031.dpx")
    renumbered = identify(other / "renamed_%04d.dpx")
    (other / "renamed_0031.dpx").unlink()
    less = identify(other / "renamed_%04d.dpx")
    names = {each.fingerprint for each in (one, changed, renumbered, less)}
    assert len(names) == 4


def test_a_change_of_any_frame_is_a_change(tmp_path):
    pattern = shot(tmp_path / "a", range(1, 6))
    before = look(pattern)
    assert look(pattern).untouched_since(before)
    os.utime(tmp_path / "a" / "shot.0003.dpx", ns=(1, 1))
    assert not look(pattern).untouched_since(before)
    before = look(pattern)
    (tmp_path / "a" / "shot.0002.dpx").unlink()
    assert not look(pattern).untouched_since(before)


def test_a_file_called_like_a_pattern_is_a_file(tmp_path):
    path = dpx(tmp_path / "x.%04d.dpx", codes(3))
    assert list(find_media(tmp_path)) == [path]
    assert probe(path).kind is AssetKind.STILL
    assert not is_present(tmp_path / "y.%04d.dpx")
    (tmp_path / "e.0001.dpx").touch()
    with pytest.raises(EmptyFileError):
        identify(tmp_path / "e.0001.dpx")
