"""Every broken file fails with a `MediaError` of its own that names it; nothing hangs."""

from __future__ import annotations

import os
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from media_essence import NTSC, PAL, scene, take

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.domain.paths import shown_path
from catalog.errors import (
    EmptyFileError,
    MediaError,
    NotMediaError,
    UndecodableError,
    UnreadableFileError,
)
from catalog.media.analyse import analyse
from catalog.media.fingerprint import fingerprint
from catalog.media.probe import probe
from catalog.media.signatures import _FFMPEG_MAGIC, _ISO_BOXES, _PILLOW_MAGIC
from catalog.media.truncation import TruncatedError, missing_bytes
from catalog.media.writer import write_video


def ingest(path: Path) -> int:
    """Frames kept of a file, through everything that is done to one."""
    fingerprint(path)
    shots = analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts))
    return sum(len(shot.frames) for shot in shots)


def failure(path: Path) -> MediaError:
    with pytest.raises(MediaError) as raised:
        ingest(path)
    error = raised.value
    assert shown_path(path) in error.message
    assert "expected" in error.message
    assert error.remedy
    assert error.details["path"] == shown_path(path)
    str(error).encode()
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize(
    "name", ["a.mp4", "a.mxf", "a.jpg", "a.wav", "a.mkv", "a.gif", "a.ts", "a.heic", "a.mp3", "a"]
)
@pytest.mark.parametrize(
    "content",
    [
        b"This is a text, whatever it is called.\n" * 50,
        b"\0" * 100_000,
        np.random.default_rng(7).bytes(100_000),
        b"1\n00:00:01,000 --> 00:00:02,000\nA subtitle\n\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"<html><body>404 not found</body></html>",
        b"x",
    ],
    ids=["text", "zeros", "noise", "subtitles", "playlist", "concat", "page", "byte"],
)
def test_what_is_no_media_is_refused_whatever_its_name(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert isinstance(failure(path), (NotMediaError, UndecodableError))


def test_a_text_called_mp4_is_not_media(tmp_path):
    path = tmp_path / "interview.mp4"
    path.write_text("Not a film.\n" * 100)
    error = failure(path)
    assert type(error) is NotMediaError
    assert "although it is called .mp4" in error.message


def test_no_bytes(tmp_path):
    (tmp_path / "a.mp4").touch()
    assert type(failure(tmp_path / "a.mp4")) is EmptyFileError


def test_nothing_there(tmp_path):
    assert type(failure(tmp_path / "a.mp4")) is UnreadableFileError


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    assert type(failure(tmp_path / "a.mp4")) is UnreadableFileError


def test_an_mp4_without_its_index(tmp_path):
    whole = tmp_path / "whole.mov"
    write_video(whole, take(1, 50), frame_rate=PAL, options={"crf": "4"})
    content = whole.read_bytes()
    moov = content.index(b"moov") - 4
    mdat = content.index(b"mdat") - 4
    assert moov < mdat  # written with faststart; take the index away
    path = tmp_path / "cut.mov"
    path.write_bytes(content[:moov] + content[mdat : mdat + (len(content) - mdat) // 2])
    error = failure(path)
    assert type(error) is TruncatedError
    assert error.details["missing"] > 0


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mxf", "mpeg2video"), (".mp4", "libx264"), (".mkv", "libx264"),
                          (".avi", "mpeg4")]
)  # fmt: skip
@pytest.mark.parametrize("share", [0.02, 0.6, 0.9])
def test_a_file_cut_off_is_damaged_or_fails_but_is_never_whole(tmp_path, suffix, codec, share):
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    pictures = [np.roll(scene(1, 288, 352), n, axis=1) for n in range(50)]
    write_video(whole, pictures, frame_rate=PAL, codec=codec)
    assert damage(whole) == 0
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert missing_bytes(whole) == 0 < missing_bytes(path)
    if share == 0.02:
        assert isinstance(failure(path), UndecodableError)
    else:
        assert damage(path) >= 1


def damage(path) -> int:
    """How many errors the analysis met."""
    analysis = analyse(path, probe(path), SamplingPolicy(), lambda _pts, _jpeg: "")
    assert list(analysis)
    return analysis.decode_errors


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp", ".gif"])
def test_a_still_cut_off_is_shown_as_far_as_it_decodes(tmp_path, suffix):
    from PIL import Image

    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    Image.fromarray(scene(1, 288, 352)).save(whole)
    assert damage(whole) == 0
    content = whole.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.6)])
    assert damage(path) == 1


def test_a_still_of_which_nothing_decodes_fails(tmp_path):
    from PIL import Image

    Image.fromarray(scene(1, 288, 352)).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    path = tmp_path / "cut.png"
    path.write_bytes(content[: content.index(b"IDAT") + 8])
    assert isinstance(failure(path), UndecodableError)


def test_a_film_whose_pictures_are_all_broken(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(path, take(1, 50), frame_rate=PAL)
    content = bytearray(path.read_bytes())
    start = content.index(b"\x1f\x43\xb6\x75") + 16  # past the first cluster's head
    content[start:] = b"\x55" * (len(content) - start)
    path.write_bytes(content)
    assert isinstance(failure(path), UndecodableError)


def test_a_film_cut_off_gives_what_it_has(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(path, take(1, 100, drift=3), frame_rate=PAL)
    path.write_bytes(path.read_bytes()[:-10_000])
    assert ingest(path) > 0


@pytest.mark.parametrize(
    "name",
    [
        b"new\nline.mp4",
        b'quo\'te "double".mp4',
        b"bad\xff\xfe bytes.mp4",
        b"-dash %03d [1] * ?.mp4",
        b"file:x.mp4",
        "日本語 ñ \U0001f3ac.mp4".encode(),
        b"x" * 240 + b".mp4",
    ],
    ids=["newline", "quotes", "invalid utf-8", "shell", "scheme", "unicode", "long"],
)
@pytest.mark.parametrize("suffix", [".mp4", ".wav", ".png"])
def test_awkward_names_are_no_obstacle(tmp_path, name, suffix):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name.removesuffix(b".mp4"))).with_name(
        os.fsdecode(name.removesuffix(b".mp4")) + suffix
    )
    plain = tmp_path / f"plain{suffix}"
    if suffix == ".mp4":
        write_video(plain, take(1, 30), frame_rate=NTSC)
    elif suffix == ".png":
        from PIL import Image

        Image.fromarray(scene(1)).save(plain)
    else:
        with wave.open(str(plain), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(16000))
    plain.rename(path)
    found = probe(path)
    assert (ingest(path) > 0) == (found.kind is not AssetKind.AUDIO)


@pytest.mark.parametrize("name", [b"new\nline.mp4", b"bad\xff.mp4", b"\x1b[31m.mp4"])
def test_awkward_names_are_printed_on_one_line(tmp_path, name):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"no media")
    failure(path)


def test_a_relative_path_cannot_be_taken_for_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "a.mp4", take(1, 5), frame_rate=PAL)
    Path("a.mp4").rename("concat:a|b.mp4")
    assert probe(Path("concat:a|b.mp4")).video.frame_count == 5


def test_damage_anywhere_neither_hangs_nor_crashes(tmp_path):
    """Bytes overwritten at random: each file is catalogued or fails with its reason."""
    write_video(tmp_path / "whole.mp4", take(1, 40), frame_rate=PAL, start_timecode="01:00:00:00")
    write_video(tmp_path / "whole.mkv", take(1, 40), frame_rate=PAL)
    rng = np.random.default_rng(11)
    for whole in sorted(tmp_path.glob("whole.*")):
        content = whole.read_bytes()
        for number in range(25):
            damaged = bytearray(content)
            reach = len(content) if number % 2 else 2000
            for at in rng.integers(0, reach, 20):
                damaged[at] = rng.integers(0, 256)
            path = tmp_path / f"damaged-{number}{whole.suffix}"
            path.write_bytes(damaged)
            with suppress(MediaError):
                ingest(path)


@pytest.mark.parametrize("rest", [b"", bytes(4), b"\xff" * 40, b"\0\0\0\x10" * 8])
def test_a_beginning_without_its_file_is_refused_in_words(tmp_path, rest):
    path = tmp_path / "a.bin"
    isos = [(bytes(3) + b"\x10" + name, "") for name in _ISO_BOXES]
    for magic, _ in (
        *_PILLOW_MAGIC,
        *_FFMPEG_MAGIC,
        *isos,
        (b"RIFF", ""),
        (b"RIFF\0\0\0\0WEBP", ""),
    ):
        path.write_bytes(magic + rest)
        with suppress(MediaError):  # a word for it, whichever
            probe(path)


def test_a_recorder_that_was_stopped_at_once_made_a_sound_of_no_length(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"#!AMR\n")
    found = probe(path)
    assert (found.kind, found.duration) == (AssetKind.AUDIO, None)


def test_sounds_that_cannot_be_read_are_called_by_their_names(tmp_path):
    for magic, name in ((b"riff\x2e\x91\xcf\x11", "Wave64"), (b"FRM8", "DSDIFF")):
        path = tmp_path / "a"
        path.write_bytes(magic + bytes(92))
        assert f"begins as {name}" in failure(path).message
