"""Encoders small enough to build for every run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_models import HF_TEXT, HF_TOWER, save_clap, save_model, save_tokenizer


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model all of open_clip's own."""
    return save_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a text tower and a tokenizer of Hugging Face's, like the default encoder's."""
    folder = tmp_path_factory.mktemp("multilingual")
    (folder / "tiny-xlmr").mkdir()
    (folder / "tiny-xlmr" / "config.json").write_text(json.dumps(HF_TOWER))
    save_tokenizer(folder)
    return save_model(folder, text=HF_TEXT)


@pytest.fixture(scope="session")
def tiny_clap(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with a sound encoder of each of the two kinds that are published."""
    folder = tmp_path_factory.mktemp("clap")
    kinds = {"clap": False, "fused clap": True}
    return {kind: save_clap(folder / kind, fused=fused) for kind, fused in kinds.items()}
