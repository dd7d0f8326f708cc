"""A model as a folder that loads again without its parent, its tag or a network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from open_clip import get_model_preprocess_cfg

from catalog.encoders.sources import TOKENIZER_FILES, Sources
from catalog.encoders.spec import CONFIG_FILE
from catalog.encoders.training import save_weights

_TOWER = "text_tower"


def write_folder(sources: Sources, model: torch.nn.Module, folder: Path) -> Path:
    """Write configuration, preprocessing, tokenizer and weights; ``folder`` must be there.

    Weights are written in full precision: the parent's may be.
    """
    config: dict[str, Any] = {**sources.config, "text_cfg": dict(sources.config["text_cfg"])}
    if sources.quick_gelu:
        config["quick_gelu"] = True
    if sources.text_tower is not None:
        named = str(config["text_cfg"]["hf_model_name"])
        if Path(named).is_absolute() or ".." in Path(named).parts:
            named = config["text_cfg"]["hf_model_name"] = _TOWER
        (folder / named).mkdir(parents=True)
        shutil.copyfile(sources.text_tower / "config.json", folder / named / "config.json")
    if sources.tokenizer is not None:
        for name in TOKENIZER_FILES:
            # A text tower's configuration of that name is no tokenizer's, but does no harm.
            if (sources.tokenizer / name).is_file():
                shutil.copyfile(sources.tokenizer / name, folder / name)
    body = {"model_cfg": config, "preprocess_cfg": get_model_preprocess_cfg(model)}
    (folder / CONFIG_FILE).write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    return save_weights(model, folder, half=False)
