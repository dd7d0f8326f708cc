"""How long sounds are, whatever their headers say; and the lyrics that FFmpeg leaves unread."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.media.id3 import _timed, read_id3
from catalog.media.isolated_processes import Worker
from catalog.media.isolated_wire import pack
from catalog.media.probe import probe
from catalog.media.sound import SoundPass
from catalog.media.sound_length import ends_early, sound_length
from catalog.media.tags import find_words
from catalog.media.truncation import missing_bytes


def encoded(path: Path, codec: str, rate: int, form: str | None = None) -> Path:
    """A second of a tone."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        wave = np.sin(np.arange(rate) / 30)[None].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def length(path: Path) -> tuple[Fraction, bool]:
    """Seconds, and whether it ends early."""
    found = probe(path)
    sound = SoundPass(path, found)
    sound.run()
    return (
        sound_length(found, sound.seconds, whole=sound.whole),
        ends_early(found, sound.seconds, whole=sound.whole),
    )


def test_lengths_are_what_is_heard_where_the_container_guesses(tmp_path):
    # Ogg counts Opus' pre-skip; a stream of ADTS has no length at all; MP4 knows of the priming.
    assert length(encoded(tmp_path / "a.opus", "libopus", 48_000)) == (1, False)
    adts, _ = length(encoded(tmp_path / "a.aac", "aac", 48_000, "adts"))
    assert (adts * 48_000) % 1024 == 0
    assert 1 <= adts < 1 + Fraction(3 * 1024, 48_000)
    assert length(encoded(tmp_path / "a.m4a", "aac", 48_000)) == (1, False)


def test_a_header_that_lies_is_not_believed(tmp_path):
    path = encoded(tmp_path / "a.flac", "flac", 48_000)
    content = bytearray(path.read_bytes())
    content[21], content[22:26] = content[21] | 0x0F, b"\xff" * 4  # 36 bits: samples
    path.write_bytes(content)
    assert probe(path).duration > 10**6
    assert length(path) == (1, True)


def test_a_change_of_rate_leaves_the_claim(tmp_path):
    parts = [encoded(tmp_path / f"{rate}.aac", "aac", rate, "adts") for rate in (48_000, 24_000)]
    (tmp_path / "both.aac").write_bytes(b"".join(part.read_bytes() for part in parts))
    found = probe(tmp_path / "both.aac")
    assert length(tmp_path / "both.aac") == (found.duration, False)


def test_an_mp3_that_is_cut_off_is_short_of_bytes(tmp_path):
    path = encoded(tmp_path / "a.mp3", "libmp3lame", 48_000)
    assert missing_bytes(path) == 0
    content = path.read_bytes() + bytes(8000)
    path.write_bytes(content)  # what others append is not missing
    assert missing_bytes(path) == 0
    path.write_bytes(content[:4000])
    assert missing_bytes(path) > 0


def syncsafe(number: int) -> bytes:
    return bytes(number >> 7 * at & 0x7F for at in (3, 2, 1, 0))


def frame(version: int, name: bytes, content: bytes) -> bytes:
    if version == 2:
        return name + len(content).to_bytes(3, "big") + content
    size = syncsafe(len(content)) if version == 4 else len(content).to_bytes(4, "big")
    return name + size + b"\0\0" + content


@pytest.mark.parametrize(
    ("version", "name", "content", "words"),
    [
        (2, b"ULT", b"\0eng\0hoot hoot", {"lyrics-eng": "hoot hoot"}),
        (3, b"SYLT", b"\0eng\2\1\0gull\0\0\0\5\xdc", {"syncedlyrics": "[00:01.500]gull"}),
        (
            4,
            b"SYLT",
            b"\1ukr\2\1\xff\xfe\0\0" + "\ufeffгуси\0".encode("utf-16-le") + b"\0\0\xea\x60",
            {"syncedlyrics": "[01:00.000]гуси"},
        ),
        (2, b"ULT", b"\2eng\0\0\0h\0o\0o\0t\0", {"lyrics-eng": "hoot"}),  # and half a letter
        (3, b"SYLT", b"\0eng\2\5\0Am\0\0\0\5\xdc", {}),  # chords
        (3, b"SYLT", b"\0eng\2\1\0gull", {}),
    ],
)
def test_lyrics_of_id3(tmp_path, version, name, content, words):
    body = frame(version, b"TT2" if version == 2 else b"TIT2", b"\0A title") + frame(
        version, name, content
    )
    path = encoded(tmp_path / "a.mp3", "libmp3lame", 48_000)
    mpeg = path.read_bytes()
    mpeg = mpeg[10 + int.from_bytes(mpeg[8:10], "big") :] if mpeg[:3] == b"ID3" else mpeg
    path.write_bytes(b"ID3" + bytes([version, 0, 0]) + syncsafe(len(body)) + body + mpeg)
    assert read_id3(path) == words
    found = probe(path)
    assert found.title == "A title"
    assert found.metadata.get("lyrics") == (next(iter(words.values())) if words else None)
    for end in range(10, 60):  # no cut-off tag is too much for it
        path.write_bytes(path.read_bytes()[:end])
        read_id3(path)


def test_all_values_of_a_text_of_id3(tmp_path):
    """Version 4 parts them with noughts, and FFmpeg stops at the first."""
    wide = b"".join(b"\xff\xfe" + name.encode("utf-16-le") + b"\0\0" for name in ("News", "Gulls"))
    body = (
        frame(4, b"TPE1", "\3Ann\0Оля".encode())
        + frame(4, b"TCON", b"\1" + wide)
        + frame(4, b"TXXX", b"\3Mood\0calm\0wide")
        + frame(4, b"TIT2", b"\3A title\0")
    )
    path = encoded(tmp_path / "a.mp3", "libmp3lame", 48_000)
    mpeg = path.read_bytes()
    mpeg = mpeg[10 + int.from_bytes(mpeg[8:10], "big") :] if mpeg[:3] == b"ID3" else mpeg
    path.write_bytes(b"ID3\4\0\0" + syncsafe(len(body)) + body + mpeg)
    found = probe(path)
    assert found.facts.creator == "Ann; Оля"
    assert found.title == "A title"
    tags = found.metadata["tags"]
    assert (tags["genre"], tags["mood"]) == ("News; Gulls", "calm; wide")


@pytest.mark.parametrize(("version", "flags"), [(3, 0x20), (4, 0x40), (4, 0x41)])
def test_a_frame_of_a_group_begins_with_its_name(tmp_path, version, flags):
    words = b"\0eng\2\1\0gull\0\0\0\5\xdc"
    length = syncsafe(len(words)) if flags & 1 else b""
    made = bytearray(frame(version, b"SYLT", b"\x2a" + length + words))
    made[9] = flags
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3" + bytes([version, 0, 0]) + syncsafe(len(made)) + made)
    assert read_id3(path) == {"syncedlyrics": "[00:01.500]gull"}


class Counted(bytes):
    """Bytes that know how many of them were copied."""

    copied = 0

    def __getitem__(self, key):
        got = super().__getitem__(key)
        if isinstance(key, slice):
            Counted.copied += len(got)
            return Counted(got)
        return got


@pytest.mark.parametrize(("coding", "name"), [(0, "latin-1"), (2, "utf-16-be")])
def test_lines_of_lyrics_are_read_once(coding, name):
    """Letters whose halves look like an end are none, and no line copies what follows it."""
    word = "\u0100a\u0100" if coding else "gull"
    line = (word + "\0").encode(name) + (1500).to_bytes(4, "big")
    content = Counted(bytes((coding,)) + b"eng\2\1" + "\0".encode(name) + line * 3000)
    Counted.copied = 0
    assert list(_timed(content)) == [f"[00:01.500]{word}"] * 3000
    assert Counted.copied <= 2 * len(content)


def test_words_that_are_in_a_song_twice_are_taken_once(tmp_path):
    body = frame(3, b"USLT", b"\0eng\0hoot hoot") + frame(
        3, b"SYLT", b"\0eng\2\1\0hoot hoot\0\0\0\5\xdc"
    )
    path = encoded(tmp_path / "a.mp3", "libmp3lame", 48_000)
    mpeg = path.read_bytes()
    mpeg = mpeg[10 + int.from_bytes(mpeg[8:10], "big") :] if mpeg[:3] == b"ID3" else mpeg
    path.write_bytes(b"ID3\3\0\0" + syncsafe(len(body)) + body + mpeg)
    assert probe(path).metadata["lyrics"] == "[00:01.500]hoot hoot"
    assert find_words({"syncedlyrics": "untimed", "lyrics-eng": "hoot"}) == "hoot\n\nuntimed"


def test_the_tag_of_ape_behind_an_mp3(tmp_path):
    path = encoded(tmp_path / "a.mp3", "libmp3lame", 48_000)
    item = len("Crex").to_bytes(4, "little") + bytes(4) + b"Title\0" + b"Crex"
    picture = (9).to_bytes(4, "little") + b"\2\0\0\0" + b"Cover\0" + bytes(9)
    tag = item + picture
    size = (len(tag) + 32).to_bytes(4, "little")
    footer = b"APETAGEX" + (2000).to_bytes(4, "little") + size + b"\2\0\0\0" + bytes(12)
    with path.open("ab") as file:
        file.write(tag + footer + b"TAG" + bytes(125))
    assert read_id3(path) == {"title": "Crex"}
    assert probe(path).title == "Crex"


def test_a_decoder_that_was_halted_with_us_has_not_stalled():
    class Halted:
        """Nothing came while the clock went on; it does as soon as both are awake."""

        asked = 0

        def poll(self, _seconds: float) -> bool:
            self.asked += 1
            return self.asked > 1

        def recv_bytes(self, _most: int) -> bytes:
            return pack("beat")

    assert Worker(None, 0, Halted()).hear(120) == ("beat",)
