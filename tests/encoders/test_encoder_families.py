"""Families of models that a catalogue would choose: each as open_clip builds it, only smaller.

Their configurations are open_clip's own with fewer layers, narrower ones and a smaller
vocabulary; towers of timm are its smallest of the kind. The weights are random.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import open_clip
import pytest
from open_clip.factory import get_model_config
from PIL import Image
from safetensors.torch import save_file
from tiny_models import save_tokenizer

from catalog.encoders import load_encoder
from catalog.errors import EncoderUnavailableError

VOCABULARY, DIMENSION = 300, 96
SMALL_TEXT = {"width": 32, "heads": 2, "layers": 1}
SMALL_VISION = {"layers": 1, "width": 32, "head_width": 16}
# What stands for timm's large towers; the others are small enough as they are.
SMALLER = {"vit_base_patch32_siglip_256": "test_vit3", "vit_base_patch16_siglip_384": "test_vit3"}
PICTURES = [Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 40).convert("RGB"),
            Image.linear_gradient("L").convert("RGB")]  # fmt: skip
TEXTS = ["a red car", "кіт", "", "夜の街 🎬 " * 40]
# Architecture, its published tag, where its tokenizer comes from, and how its pictures are cut.
FAMILIES = {
    "MetaCLIP 2": ("ViT-H-14-worldwide", "metaclip2_worldwide", "facebook/xlm-v-base", "shortest"),
    "SigLIP 2": ("ViT-B-32-SigLIP2-256", "webli", "timm/ViT-B-32-SigLIP2-256", "squash"),
    "NLLB-CLIP": ("nllb-clip-base-siglip", "mrl", "facebook/nllb-200-distilled-600M", "squash"),
    "PE-Core": ("PE-Core-T-16-384", "meta", None, "squash"),
    "MobileCLIP 2": ("MobileCLIP2-S0", "dfndr2b", None, "shortest"),
    "OpenCLIP's multilingual": (
        "xlm-roberta-base-ViT-B-32", "laion5b_s13b_b90k", "xlm-roberta-base", "shortest"
    ),
}  # fmt: skip
TOWERS = {
    "facebook/nllb-200-distilled-600M": {
        "model_type": "m2m_100", "vocab_size": VOCABULARY, "d_model": 16, "encoder_layers": 1,
        "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_layers": 1,
        "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "max_position_embeddings": 80,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
    },
    "xlm-roberta-base": {
        "model_type": "xlm-roberta", "vocab_size": VOCABULARY, "hidden_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32,
        "max_position_embeddings": 90, "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0,
        "eos_token_id": 2,
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def without_a_network(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def shrunk(monkeypatch):
    """Makes an architecture small under its own name, and gives its configuration."""

    def shrink(name: str) -> dict[str, Any]:
        config = copy.deepcopy(get_model_config(name))
        config["embed_dim"] = DIMENSION
        vision, text = config["vision_cfg"], config["text_cfg"]
        if "timm_model_name" in vision:
            wanted = vision["timm_model_name"]
            vision["timm_model_name"] = SMALLER.get(wanted, wanted)
            vision["image_size"] = 160 if wanted in SMALLER else vision["image_size"]
        else:
            vision |= SMALL_VISION
        if "hf_model_name" not in text:
            text |= SMALL_TEXT
            text["vocab_size"] = 49408 if not text.get("hf_tokenizer_name") else VOCABULARY
        monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, name, config)
        return config

    return shrink


def saved(name: str, config: dict[str, Any], folder: Path, *, tokenizer: bool) -> Path:
    """Random weights of the architecture as a file, its tower's and tokenizer's files beside."""
    folder.mkdir()
    text = dict(config["text_cfg"])
    overrides = {}
    if tower := text.get("hf_model_name"):
        place = folder / tower
        place.mkdir(parents=True)
        (place / "config.json").write_text(json.dumps(TOWERS[tower]))
        overrides["text_cfg"] = text | {"hf_model_name": str(place), "hf_model_pretrained": False}
    if tokenizer and text.get("hf_tokenizer_name"):
        save_tokenizer(folder)
    model = open_clip.create_model(name, pretrained_text=False, **overrides)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    return folder / "weights.safetensors"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_the_family_is_built_and_encodes(family, shrunk, tmp_path):
    name, tag, tokenizer, cut = FAMILIES[family]
    assert tag in open_clip.list_pretrained_tags_by_model(name)
    config = shrunk(name)
    file = saved(name, config, tmp_path / "model", tokenizer=tokenizer is not None)
    encoder = load_encoder(f"{name}@{file}", device="cpu", precision="fp32")
    assert encoder.dimension == DIMENSION
    assert encoder.preprocessing["resize_mode"] == cut
    published = open_clip.get_pretrained_cfg(name, tag)
    assert tuple(encoder.preprocessing["mean"]) == tuple(published["mean"])
    assert encoder.preprocessing["interpolation"] == published["interpolation"]
    pictures, texts = encoder.encode_images(PICTURES), encoder.encode_texts(TEXTS)
    for vectors, count in ((pictures, 2), (texts, 4)):
        assert vectors.shape == (count, DIMENSION)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert not np.allclose(texts[0], texts[1])
    assert encoder.characters_read(TEXTS[:3]) == [-1, -1, -1]
    assert 0 < encoder.characters_read(TEXTS[3:])[0] < len(TEXTS[3])
    again = load_encoder(f"{name}@{file}", device="cpu", precision="fp32")
    assert again.weights_digest == encoder.weights_digest


@pytest.mark.parametrize("family", [f for f, (_, _, tokenizer, _) in FAMILIES.items() if tokenizer])
def test_a_tokenizer_that_is_not_here_is_named_with_its_repository(family, shrunk, tmp_path):
    name, _, tokenizer, _ = FAMILIES[family]
    file = saved(name, shrunk(name), tmp_path / "model", tokenizer=False)
    with pytest.raises(EncoderUnavailableError) as caught:
        load_encoder(f"{name}@{file}")
    assert f"The tokenizer files of {name}@" in caught.value.message
    assert "tokenizer.json" in caught.value.message
    assert caught.value.message.endswith(f" of {tokenizer}.")


def test_published_weights_that_are_not_here_are_named_with_their_repository():
    with pytest.raises(EncoderUnavailableError, match="of timm/ViT-B-32-SigLIP2-256"):
        load_encoder("ViT-B-32-SigLIP2-256/webli")


def test_a_tower_whose_pictures_have_another_size_is_refused(shrunk, tmp_path):
    config = shrunk("ViT-B-32-SigLIP2-256")
    file = saved("ViT-B-32-SigLIP2-256", config, tmp_path / "model", tokenizer=True)
    config["vision_cfg"]["image_size"] = 96
    with pytest.raises(EncoderUnavailableError, match="Input height"):
        load_encoder(f"ViT-B-32-SigLIP2-256@{file}")


def test_weights_of_another_family_are_refused_with_a_reason(shrunk, tmp_path):
    file = saved("PE-Core-T-16-384", shrunk("PE-Core-T-16-384"), tmp_path / "pe", tokenizer=False)
    shrunk("MobileCLIP2-S0")
    with pytest.raises(EncoderUnavailableError) as caught:
        load_encoder(f"MobileCLIP2-S0@{file}")
    assert "cannot be used" in caught.value.message
    assert "belongs to this architecture" in str(caught.value.remedy)
