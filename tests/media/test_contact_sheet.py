"""Which typefaces a contact sheet writes with. The sheet itself is a part of the demonstration."""

from __future__ import annotations

import pytest

from catalog.search import contact_sheet

# A machine with two typefaces beside Pillow's own: one has Cyrillic, the other Japanese.
FACES = ("", "абвгде", "日本語")


@pytest.fixture(autouse=True)
def typefaces(monkeypatch):
    monkeypatch.setattr(contact_sheet, "_faces", lambda: (None, "cyrillic", "japanese"))
    monkeypatch.setattr(
        contact_sheet, "_has", lambda face, each: each.isascii() or each in FACES[face]
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A fish", [(0, "A fish")]),
        ("Uk: где", [(1, "Uk: где")]),
        ("где 日本", [(1, "где"), (0, " "), (2, "日本")]),
        ("désert", [(0, "desert")]),
        ("Th: ปลา สี แดง!", [(0, "Th: ...!")]),
        ("", [(0, "")]),
    ],
)
def test_text_is_written_in_typefaces_that_have_it(text, parts):
    assert contact_sheet._parts(contact_sheet._drawable(text)) == parts
