"""The commands of docs/renditions.md do what it says, on footage of our own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import test_readme
from test_readme import environment, rushes

__all__ = ["environment", "rushes"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "renditions.md"


def test_the_commands(rushes: Path, environment: dict[str, str]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8").replace("test_renditions_docs", "test_readme")
    ((_, script),) = test_readme.BLOCK.findall(text)
    script = script.replace("/media/rushes", str(rushes))
    done = subprocess.run(
        ["bash", "-euc", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("1 proxies made") == 2
    # The film has no sound.
    assert "0 waveforms made" in done.stdout
    assert re.search(r"proxy +\S+/renditions/\S+/proxy-b\.mp4 \([\d.]+ [kM]?B\)", done.stdout)
