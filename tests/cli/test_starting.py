"""A verb begins with what it needs, and answers as one of the whole program does."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.cli.app import app
from catalog.cli.starting import importing, narrowed
from catalog.settings import Settings


@pytest.mark.parametrize(
    ("words", "verbs", "groups"),
    [
        (["search", "bin"], ["search"], []),
        (["import-log", "x"], ["import-log"], []),
        (["bin", "list"], ["list"], ["bin"]),
    ],
)
def test_only_the_verb_that_is_called_is_made_ready(
    words: list[str], verbs: list[str], groups: list[str]
) -> None:
    alone = narrowed(app, words)
    assert [each.name for each in alone.registered_groups] == groups
    inner = alone.registered_groups[0].typer_instance if groups else alone
    (verb,) = inner.registered_commands
    assert [verb.name or verb.callback.__name__] == verbs
    assert len(app.registered_commands) > 10, "the program itself stays whole"
    assert all(len(each.typer_instance.registered_commands) > 1 for each in app.registered_groups)


@pytest.mark.parametrize(
    "words",
    [[], ["--help"], ["--version"], ["serch"], ["bin"], ["bin", "--help"], ["bin", "lst"],
     ["search", "--help"], ["search"], ["search", "red", "--limit", "some"], ["--json", "stats"],
     ["search", "red", "--kind", "--json"], ["export", "bin", "--format", "x"]],
)  # fmt: skip
def test_what_is_said_does_not_hang_on_it(words: list[str]) -> None:
    said = [CliRunner().invoke(each, words) for each in (app, narrowed(app, words))]
    assert said[0].output
    assert (said[0].output, said[0].exit_code) == (said[1].output, said[1].exit_code)


def test_values_have_the_types_that_the_verb_names(cli, settings: Settings) -> None:
    assert cli("search", "red", "--limit", "0").code == 2
    assert cli("search", "red", "--limit", "3.5").code == 2
    assert cli("search", "red", "--limit", "9" * 30).code == 2
    answer = cli("search", "red", "--limit", "3", "--json")
    assert (answer.code, answer.json["hits"]) == (0, [])
    assert cli("bin", "create", "A", "1", "two", "--json").code == 2


SCRIPT = r"""
catalog stats --json | grep -o '"embeddings": [0-9]*' || echo none
catalog serch 2> said || echo "ended with $?"
CATALOG_DATABASE_URL=postgresql://127.0.0.1:1/none catalog stats 2> said || echo "ended with $?"
cd "$HERE"
catalog ingest red.png $'\xff.png' --json | grep -o '"code": "[a-z_]*"' || echo none
catalog serve-phrases 2> said &
until grep -q Answering said; do sleep 0.1; done
kill -TERM $! && wait $! && cat said
"""


def test_scripts_of_the_tests_call_what_answers_and_ends_as_the_program_does(
    environment: dict[str, str], preloaded_catalog: Path, pictures: Path
) -> None:
    said = []
    for places in ([], [preloaded_catalog]):
        path = [*places, Path(sys.executable).parent, environment["PATH"]]
        given = {"PATH": os.pathsep.join(map(str, path)), "HERE": str(pictures)}
        done = subprocess.run(
            ["bash", "-c", SCRIPT],
            env=environment | given,
            cwd=pictures,
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        )
        assert not done.stderr
        said.append(done.stdout)
    assert "ended with 2" in said[0]
    assert "ended with 3" in said[0]
    assert "Answering phrases." in said[0]
    assert said[0] == said[1]


def test_what_is_imported_is_no_garbage_and_what_comes_after_it_may_be() -> None:
    before = gc.get_freeze_count()
    with importing("catalog.cli.app"):
        assert gc.isenabled(), "it is there already"
    assert gc.get_freeze_count() == before
    try:
        with importing("a_module_that_is_not_there"):
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
