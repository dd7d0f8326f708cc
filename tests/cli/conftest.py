"""The command line, in a process of its own or in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from typer.testing import CliRunner

from catalog.cli.app import app
from catalog.settings import Settings

# Built once: Typer would build all verbs anew for each that is run, which takes longer than most.
typer.testing._get_command = cache(typer.testing._get_command)


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """The environment of a catalogue of this test's own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CATALOG_")}
    return {
        **kept,
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": str(settings.database_url),
        "CATALOG_ENCODER": "null",
    }


@pytest.fixture
def cli(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a verb in this process; nothing but an exit may come out of it."""
    for key, value in environment.items():
        if key.startswith("CATALOG_"):
            monkeypatch.setenv(key, value)

    def run(*arguments: object) -> Answer:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stdout + result.stderr
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def process(environment: dict[str, str]) -> Callable[..., Answer]:
    """Run a verb as people do: a process, with its arguments as bytes."""

    def run(*arguments: str | bytes, **more: str) -> Answer:
        done = subprocess.run(
            [os.fsencode(sys.executable), b"-m", b"catalog.cli", *map(os.fsencode, arguments)],
            env={**environment, **more},
            capture_output=True,
            timeout=240,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in out + err, err
        return Answer(done.returncode, out, err)

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Three stills of a colour each, in a folder."""
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for colour in ("red", "green", "blue"):
        Image.new("RGB", (32, 24), colour).save(folder / f"{colour}.png")
    return folder


def command(*arguments: str) -> Sequence[str]:
    """The command line of a verb, for a process that a test watches itself."""
    return [sys.executable, "-m", "catalog.cli", *arguments]
