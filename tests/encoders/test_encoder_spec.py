"""How encoders are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from catalog.encoders import parse_spec
from catalog.encoders.spec import Kind
from catalog.errors import UnknownEncoderError
from catalog.settings import DEFAULT_ENCODER

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        (DEFAULT_ENCODER, Kind.TAG, DEFAULT_ENCODER),
        ("ViT-B-32", Kind.TAG, "ViT-B-32"),
        ("ViT-B/32/openai", Kind.TAG, "ViT-B-32/openai"),
        ("ViT-B-32/random", Kind.RANDOM, "ViT-B-32/random"),
        ("ViT-B-32@/data/w.pt", Kind.CHECKPOINT, "ViT-B-32@/data/w.pt"),
        ("hf-hub:org/repo", Kind.HUB, "hf-hub:org/repo"),
        ("local-dir:/a/b", Kind.FOLDER, "local-dir:/a/b"),
        ("/a/b@c", Kind.FOLDER, "local-dir:/a/b@c"),
        (" demo ", Kind.DEMO, "demo"),
        ("null", Kind.NULL, "null:64"),
        ("null:8", Kind.NULL, "null:8"),
    ],
)
def test_spellings(text, kind, name):
    spec = parse_spec(text)
    assert (spec.kind, spec.name) == (kind, name)
    assert parse_spec(spec.name) == spec


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "open_clip_config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert parse_spec("mine").name == f"local-dir:{tmp_path}/mine"
    assert parse_spec("ViT-B-32@w.pt").name == f"ViT-B-32@{tmp_path}/w.pt"


@pytest.mark.parametrize(
    "text",
    ["", "  ", "null:0", "null:-3", "null:x", "null:²", "hf-hub:", "hf-hub:one", "hf-hub:a/b/c",
     "local-dir:", "@/w.pt", "ViT-B-32@", "ViT-B-32/"],
)  # fmt: skip
def test_what_names_nothing_is_refused_with_the_spellings(text):
    with pytest.raises(UnknownEncoderError) as caught:
        parse_spec(text)
    assert repr(text.strip()) in str(caught.value) or "empty" in str(caught.value)
    assert "CATALOG_ENCODER" in caught.value.remedy


@pytest.mark.parametrize(
    "statement",
    [
        "import catalog, catalog.encoders",
        "from catalog.encoders import load_encoder; load_encoder('null').encode_texts(['red'])",
    ],
)
def test_torch_is_not_imported_without_need(statement):
    program = f"{statement}\nimport sys\nheavy = {{'torch', 'open_clip', 'transformers'}}\n"
    program += "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_documented_program_runs():
    text = (ROOT / "docs" / "encoders.md").read_text(encoding="utf-8")
    program = text.partition("```python\n")[2].partition("```")[0]
    assert "load_encoder" in program
    exec(compile(program, "docs/encoders.md", "exec"), {})
