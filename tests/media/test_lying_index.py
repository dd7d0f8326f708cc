"""Indexes of MP4 files that lie: pictures that are not there, or again and again."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.domain.media import AssetKind, SamplingPolicy
from catalog.domain.paths import shown_text
from catalog.errors import UndecodableError
from catalog.media import rereading
from catalog.media.analyse import analyse
from catalog.media.isolated import DecoderPool
from catalog.media.probe import probe
from catalog.media.tags import clean_tags, clean_text


def film(path: Path, pictures: int = 25, *, sound: bool = False) -> bytes:
    """A film of noise, which no codec makes small."""
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        shown = container.add_stream("mpeg4", rate=25)
        shown.width, shown.height, shown.pix_fmt = 64, 48, "yuv420p"
        heard = container.add_stream("aac", rate=48_000, layout="mono") if sound else None
        for number in range(pictures):
            values = noise.integers(0, 255, (48, 64, 3)).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(values)
            picture.pts = number
            container.mux(shown.encode(picture))
        container.mux(shown.encode(None))
        if heard is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, 0
            container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    return path.read_bytes()


def repeated(content: bytes, times: int) -> bytes:
    """The film, shown so many times by its edit list."""
    at = content.index(b"elst") - 4
    size = int.from_bytes(content[at : at + 4], "big")
    entry = content[at + 16 : at + 28]
    edits = struct.pack(">I4sII", 16 + 12 * times, b"elst", 0, times) + entry * times
    longer = bytearray(content[:at] + edits + content[at + size :])
    for name in (b"edts", b"trak", b"moov"):
        size_at = longer.index(name) - 4
        (was,) = struct.unpack_from(">I", longer, size_at)
        struct.pack_into(">I", longer, size_at, was + len(edits) - size)
    return bytes(longer)


def lost(content: bytes, tracks: int) -> bytes:
    """The film, with all of its first tracks beyond its end."""
    changed, at = bytearray(content), -1
    for _ in range(tracks):
        at = content.index(b"stco", at + 1)
        (count,) = struct.unpack_from(">I", content, at + 8)
        changed[at + 12 : at + 12 + 4 * count] = b"\xff\xff\xff\xf0" * count
    return bytes(changed)


def analysed(path: Path) -> tuple[AssetKind, float, int]:
    """Kind, the end of the last picture or sound in seconds, and errors."""
    pool = DecoderPool()
    try:
        with pool.analysis(path, SamplingPolicy(), lambda pts, _: str(pts)) as found:
            list(found)
            return found.probe.kind, float(found.duration), found.counts.decode_errors
    finally:
        pool.close()


def test_an_edit_list_that_repeats_a_little_is_shown_as_often(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(repeated(film(path), 3))
    kind, seconds, errors = analysed(path)
    assert (kind, errors) == (AssetKind.VIDEO, 0)
    assert seconds == pytest.approx(3, abs=0.2)


def test_an_edit_list_that_repeats_without_end_is_broken_off(tmp_path, monkeypatch):
    monkeypatch.setattr(rereading, "_SLACK", 0)
    path = tmp_path / "a.mp4"
    path.write_bytes(repeated(film(path, 5), 20))
    pictures = analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts))
    with pytest.raises(UndecodableError, match="again and again"):
        list(pictures)


def test_pictures_that_lie_outside_of_the_file_are_damage(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(lost(film(path, sound=True), 1))
    assert probe(path).metadata["lost_pictures"] == 25
    kind, _, errors = analysed(path)
    assert (kind, errors > 0) == (AssetKind.AUDIO, True)


def test_a_sound_that_claims_a_length_and_holds_nothing_is_damaged(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(lost(film(path, sound=True), 2))
    kind, _, errors = analysed(path)
    assert (kind, errors) == (AssetKind.AUDIO, 2)  # neither pictures nor sound


def test_letters_of_windows_1252_in_old_tags_are_letters():
    assert clean_text("\x8aimon don\x92t a\x85b") == "Šimon don’t a…b"
    assert clean_text("a\x81\x8d\x8f\x90\x9db") == "ab"


def test_texts_of_files_command_no_terminal():
    assert clean_text("a\x9b31mb\x85c\x00") == "a›31mb…c"
    assert shown_text("invoice\u202egpj.exe") == "invoice\\u202egpj.exe"
    assert shown_text("one\ntwo\tthree\r\x9b") == "one\ntwo\tthree\\r\\x9b"
    assert shown_text("שלום\u200f!") == "שלום\u200f!"


def test_tags_in_an_encoding_that_they_do_not_name():
    told = b"T\xedtulo \x96 2".decode("utf-8", "surrogateescape")  # ID3v1, AVI
    assert clean_tags({"title": told, "x": "a\udfffb\udcff"}) == {
        "title": "Título – 2",
        "x": "a?b?",
    }
    twice = {"artist": "M\xc3\xbcller \xc3\x9cnal", "title": "Привет".encode().decode("latin-1")}
    assert clean_tags(twice) == {"artist": "Müller Ünal", "title": "Привет"}
    for meant in ("NESCAFÉ®", "SÃO PAULO", "Fête", "日本", "«Él»"):
        assert clean_tags({"title": meant}) == {"title": meant}
