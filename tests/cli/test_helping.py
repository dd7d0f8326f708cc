"""What the program says to people: its help, its figures, and what it makes of empty words."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from catalog import __version__
from catalog.cli import tables
from catalog.cli.app import app
from catalog.cli.helping import SECTIONS
from catalog.cli.text_asset import _leaves
from catalog.domain.paths import given_path
from catalog.errors import InvalidInputError


def test_every_verb_has_one_section():
    verbs = [each.name or each.callback.__name__ for each in app.registered_commands]
    verbs += [each.name for each in app.registered_groups]
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(verb.replace("_", "-") for verb in verbs)


def test_help_is_for_people(cli):
    whole = cli("--help").out
    assert all(f"{heading}:" in whole for heading in SECTIONS)
    assert "..." not in whole.split("Put media in:")[1], "sentences are not cut short"
    ingest = cli("ingest", "--help").out
    assert "--tag TEXT" in ingest
    assert "list[" not in ingest
    assert "Commands:" in cli("bin", "--help").out
    assert cli("--version").out == f"catalog {__version__}\n"


def test_an_empty_path_is_no_folder(cli, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for verb in (("ingest", ""), ("ingest", ".", ""), ("root", "add", "")):
        answer = cli(*verb)
        assert answer.code == 2, verb
        assert "empty path" in answer.err
    assert cli("root", "list", "--json").json["roots"] == []
    with pytest.raises(InvalidInputError):
        given_path("")


def test_figures_and_empty_lists_are_sentences(cli, pictures, monkeypatch, tmp_path):
    assert "none is searchable yet" in cli("search", "red").out
    (pictures / "broken.mp4").write_bytes(b"no film")
    told = cli("ingest", pictures)
    assert told.err.count("broken.mp4") == 1, "a failure names its file once"
    assert cli("root", "list", "--json").json["roots"][0]["failed"] == 1
    figures = cli("stats").out
    assert "4 (3 still, 1 unknown)" in figures
    assert "1 failed" in next(line for line in figures.splitlines() if line.startswith("analyse"))
    assert cli("search", "red").out.splitlines()[0].split()[:2] == ["#", "clip"]
    assert "#" not in cli("search", "codec:foo").out, "no table of nothing"
    assert "name:*part*" in cli("show", "nothing.png").err
    shown = cli("show", "red.png").out
    assert " × " in next(line for line in shown.splitlines() if line.startswith("picture"))
    assert "sar_num" not in shown
    monkeypatch.chdir(tmp_path)
    cli("bin", "create", "A/B", "1")
    assert cli("export", "A/B", "--format", "csv").code == 0
    assert (tmp_path / "A_B.csv").is_file()


def test_nested_metadata_is_told_value_by_value():
    told = _leaves("meta", {"a": {"b": [1, 2], "c": [{"d": None}]}, "e": "f"})
    assert list(told) == [("meta.a.b", "1, 2"), ("meta.a.c.1.d", None), ("meta.e", "f")]


@pytest.mark.parametrize(("width", "lines"), [(80, 2), (22, 3)])
def test_a_terminal_too_narrow_for_columns_has_lines(monkeypatch, width, lines):
    written = io.StringIO()
    monkeypatch.setattr(tables, "Console", lambda **_: Console(file=written, width=width))
    table = tables.new_table("id", "name", "state", numbers=("id",))
    tables.add_row(table, 7, "night [red].mov", "ready")
    tables.print_table(table)
    shown = written.getvalue().splitlines()
    assert len(shown) == lines
    assert any("night [red].mov" in line for line in shown)
    assert (shown[0] == "id     7") is (lines == 3)
