"""The README's commands and its Python do what it says, on footage of our own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from catalog.media.writer import write_video
from catalog.settings import Settings

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"<!-- run by tests/test_readme\.py -->\n```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def rushes(tmp_path: Path) -> Path:
    folder = tmp_path / "rushes"
    folder.mkdir()
    frames = [np.full((48, 64, 3), (200, 20, 20), np.uint8)] * 50
    metadata = {"creation_time": "2024-05-01T10:00:00Z"}
    write_video(folder / "roll-01.mp4", frames, frame_rate=Fraction(25), metadata=metadata)
    return folder


@pytest.fixture
def environment(settings: Settings, preloaded_catalog: Path) -> dict[str, str]:
    places = [preloaded_catalog, Path(sys.executable).parent, os.environ["PATH"]]
    return {
        **os.environ,
        "PATH": os.pathsep.join(map(str, places)),
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": str(settings.database_url),
        "CATALOG_ENCODER": "null",
    }


def blocks(language: str, rushes: Path) -> list[str]:
    text = README.read_text(encoding="utf-8")
    found = [body for name, body in BLOCK.findall(text) if name == language]
    assert found, f"README has no {language} block for this test"
    return [body.replace("/media/rushes", str(rushes)) for body in found]


def test_the_commands(rushes: Path, environment: dict[str, str]) -> None:
    for script in blocks("sh", rushes):
        done = subprocess.run(
            ["bash", "-euc", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "roll-01.mp4" in done.stdout


def test_the_python(rushes: Path, environment: dict[str, str]) -> None:
    (script,) = blocks("python", rushes)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 assets are searchable; 0 files failed" in done.stdout
    assert "roll-01.mp4  00:00:00:00  cosine" in done.stdout


def test_links_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    targets = {t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t}
    assert {t for t in targets if not (README.parent / t).exists()} == set()
