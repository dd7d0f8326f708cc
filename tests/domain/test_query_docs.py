"""The page on the query language says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catalog.domain.query import FIELDS, MAX_DEPTH, MAX_LENGTH, parse, point_at
from catalog.errors import InvalidQueryError

PAGE = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text(encoding="utf-8")
FILTER = re.compile(r"`(-?[a-z]+(?:\.[A-Za-z.]+)?:[^` :][^`]*)`")


@pytest.mark.parametrize("entry", FIELDS, ids=lambda entry: entry.name)
def test_every_field_has_its_row(entry):
    name = f"{entry.name}.KEY" if entry.keyed else entry.name
    aliases = ", ".join(f"`{alias}`" for alias in entry.aliases)
    values = ", ".join(f"`{choice.lower()}`" for choice in entry.choices) or entry.type.value
    row = f"| `{name}` | {aliases} | {entry.about} | {values} | `{entry.example}` |"
    assert row in PAGE


@pytest.mark.parametrize("text", re.findall(r"```query\n(.+?)\n```", PAGE, re.DOTALL))
def test_queries_on_the_page_parse(text):
    assert parse(text, sounds=True).root


def test_filters_on_the_page_parse():
    found = [text for text in FILTER.findall(PAGE) if not text.startswith(("field:", "http:"))]
    assert len(found) > len(FIELDS)
    for text in found:
        query = parse(text, sounds=True)
        assert query.filters or query.sound, text


def test_the_error_on_the_page_is_the_error():
    query = re.findall(r'\$ catalog search "(.+)"', PAGE)[0]
    with pytest.raises(InvalidQueryError) as caught:
        parse(query)
    told = caught.value.details
    drawn = point_at(told["query"], told["position"], told["length"])
    assert f"{caught.value}\n{drawn}\n" in PAGE


def test_the_limits_on_the_page_are_the_limits():
    assert f"{MAX_LENGTH:,} characters and {MAX_DEPTH} parentheses" in PAGE
