"""Sidecar files as values: which they are, what they say, and hostile ones."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.languages import language_tag
from catalog.domain.sidecars import Essence, Segment, Sidecar, name_forms, said_of
from catalog.errors import SidecarError
from catalog.media.sidecars import Candidate, Folder, Folders, read_sidecar
from catalog.media.sidecars.beside import SUFFIXES
from catalog.media.sidecars.columns import key_name, moment
from catalog.media.sidecars.text import decode

SRT = "1\n00:00:01,000 --> 00:00:02,500\nGrüße aus Kyjiw\n\n"


def candidate(path: Path, language: str | None = None) -> Candidate:
    return Candidate(path, SUFFIXES[path.suffix.lower()], 0, 0, beside=True, language=language)


def read(tmp_path: Path, name: str, data: bytes | str) -> Sidecar:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_sidecar(candidate(path))


def refused(tmp_path: Path, name: str, data: bytes | str) -> str:
    with pytest.raises(SidecarError) as caught:
        read(tmp_path, name, data)
    assert caught.value.code == "sidecar_unreadable"
    assert name in str(caught.value)
    return str(caught.value)


# --- which files ---------------------------------------------------------------


def test_sidecars_are_known_by_their_names(tmp_path: Path):
    names = [
        "clip.mov", "clip.srt", "clip.en.srt", "clip.pt-BR.forced.vtt", "clip.mov.xmp", "CLIP.JSON",
        "clip.info.json", "clip.unknown-words.srt", "clip2.srt", "clip.en.json", ".clip.srt",
        "other.csv", "day.ale", "day.edl", "clip.txt", "clip.sub", "clip.idx",
    ]  # fmt: skip
    for name in names:
        (tmp_path / name).touch()
    found = {c.path.name: c for c in Folder(tmp_path).candidates("clip.mov")}
    assert set(found) == {
        "clip.srt", "clip.en.srt", "clip.pt-BR.forced.vtt", "clip.mov.xmp", "CLIP.JSON",
        "clip.info.json", "other.csv", "day.ale", "day.edl",
    }  # fmt: skip
    assert found["clip.en.srt"].language == "en"
    assert found["clip.pt-BR.forced.vtt"].language == "pt-BR"
    assert [name for name, c in found.items() if not c.beside] == [
        "day.ale",
        "day.edl",
        "other.csv",
    ]


def test_a_language_in_a_name_belongs_to_the_longer_name_if_there_is_one(tmp_path: Path):
    for name in (
        "clip.mov",
        "clip.en.mov",
        "clip.en.srt",
        "clip.srt",
        "clip.fr.idx",
        "clip.fr.srt",
    ):
        (tmp_path / name).touch()
    folder = Folder(tmp_path)
    assert [c.path.name for c in folder.candidates("clip.mov")] == ["clip.fr.srt", "clip.srt"]
    assert [c.path.name for c in folder.candidates("clip.en.mov")] == ["clip.en.srt"]


def test_a_folder_that_cannot_be_listed_has_none(tmp_path: Path):
    folder = Folder(tmp_path / "gone")
    assert (folder.listed, folder.candidates("clip.mov")) == (False, [])


def test_a_folder_is_listed_again_only_if_something_came_or_went(tmp_path: Path, monkeypatch):
    def touched(ago_s: float) -> None:
        moment = time.time_ns() - int(ago_s * 1e9) | 1
        os.utime(tmp_path, ns=(moment, moment))

    folders, listed, scandir = Folders(), [], os.scandir

    def listing(path):
        if Path(path) == tmp_path:  # others of this process may list theirs
            listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listing)
    (tmp_path / "clip.srt").write_text("1")
    touched(60)
    sizes = lambda name: {c.path.name: c.size for c in folders.of(tmp_path).candidates(name)}  # noqa: E731
    assert (sizes("clip.mov"), sizes("other.mov")) == ({"clip.srt": 1}, {})
    (tmp_path / "clip.srt").write_text("12")
    assert (sizes("clip.mov"), len(listed)) == ({"clip.srt": 2}, 1)
    (tmp_path / "day.ale").write_text("123")
    touched(30)
    assert (sizes("clip.mov"), len(listed)) == ({"clip.srt": 2, "day.ale": 3}, 2)
    (tmp_path / "day.ale").write_text("1234")
    assert (sizes("clip.mov"), len(listed)) == ({"clip.srt": 2, "day.ale": 4}, 2)
    (tmp_path / "clip.srt").unlink()
    touched(-60)  # more may come in the same tick of the clock: this listing is not kept
    assert [sizes("clip.mov"), sizes("clip.mov")] == [{"day.ale": 4}] * 2
    assert len(listed) == 4
    assert folders.of(tmp_path / "gone").listed is False


# --- languages -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelt", "tag"),
    [("ukr", "uk"), ("eng", "en"), ("ger", "de"), ("deu", "de"), ("chi", "zh"), ("fre", "fr"),
     ("pt_BR", "pt-BR"), ("en-us", "en-US"), ("uk", "uk"), ("und", None), ("mul", None),
     ("", None), ("xxq1", None), ("klingonish", None), ("\udcff", None), ("e" * 400, None)],
)  # fmt: skip
def test_language_tags(spelt: str, tag: str | None):
    assert language_tag(spelt) == tag


# --- text ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings_are_told_apart(tmp_path: Path, encoding: str):
    [segment] = read(tmp_path, "a.srt", SRT.encode(encoding)).segments
    assert segment == Segment("speech", Fraction(1), Fraction(5, 2), "Grüße aus Kyjiw")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.srt", SRT),
        ("a.srt", SRT.replace("\n", "\r\n")),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ana><b>Grüße</b> aus Kyjiw</v>\n"),
        (
            "a.ass",
            "[Script Info]\nScriptType: v4.00+\n[Events]\n"
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
            "Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not said\n"
            "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\n"
            "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,{\\an8}Grüße aus Kyjiw\n",
        ),
        ("a.sub", "{25}{25}25\n{25}{62}Grüße aus Kyjiw\n"),
    ],
)  # fmt: skip
def test_subtitles(tmp_path: Path, name: str, text: str):
    [segment] = read(tmp_path, name, text).segments
    assert segment.text == "Grüße aus Kyjiw"
    assert float(segment.start) == pytest.approx(1.0)
    assert float(segment.end) == pytest.approx(2.5, abs=0.05)


def test_ebu_stl(tmp_path: Path):
    head = bytearray(b" " * 1024)
    head[3:11], head[12:14], head[14:16] = b"STL25.01", b"00", b"08"

    def block(start: bytes, end: bytes, text: bytes, last: int = 0xFF) -> bytes:
        body = text.ljust(112, b"\x8f")
        return bytes([0, 1, 0, last, 0]) + start + end + bytes([20, 2, 0]) + body

    data = bytes(head)
    data += block(b"\x0a\0\x01\0", b"\x0a\0\x02\x0c", b"\x0bGr\xc8u\xfbe\x8aaus ", last=0)
    data += block(b"\x0a\0\x01\0", b"\x0a\0\x02\x0c", b"Kyjiw")
    [segment] = read(tmp_path, "a.stl", data).segments
    assert (segment.text, segment.language) == ("Grüße\naus Kyjiw", "de")
    # The programme's clock begins at ten: set against the asset's own.
    essence = Essence(frozenset(), duration=Fraction(60), rate=Fraction(25), start=Fraction(36000))
    [placed] = said_of(Sidecar(segments=(segment,)), essence, beside=True).segments
    assert (placed.start, placed.end) == (Fraction(1), Fraction(62, 25))
    refused(tmp_path, "b.stl", data[:1100])


def test_json_and_tables(tmp_path: Path):
    said = read(
        tmp_path, "a.json",
        '{"Title": "T", "Shoot Date": "07/21/14", "lang": "pt_BR", "tags": "a; b, a|c", '
        '"nested": {"Lens.mm": 35, "none": null}, "rating": 4, "nan": NaN}',
    ).description  # fmt: skip
    assert (said.title, said.language, said.tags) == ("T", "pt-BR", ("a", "b", "c"))
    assert said.recorded == datetime(2014, 7, 21, tzinfo=UTC)
    assert said.metadata["nested"]["lens_mm"] == 35
    assert read(tmp_path, "b.csv", "Key,Value\ntitle,T\nreel,A1\n").description.title == "T"
    many = read(tmp_path, "c.json", '[{"file": "x.mov", "title": "X"}, {"file": "y.mov"}]')
    assert [entry.files for entry in many.entries] == [("x.mov",), ("y.mov",)]
    one = read(tmp_path, "d.csv", "Title,Crew,Town\nT,Ada,Lviv\n")
    said = said_of(one, Essence(name_forms("d.mov")), beside=True).description
    assert said.metadata == {"title": "T", "crew": "Ada", "town": "Lviv"}
    assert said_of(one, Essence(name_forms("d.mov")), beside=False).nothing


@pytest.mark.parametrize(
    ("text", "day"),
    [("2024-05-01", (2024, 5, 1)), ("20190501", (2019, 5, 1)), ("07/21/14", (2014, 7, 21)),
     ("21/07/2014", (2014, 7, 21)), ("05/06/2014", None), ("31.12.2023", (2023, 12, 31)),
     ("2014:07:21 10:11:12", (2014, 7, 21)), ("7/28/17 10:49:11 AM", (2017, 7, 28)),
     ("1904-01-01", None), ("1931-05-06", (1931, 5, 6)), ("1931:05:06 00:00:00", (1931, 5, 6)),
     ("1931-05-06T00:00:00Z", (1931, 5, 6)), ("1970-01-03T10:11:12", None),
     ("2024", None), ("13/13/2013", None), ("soon", None), ("", None)],
)  # fmt: skip
def test_moments(text: str, day: tuple[int, int, int] | None):
    found = moment(text)
    assert (found and (found.year, found.month, found.day)) == day


def test_names_of_columns():
    assert key_name("Shoot Date") == "shoot_date"
    assert key_name("R3D.ToneMap") == "r3d_tonemap"
    assert key_name("Reel #") == "reel_number"


# --- hostile files -------------------------------------------------------------

XXE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description><dc:title>&e;</dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>"""
LAUGHS = (
    '<!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "'
    + "&a;" * 50
    + '"><!ENTITY c "'
    + "&b;" * 50
    + '"><!ENTITY d "'
    + "&c;" * 50
    + '">]><z>&d;</z>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("text", [XXE, LAUGHS])
def test_entities_in_xml_are_refused(tmp_path: Path, text: str, encoding: str):
    data = text.replace('"1.0"?', f'"1.0" encoding="{encoding}"?').encode(encoding)
    assert "no safe XML" in refused(tmp_path, "a.xmp", data)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 5000, bytes(range(256)) * 20, b"\xff\xfe\x00", b"{" * 200_000, b"[" * 200_000,
     b"<a>" * 100_000, b"Heading\n\nData\n", "Dear diary,\nnothing today.\n".encode("utf-16"),
     b"{\\" * 100_000, b"<" * 300_000, b"1\n" * 100_000, b"9" * 100_000, b'"' + b"x," * 200_000],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_sidecar_is_refused_or_says_something(tmp_path: Path, suffix: str, data: bytes):
    # Any other error than this one fails the test.
    with suppress(SidecarError):
        assert isinstance(read(tmp_path, f"a{suffix}", data), Sidecar)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_huge_files_are_not_read(tmp_path: Path, suffix: str):
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        file.truncate(40_000_000_000)
    with pytest.raises(SidecarError, match="larger than"):
        read_sidecar(candidate(path))


def test_pipes_and_folders_are_no_sidecars(tmp_path: Path):
    os.mkfifo(tmp_path / "a.srt")
    (tmp_path / "a.json").mkdir()
    for name in ("a.srt", "a.json"):
        with pytest.raises(SidecarError, match="no regular file"):
            read_sidecar(candidate(tmp_path / name))


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_are_not(data: bytes):
    text = decode(data)
    assert text is None or "\0" not in text


@given(data=st.text(max_size=200), suffix=st.sampled_from(sorted(SUFFIXES)))
def test_any_text_is_read_or_refused(tmp_path_factory, data: str, suffix: str):
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    path.write_text(data, encoding="utf-8", errors="replace")
    try:
        found = read_sidecar(candidate(path))
    except SidecarError:
        return
    assert isinstance(found, Sidecar)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "— Привет, как дела?\n— Мы едем в Москву."),
        ("cp1251", "<i>Хто там?</i> Ніхто, лише вітер і дощ. (MUSIC)"),
        ("cp932", "こんにちは、東京へ行きます。"),
        ("cp1252", "«Où êtes-vous allés ? À l’Élysée», naïveté, ÄÖÜ, Größe, CAFÉ"),
        ("cp1252", "Olá, São Paulo: três irmãos, ações – 5 €"),
    ],
)
def test_old_encodings_by_how_they_look(encoding, text):
    assert decode(text.encode(encoding)) == text
