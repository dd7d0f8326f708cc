"""Scripts as files, and files that mean harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.interchange.script_file import MOST_BYTES, read_script


def docx(fill: Callable[[object], None]) -> bytes:
    from docx import Document

    document = Document()
    fill(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def test_paragraphs_of_a_word_document_in_their_order():
    def fill(document) -> None:
        document.add_heading("The harbour", 1)
        document.add_paragraph("Heavy rain falls on the harbour.")
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "picture", "A red car"
        document.add_paragraph("Nobody came — 港.")

    found = read_script(docx(fill), ".docx")
    assert found.kind == "docx"
    assert found.text.split("\n") == [
        "Heavy rain falls on the harbour.", "picture", "A red car", "Nobody came — 港.",
    ]  # fmt: skip
    # Whatever it is called.
    assert read_script(docx(fill), "").kind == "docx"


def test_a_script_in_two_columns_says_what_is_seen_and_what_is_said():
    def fill(document) -> None:
        table = document.add_table(3, 2)
        rows = [("VIDEO", "Audio:"), ("Cars in a street", "ANNA: We went home.")]
        for row, texts in zip(table.rows, rows, strict=False):
            for cell, written in zip(row.cells, texts, strict=True):
                cell.text = written
        wide = table.cell(2, 0).merge(table.cell(2, 1))
        wide.text = "A pause"

    found = read_script(docx(fill), ".docx")
    lines = [line for line in found.text.split("\n") if line]
    assert lines == ["[Cars in a street]", "ANNA: We went home.", "[A pause]"]


def test_text_in_its_encodings_and_fountain_by_name_or_look():
    assert read_script("Grüße".encode("utf-16"), ".txt").text == "Grüße"
    assert read_script("\ufeffGrüße".encode(), ".txt").text == "Grüße"
    assert read_script("Grüße".encode("cp1252"), ".txt").text == "Grüße"
    assert read_script(b"Anna walks in.", ".fountain").kind == "fountain"
    assert read_script(b"INT. HOUSE - DAY\n\nA door.", ".txt").kind == "fountain"


def test_cues_of_subtitles():
    srt = (
        "1\n00:00:01,000 --> 00:00:02,500\n<i>Rain</i> falls\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\n \n"
    )
    assert read_script(srt.encode(), ".srt").cues == ((1.0, 2.5, "Rain falls"),)
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\nRain\n"
    assert read_script(vtt.encode(), ".vtt").cues == ((1.0, 2.0, "Rain"),)


def with_part(name: str, data: bytes) -> bytes:
    """A Word document with one part put in another's place."""
    original = zipfile.ZipFile(io.BytesIO(docx(lambda d: d.add_paragraph("x"))))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
        for part in original.infolist():
            if part.filename != name:
                package.writestr(part.filename, original.read(part))
        package.writestr(name, data)
    return written.getvalue()


BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><x>&b;</x>"
REMOTE = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (with_part("word/media/zeros.bin", b"\0" * 21_000_000), "it unpacks to"),
        (with_part("word/document.xml", BOMB), "XML cannot be read"),
        (with_part("word/styles.xml", REMOTE), "XML cannot be read"),
        (with_part("[Content_Types].xml", b"<a>"), "XML cannot be read"),
        (b"PK\x03\x04" + b"\0" * 40, "unpacked"),
        (b"x" * (MOST_BYTES + 1), "larger than"),
    ],
)
def test_documents_that_mean_harm_are_refused(data: bytes, reason: str):
    with pytest.raises(ValueError, match=reason):
        read_script(data, ".docx")


def test_no_text_is_no_script():
    with pytest.raises(ValueError, match="no text"):
        read_script(b"\x00\x01\x02", ".txt")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as package:
        package.writestr("a.txt", "a")
    with pytest.raises(ValueError, match="no Word document"):
        read_script(zipped.getvalue(), ".docx")


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([".txt", ".srt", ".vtt", ".docx", ".fountain", ""]))
def test_whatever_comes_is_read_or_refused(data: bytes, suffix: str):
    try:
        read_script(data, suffix)
    except ValueError:
        return


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_damaged_document_is_read_or_refused(data: st.DataObject):
    whole = bytearray(docx(lambda d: d.add_paragraph("Rain falls.")))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_script(bytes(whole), ".docx")
    except ValueError:
        return
