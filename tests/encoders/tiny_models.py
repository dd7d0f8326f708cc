"""Tiny models with random weights, saved the way open_clip saves real ones."""

from __future__ import annotations

import json
from pathlib import Path

from tiny_sentence import HF_TOWER, save_tokenizer

VISION = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
OPEN_CLIP_TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1}
HF_TEXT = {
    "hf_model_name": "tiny-xlmr",
    "hf_tokenizer_name": "tiny-xlmr",
    "hf_pooler_type": "mean_pooler",
    "context_length": 24,
}


def save_model(
    folder: Path, *, seed: int = 0, suffix: str = ".safetensors", text=None, preprocess=None
) -> Path:
    """Write ``open_clip_config.json`` and random weights into ``folder``."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    text = text or OPEN_CLIP_TEXT
    config = {"embed_dim": 24, "vision_cfg": VISION, "text_cfg": text}
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess or {}})
    )
    built = dict(text)
    if "hf_model_name" in text:
        built |= {
            "hf_model_name": str(folder / text["hf_model_name"]),
            "hf_model_pretrained": False,
        }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        kind = open_clip.CustomTextCLIP if "hf_model_name" in text else open_clip.CLIP
        model = kind(embed_dim=24, vision_cfg=dict(VISION), text_cfg=built)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    if suffix == ".safetensors":
        save_file(state, folder / "open_clip_model.safetensors")
    else:
        torch.save(state, folder / f"open_clip_pytorch_model{suffix}")
    return folder


def save_clap(folder: Path, *, seed: int = 0, fused: bool = False, suffix: str = "") -> Path:
    """A CLAP model with random weights, in a folder as the Hub has them."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    text = {**HF_TOWER, "projection_dim": 24}
    text.pop("model_type")
    audio = {
        "patch_embeds_hidden_size": 8,
        "hidden_size": 64,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 1, 2, 2],
        "projection_dim": 24,
        "enable_fusion": fused,
        "fusion_type": "aff_2d" if fused else None,
    }
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=24)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = ClapModel(config)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    if suffix == ".bin":
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    truncation = "fusion" if fused else "rand_trunc"
    ClapFeatureExtractor(truncation=truncation).save_pretrained(folder)
    save_tokenizer(folder)
    return folder
