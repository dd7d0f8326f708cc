"""Markers of an AIFF are subclips as a Wave's are, and all of its annotations are read."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from catalog.media.aiff import aiff_markers, aiff_notes
from catalog.media.probe import probe
from catalog.media.sidecars.embedded import read_embedded

RATE, SECONDS = 8000, 3
COMM = struct.pack(">hIh", 1, RATE * SECONDS, 16) + b"\x40\x0b\xfa\0\0\0\0\0\0\0"


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + body + b"\0" * (len(body) % 2)


def marks(*each: tuple[int, bytes]) -> bytes:
    def mark(number: int, at: int, name: bytes) -> bytes:
        return struct.pack(">HIB", number, at, len(name)) + name + b"\0" * (1 - len(name) % 2)

    made = (mark(number, at, name) for number, (at, name) in enumerate(each, 1))
    return chunk(b"MARK", struct.pack(">H", len(each)) + b"".join(made))


def aiff(path: Path, *further: bytes) -> Path:
    sound = chunk(b"SSND", bytes(8) + b"\x01\x00" * RATE * SECONDS)
    body = b"AIFF" + chunk(b"COMM", COMM) + b"".join((*further[:1], sound, *further[1:]))
    path.write_bytes(chunk(b"FORM", body))
    return path


def test_markers_become_chapters_and_subclips(tmp_path: Path):
    later = (2 * RATE, "Löwe brüllt".encode("mac_roman"))
    path = aiff(tmp_path / "a.aiff", marks(later, (RATE, b""), (0, b"Intro"), (9 * RATE, b"gone")))
    assert probe(path).metadata["chapters"] == [
        {"start": 0.0, "end": 1.0, "title": "Intro"},
        {"start": 1.0, "end": 2.0, "title": None},
        {"start": 2.0, "end": 3.0, "title": "Löwe brüllt"},
    ]
    told = [(each.kind, each.start, each.end, each.text) for each in read_embedded(path).segments]
    assert told == [
        ("subclip", Fraction(0), Fraction(1), "Intro"),
        ("subclip", Fraction(2), Fraction(3), "Löwe brüllt"),
    ]


@pytest.mark.parametrize("coding", ["utf-8", "mac_roman", "cp1252"])
def test_all_annotations_are_read(tmp_path: Path, coding: str):
    """One before the sound, two behind it."""
    notes = [chunk(b"ANNO", text.encode(coding)) for text in ("Wind", "Bäume, Öl", "Wind")]
    found = probe(aiff(tmp_path / "a.aif", *notes))
    assert found.facts.description == "Wind\nBäume, Öl"


def test_a_broken_list_of_markers_ends_the_walk(tmp_path: Path):
    whole = aiff(tmp_path / "a.aiff", marks((0, b"Intro"), (RATE, b"Next"))).read_bytes()
    path = tmp_path / "b.aiff"
    for length in range(0, 100):
        path.write_bytes(whole[:length])
        names = [each.name for each in aiff_markers(path)]
        assert names == ["Intro", "Next"][: len(names)]
        assert aiff_notes(path) == []
    at = whole.index(b"MARK") + 4
    path.write_bytes(whole[:at] + b"\x7f\xff\xff\xff" + whole[at + 4 :])
    assert aiff_markers(path) == []
    assert "chapters" not in probe(aiff(tmp_path / "c.aiff")).metadata
