"""What docs/watch-folders.md shows does what it says, on footage of our own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from test_readme import environment, rushes

__all__ = ["environment", "rushes"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "watch-folders.md"
BLOCK = re.compile(r"<!-- run by tests/test_watch_docs\.py -->\n```(\w+)\n(.*?)```", re.DOTALL)


def block(language: str) -> str:
    ((_, body),) = [
        found for found in BLOCK.findall(DOCUMENT.read_text("utf-8")) if found[0] == language
    ]
    return str(body)


def test_the_document(rushes: Path, environment: dict[str, str]) -> None:
    listener = subprocess.Popen(
        [sys.executable, "-c", block("python")], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listening\n"
        script = block("sh").replace("/media/rushes", f"{rushes} --settle 0.1", 1)
        done = subprocess.run(
            ["bash", "-euc", script.replace("/media/rushes", str(rushes))],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert listener.stdout.readline() == "roll-01.mp4 can be searched\n"
    finally:
        listener.kill()
        listener.communicate()
    assert "1 registered, 0 known" in done.stdout
    assert "from settled to searchable, median_s" in done.stdout
    assert "is not watched any more" in done.stdout
    rows = subprocess.run(
        ["catalog", "sql", block("sql").strip().rstrip(";")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "roll-01.mp4" in rows.stdout, rows.stderr


def test_every_option_is_there(environment: dict[str, str]) -> None:
    said = set(re.findall(r"`(--[a-z]+)", DOCUMENT.read_text("utf-8")))
    helps = [
        subprocess.run(
            ["catalog", *verb, "--help"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for verb in (["root", "watch"], ["watch"])
    ]
    assert {option for option in said if option not in "".join(helps)} == set()
