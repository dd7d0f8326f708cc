"""The commands of docs/evaluation.md do what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from test_readme import environment

__all__ = ["environment"]

DOCUMENT = Path(__file__).parents[1] / "docs" / "evaluation.md"
BLOCK = re.compile(r"<!-- run by tests/test_evaluation_docs\.py -->\n```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    rows = ["file,language,caption"]
    for colour in ("red", "blue", "white", "black"):
        Image.new("RGB", (32, 24), colour).save(tmp_path / f"{colour}.png")
        rows += [f"{colour}.png,en,{colour}", f"{colour}.png,de,Bild Nummer {len(rows)}"]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(rows))
    return file


def test_the_page_is_true(mine: Path, environment: dict[str, str]) -> None:
    outs = []
    for language, script in BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")):
        text = script.replace("/data/mine.csv", str(mine)).replace(
            "evaluation.html", str(mine.parent / "evaluation.html")
        )
        text = text.replace("/data/stills", str(mine.parent / "red.png"))
        # Drawing and torch have tests of their own; here it is the words that are tried.
        text = text.replace("--limit 24 --encoder demo --encoder null", "--limit 4 --encoder null")
        shell = ["bash", "-euc"] if language == "sh" else [sys.executable, "-c"]
        done = subprocess.run(
            [*shell, text], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        outs.append(done.stdout)
        (mine.parent / "evaluation.html").unlink(missing_ok=language == "sh")
    assert "14 languages" in outs[0]
    assert '"null:64 + prompt"' in outs[1]
    assert "null:32 against null:64" in outs[1]
    assert re.search(r"^xlm-roberta\S+ +0\.426", outs[1], re.MULTILINE)
    assert "Nothing is calibrated" in outs[2]
    assert re.search(r"null:64: 1\.000 \(1\.000 to 1\.000\)|null:64: 0\.\d{3} \(", outs[3])
