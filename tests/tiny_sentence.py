"""A tiny sentence encoder with random weights, saved as sentence-transformers saves real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.domain.everyday import SENTENCES

HF_TOWER = {
    "model_type": "xlm-roberta",
    "vocab_size": 300,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "type_vocab_size": 1,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}


def save_tokenizer(folder: Path) -> Any:
    """Bytes as tokens, framed as XLM-RoBERTa frames its own."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2} | {c: i + 3 for i, c in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    saved = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    saved.save_pretrained(folder)
    return saved


def save_sentence_encoder(place: Path) -> Path:
    """A transformer, the mean of its tokens and a dense layer: 12 numbers of a text."""
    import torch
    from safetensors.torch import save_file
    from transformers import XLMRobertaConfig, XLMRobertaModel

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        config = {key: value for key, value in HF_TOWER.items() if key != "model_type"}
        model = XLMRobertaModel(XLMRobertaConfig(**config)).eval()
        model.save_pretrained(place)
        tokenizer = save_tokenizer(place)
        # Whitened, as training does it: else all texts would be near each other.
        read = [tokenizer(text, return_tensors="pt", truncation=True, max_length=24)
                for text in SENTENCES]  # fmt: skip
        means = torch.stack([model(**each).last_hidden_state.mean(1)[0] for each in read])
        spread, axes = torch.linalg.eigh(torch.cov(means.T))
        dense = (axes[:, -12:] / spread[-12:].sqrt()).T.contiguous() / 2
        weights = {"linear.weight": dense, "linear.bias": -(dense @ means.mean(0))}
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
