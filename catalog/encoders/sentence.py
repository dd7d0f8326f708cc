"""Sentence encoders: texts alone, by a transformer of Hugging Face's, for what is said.

Method: Reimers and Gurevych, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks",
EMNLP 2019, and, across languages, "Making Monolingual Sentence Embeddings Multilingual using
Knowledge Distillation", EMNLP 2020. Only torch and transformers are needed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from catalog.encoders.building import digest
from catalog.encoders.context import characters_read
from catalog.encoders.precision import CANNOT, COMPILED, DTYPES, check_precision, resolve_device
from catalog.encoders.protocol import Vectors
from catalog.encoders.sentence_parts import Dense, Parts, find_parts, unusable
from catalog.encoders.spec import EncoderSpec

_BATCH = {"cuda": 256}
_CPU_BATCH = 32
# As for image-text models: one pasted book would keep the tokenizer busy for minutes.
_CHARACTERS_A_TOKEN = 16
_ACTIVATIONS = {"Tanh": torch.nn.Tanh, "Identity": torch.nn.Identity, "GELU": torch.nn.GELU,
                "ReLU": torch.nn.ReLU}  # fmt: skip


class SentenceModel(torch.nn.Module):
    """Tokens to one vector: the transformer, its pooling, and what stands behind it."""

    def __init__(self, transformer: torch.nn.Module, dense: torch.nn.Module, pooling: str) -> None:
        super().__init__()
        self.transformer = transformer
        self.dense = dense
        self.pooling = pooling

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors ``(n, d)`` of tokens ``(n, length)`` where the mask is 1, not yet of length 1."""
        states = self.transformer(input_ids=tokens, attention_mask=mask).last_hidden_state
        wide = mask.unsqueeze(-1).to(states.dtype)
        if self.pooling == "cls":
            pooled = states[:, 0]
        elif self.pooling == "max":
            pooled = states.masked_fill(wide == 0, -torch.inf).max(dim=1).values
        else:
            pooled = (states * wide).sum(dim=1) / wide.sum(dim=1).clamp(min=1e-9)
        out: torch.Tensor = self.dense(pooled)
        return out


class SentenceEncoder:
    """Implements :class:`catalog.encoders.protocol.TextEncoder` with transformers and torch."""

    def __init__(
        self,
        model: SentenceModel,
        tokenizer: Any,  # noqa: ANN401  # transformers' own
        parts: Parts,
        *,
        name: str,
        precision: str,
    ) -> None:
        self._model, self._tokenizer, self._parts = model, tokenizer, parts
        first = next(model.parameters())
        self._where = first.device
        self.name = name
        self.precision = precision
        self.device = str(first.device)
        # Fast tokenizers keep padding settings inside; two threads in one raise "Already borrowed".
        self._tokenizing = threading.Lock()
        self.weights_digest = digest(model, self._padded, parts.settings)
        self.dimension = int(self._forward([""]).shape[1])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts in the languages the model knows; float32 ``(n, d)``, unit rows.

        Texts of about one length share a batch, so that little of it is padding.

        Raises
        ------
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        size = _BATCH.get(self._where.type, _CPU_BATCH)
        for first in range(0, len(order), size):
            several = order[first : first + size]
            vectors[several] = self._forward([texts[at] for at in several])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise unusable(self.name, f"some of its vectors are not numbers in {self.precision}")
        vectors /= norms
        return vectors

    def characters_read(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text the model reads, -1 where it reads all of it."""
        return characters_read(lambda some: self._padded(some).numpy(), texts)

    @torch.inference_mode()
    def _forward(self, texts: Sequence[str]) -> Vectors:
        made = self._tokens(texts, padding=True)
        tokens, mask = made["input_ids"].to(self._where), made["attention_mask"].to(self._where)
        vectors: Vectors = self._model(tokens, mask).float().cpu().numpy()
        return vectors

    def _padded(self, texts: Sequence[str]) -> torch.Tensor:
        tokens: torch.Tensor = self._tokens(texts, padding="max_length")["input_ids"]
        return tokens

    def _tokens(self, texts: Sequence[str], *, padding: bool | str) -> Any:  # noqa: ANN401  # transformers' own
        parts = self._parts
        limit = _CHARACTERS_A_TOKEN * parts.context
        # Half a surrogate pair, as a broken sidecar may hold, has no UTF-8.
        clean = [" ".join(t.encode("utf-8", "replace").decode().split())[:limit] for t in texts]
        clean = [parts.prompt + (t.lower() if parts.lower else t) for t in clean]
        with self._tokenizing:
            return self._tokenizer(
                clean,
                padding=padding,
                truncation=True,
                max_length=parts.context,
                return_tensors="pt",
            )


def load_sentence(spec: EncoderSpec, *, device: str, precision: str) -> SentenceEncoder:
    """Load a sentence encoder. It computes in fp32 unless ``precision`` is bf16 or fp16.

    Raises
    ------
    EncoderUnavailableError
        If its files are not to be had, are broken, or have a part that is not known here.
    UnknownEncoderError
        If there is no such repository.
    InvalidSettingError
        If the device or precision cannot be used here.
    """
    where = resolve_device(device)
    check_precision(precision, where)
    base = precision.removesuffix(COMPILED)
    chosen = base if base in ("bf16", "fp16") else "fp32"
    parts = find_parts(spec)
    try:
        transformer = AutoModel.from_pretrained(
            parts.transformer, local_files_only=True, trust_remote_code=False, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(
            parts.transformer, local_files_only=True, trust_remote_code=False
        )
        dense = torch.nn.Sequential(*(_built(each, spec.name) for each in parts.dense))
        model = SentenceModel(transformer, dense, parts.pooling).eval().requires_grad_(False)
        moved = model.to(where, DTYPES[chosen])
        return SentenceEncoder(moved, tokenizer, parts, name=spec.name, precision=chosen)
    except (*CANNOT, OSError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise unusable(spec.name, f"{type(error).__name__}: {reason}") from error


def _built(dense: Dense, name: str) -> torch.nn.Module:
    kind = dense.activation.rpartition(".")[2]
    if kind not in _ACTIVATIONS:
        raise unusable(name, f"its dense layer has an activation that is not known here: {kind}")
    weights = dense.folder / "model.safetensors"
    if weights.is_file():
        state = load_file(weights)
    else:
        state = torch.load(dense.folder / "pytorch_model.bin", weights_only=True)
    layer = torch.nn.Linear(dense.inputs, dense.outputs, dense.bias)
    layer.load_state_dict({key.rpartition(".")[2]: value for key, value in state.items()})
    return torch.nn.Sequential(layer, _ACTIVATIONS[kind]())
