"""The command line where something is missing, wrong or in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog import Catalog
from catalog.cli.app import app


def test_exit_codes_of_ingest(cli, pictures: Path, tmp_path: Path):
    assert cli("ingest", pictures).code == 0
    assert "0 new, 3 known; 3 ready, 0 failed" in cli("ingest", pictures).out
    answer = cli("ingest", pictures, tmp_path / "missing")
    assert answer.code == 1
    assert "missing does not exist" in answer.err
    for wrong in ([tmp_path / "missing"], [tmp_path / "p"], [], [pictures, "--meta", "nothing"],
                  [pictures, "--tag", ""], [pictures, "--nonsense"]):  # fmt: skip
        (tmp_path / "p").mkdir(exist_ok=True)
        answer = cli("ingest", *wrong)
        assert answer.code == 2, wrong
        assert answer.err.strip()
    answer = cli("ingest", tmp_path / "missing", "--json")
    assert answer.code == 2
    assert answer.json["error"]["code"] == "path_not_found"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "empty"),
        ("codec:", "codec"),
        ("recorded:yesterdayish", "recorded"),
        ("colection:News", "collection"),
        ("(red", "never closed"),
        ("x" * 3000, "2000"),
    ],
)
def test_a_query_that_cannot_be_read_is_pointed_at(cli, query: str, expected: str):
    answer = cli("search", query)
    assert (answer.code, answer.out) == (2, "")
    assert expected in answer.err
    if query:
        assert "^" in answer.err
    body = cli("search", query, "--json")
    assert body.code == 2
    assert body.json["error"]["code"] == "invalid_query"
    assert isinstance(body.json["error"]["details"]["position"], int)


def test_arguments_that_are_no_utf8(process, cli, pictures: Path):
    cli("ingest", pictures)
    for at, arguments in enumerate(
        (
            [b"search", b"red \xff\xfe"],
            [b"assets", b"\xff"],
            [b"show", b"\xff"],
            [b"sql", b"SELECT '\xff'"],
            [b"tag", b"red.png", b"--tag", b"\xff"],
            [b"collection", b"red.png", b"--name", b"\xff"],
            [b"encoder", b"activate", b"\xff"],
            [b"search", b"red", b"--after", b"\xff"],
            [b"ingest", b"/nowhere/\xff"],
            [b"ingest", bytes(pictures), b"--tag", b"\xff"],
            [b"ingest", bytes(pictures), b"--meta", b"k=\xff"],
        )
    ):
        # The shell hands over bytes, Python makes half characters of them: the
        # first by a process of its own, the others (which take seconds) here.
        answer = (cli if at else process)(*map(os.fsdecode, arguments))
        assert answer.code == 2, arguments
        assert answer.err.startswith("Error: "), arguments
    body = process(b"search", b"\xff", b"--json")
    assert body.code == 2
    assert body.json["error"]["code"] == "invalid_query"


def test_a_terminal_without_unicode_is_served(process, cli, tmp_path: Path):
    from PIL import Image

    (tmp_path / "m").mkdir()
    Image.new("RGB", (32, 24), "red").save(tmp_path / "m" / "кіт 🐈.png")
    assert cli("ingest", tmp_path / "m").code == 0
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert process("assets", **plain).code == 0
    body = process("assets", "--json", **plain)
    assert body.json["assets"][0]["name"] == "кіт 🐈.png"


def test_services_that_are_not_there(cli, pictures: Path, monkeypatch, tmp_path: Path):
    cli("ingest", pictures)
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/none")
    for verb in (["ingest", pictures], ["search", "red"], ["stats"], ["sql", "SELECT 1"]):
        answer = cli(*verb)
        assert answer.code == 3, verb
        assert "cannot be reached" in answer.err
        assert "secret" not in answer.err
    assert cli("stats", "--json").json["error"]["code"] == "database_unavailable"
    monkeypatch.setenv("CATALOG_DATABASE_URL", "no url at all")
    assert cli("stats").code == 2
    monkeypatch.setenv("CATALOG_DATABASE_URL", "mysql://x/y")
    assert cli("stats").code == 2


def test_a_home_that_is_wrong(cli, monkeypatch, tmp_path: Path):
    (tmp_path / "home2").mkdir()
    (tmp_path / "home2" / "catalog.toml").write_text("nonsense = [")
    monkeypatch.setenv("CATALOG_HOME", str(tmp_path / "home2"))
    assert cli("stats").code == 2


def test_unknown_encoders(cli, pictures: Path, monkeypatch):
    assert cli("encoder", "activate", "no/such-encoder").code == 2
    monkeypatch.setenv("CATALOG_ENCODER", "no/such-encoder")
    answer = cli("ingest", pictures)
    assert answer.code == 2
    assert "no/such-encoder" in answer.err
    monkeypatch.setenv("CATALOG_ENCODER", "local-dir:/nowhere/at/all")
    assert cli("ingest", pictures).code in {2, 3}
    monkeypatch.setenv("CATALOG_ENCODER", "null")
    assert cli("ingest", pictures).code == 0, "what was registered before is finished"


def test_markup_in_names_is_text(cli, tmp_path: Path):
    from PIL import Image

    (tmp_path / "m").mkdir()
    Image.new("RGB", (32, 24), "red").save(tmp_path / "m" / "[red]x[bold] {a} %s.png")
    cli("ingest", tmp_path / "m", "--tag", "[bold]t[/bold]")
    for verb in (["assets"], ["search", "red"], ["show", "[red]x[bold] {a} %s.png"]):
        assert "[red]x[bold] {a} %s.png" in cli(*verb).out
    assert "[bold]t[/bold]" in cli("assets").out


def test_a_fault_of_our_own_is_told_without_a_traceback(cli, monkeypatch):
    def broken(self: Catalog) -> None:
        raise RuntimeError("something\nunforeseen")

    monkeypatch.setattr(Catalog, "stats", broken)
    answer = cli("stats")
    assert answer.code == 1
    assert "RuntimeError: something unforeseen" in answer.err
    assert cli("stats", "--json").json["error"]["code"] == "catalog_error"
    monkeypatch.setenv("CATALOG_DEBUG", "1")
    assert isinstance(CliRunner().invoke(app, ["stats"]).exception, RuntimeError)


def test_a_reader_that_leaves_early_is_no_fault(environment, cli, pictures: Path):
    cli("ingest", pictures)
    pipe = subprocess.Popen(
        [sys.executable, "-m", "catalog.cli", "sql", "SELECT repeat('x', 100) FROM "
         "generate_series(1, 20000)", "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert pipe.stdout is not None
    assert pipe.stderr is not None
    pipe.stdout.read(10)
    pipe.stdout.close()
    err = pipe.stderr.read().decode()
    pipe.stderr.close()
    assert pipe.wait(240) == 0
    assert err == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("search", "a", "--limit", "x", "--json"), "--limit"),
        (("nonsense", "--json"), "No such command 'nonsense'."),
        (("bin", "add", "--json"), "Missing argument 'BIN'."),
    ],
)
def test_a_wrong_command_is_told_in_json_where_json_was_asked_for(cli, words, message):
    answer = cli(*words)
    error = json.loads(answer.out)["error"]
    assert (answer.code, answer.err, error["code"]) == (2, "", "invalid_input")
    assert message in error["message"]

    # What follows -- are words, not options.
    words = [word for word in words if word != "--json"]
    answer = cli(*words, "--", "--json")
    assert (answer.code, answer.out) == (2, "")
