"""What every encoder of texts promises, and how a sentence encoder is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_models import HF_TOWER, save_tokenizer

from catalog.encoders import Encoder, TextEncoder, load_encoder, load_text_encoder, parse_spec
from catalog.errors import EncoderUnavailableError, UnknownEncoderError

TEXTS = ["a laptop on a train", "кіт на столі", "夜の街", "سيارة حمراء"]
ODD = ["", "  \n", "word " * 5000, "夜" * 20_000, "half a pair \ud83d", "before\x00after", "</s>"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model as sentence-transformers saves one: transformer, mean of tokens, dense layer."""
    import torch
    from safetensors.torch import save_file
    from transformers import XLMRobertaConfig, XLMRobertaModel

    place = tmp_path_factory.mktemp("sentence")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = {key: value for key, value in HF_TOWER.items() if key != "model_type"}
        XLMRobertaModel(XLMRobertaConfig(**config)).save_pretrained(place)
        weights = {"linear.weight": torch.randn(12, 16), "linear.bias": torch.randn(12)}
    save_tokenizer(place)
    kinds = {
        "": "Transformer",
        "1_Pooling": "Pooling",
        "2_Dense": "Dense",
        "3_Normalize": "Normalize",
    }
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(kinds.items())
    ]
    (place / "modules.json").write_text(json.dumps(modules))
    (place / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24}))
    for name in ("1_Pooling", "2_Dense"):
        (place / name).mkdir()
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (place / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    dense = {"in_features": 16, "out_features": 12, "bias": True,
             "activation_function": "torch.nn.modules.activation.Tanh"}  # fmt: skip
    (place / "2_Dense" / "config.json").write_text(json.dumps(dense))
    save_file(weights, place / "2_Dense" / "model.safetensors")
    return place


@pytest.fixture(scope="module", params=["sentence", "null", "demo"])
def encoder(request: pytest.FixtureRequest) -> TextEncoder:
    named = f"sentence:{request.getfixturevalue('folder')}"
    return load_text_encoder(named if request.param == "sentence" else request.param)


def test_it_describes_itself_and_its_name_loads_it_again(encoder: TextEncoder):
    assert isinstance(encoder, TextEncoder)
    assert len(encoder.weights_digest) == 32
    again = load_text_encoder(encoder.name)
    assert (again.name, again.weights_digest) == (encoder.name, encoder.weights_digest)
    np.testing.assert_array_equal(again.encode_texts(TEXTS), encoder.encode_texts(TEXTS))


def test_rows_are_of_length_one_whatever_the_text(encoder: TextEncoder):
    for texts in (TEXTS, ODD, []):
        vectors = encoder.encode_texts(texts)
        assert vectors.shape == (len(texts), encoder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_vectors_do_not_depend_on_the_batch(encoder: TextEncoder):
    texts = [f"{text} {n}" for n in range(20) for text in TEXTS]
    together = encoder.encode_texts(texts)
    for n in (0, 31, 79):
        np.testing.assert_allclose(encoder.encode_texts([texts[n]])[0], together[n], atol=1e-5)


def test_a_sentence_encoder_sees_no_pictures(folder: Path):
    loaded = load_text_encoder(f"sentence:{folder}")
    assert not isinstance(loaded, Encoder)
    assert (loaded.dimension, loaded.precision) == (12, "fp32")
    assert loaded.characters_read(["short"]) == [-1]
    [read] = loaded.characters_read(["word " * 100])
    assert 0 < read < 100
    with pytest.raises(UnknownEncoderError, match="sees no pictures"):
        load_encoder(loaded.name)


def test_what_cannot_be_loaded_is_told_with_a_way_out(folder: Path, tmp_path: Path, monkeypatch):
    with pytest.raises(EncoderUnavailableError, match="there is no folder") as caught:
        load_text_encoder(f"sentence:{tmp_path / 'away'}")
    assert "CATALOG_SPEECH_ENCODER" in caught.value.remedy
    with pytest.raises(EncoderUnavailableError, match="holds weights"):
        load_text_encoder(f"sentence:{tmp_path}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderUnavailableError, match="HF_HUB_OFFLINE") as caught:
        load_text_encoder("sentence:nobody/no-such-model")
    assert "CATALOG_SPEECH_ENCODER" in caught.value.remedy
    with pytest.raises(UnknownEncoderError, match="sentence:ORG/REPO"):
        parse_spec("sentence:")
