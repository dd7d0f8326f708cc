"""The real sound encoder: CLAP, through transformers.

Contrastive Language-Audio Pretraining (Wu et al., 2023, arXiv:2211.06687). Two habits of the
library are kept out, for a sound must have one vector: of fused models its feature extractor
calls one sound of each batch "longer" at random, and it crops what is too long at random.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

from catalog.encoders.building import digest
from catalog.encoders.precision import CANNOT, resolve_device
from catalog.encoders.protocol import Vectors
from catalog.encoders.sound.protocol import Sound, check_sounds
from catalog.encoders.sound.registry import WAYS_TO_NAME
from catalog.errors import EncoderUnavailableError

_BATCH = 8
# RoBERTa's positions begin behind the one that stands for padding.
_POSITIONS_BEFORE = 2
_CHARACTERS_A_TOKEN = 16


class ClapEncoder:
    """Implements :class:`catalog.encoders.sound.protocol.SoundEncoder` with CLAP."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401  # a ClapModel: transformers' types say little
        extractor: Any,  # noqa: ANN401  # a ClapFeatureExtractor
        tokenizer: Any,  # noqa: ANN401  # a tokenizer of transformers
        *,
        name: str,
        device: torch.device,
    ) -> None:
        self.name = name
        self.device = str(device)
        self._where = device
        self._model = model.to(device)
        self._extractor = extractor
        self._tokenizer = tokenizer
        # Fast tokenizers keep padding settings inside; two threads in one raise "Already borrowed".
        self._tokenizing = threading.Lock()
        self.sample_rate = int(extractor.sampling_rate)
        self.window_s = float(extractor.max_length_s)
        self.dimension = int(model.config.projection_dim)
        positions = int(model.config.text_config.max_position_embeddings)
        self._context = positions - _POSITIONS_BEFORE
        settings = {k: v for k, v in extractor.to_dict().items() if not isinstance(v, np.ndarray)}
        self.weights_digest = digest(model, lambda texts: self._tokens(texts)[0], settings)

    def encode_sounds(self, sounds: Sequence[Sound]) -> Vectors:
        """Encode sounds; float32 ``(n, d)``, unit rows. Shorter ones are repeated to fit.

        Raises
        ------
        ValueError
            If a sound is empty or longer than ``window_s``.
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        check_sounds(sounds, self)
        parts = [sounds[at : at + _BATCH] for at in range(0, len(sounds), _BATCH)]
        return self._unit([self._heard(part) for part in parts])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts, in English for the published models; float32 ``(n, d)``, unit rows.

        Raises
        ------
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        parts = [texts[at : at + _BATCH] for at in range(0, len(texts), _BATCH)]
        return self._unit([self._read(part) for part in parts])

    @torch.inference_mode()
    def _heard(self, sounds: Sequence[Sound]) -> torch.Tensor:
        made = self._extractor(
            [np.asarray(sound, np.float64) for sound in sounds],
            sampling_rate=self.sample_rate,
            return_tensors="pt",
        )
        features = made["input_features"].to(self._where, torch.float32)
        longer = torch.zeros((len(sounds), 1), dtype=torch.bool, device=self._where)
        return _pooled(self._model.get_audio_features(input_features=features, is_longer=longer))

    @torch.inference_mode()
    def _read(self, texts: Sequence[str]) -> torch.Tensor:
        tokens, mask = (part.to(self._where) for part in self._tokens(texts))
        return _pooled(self._model.get_text_features(input_ids=tokens, attention_mask=mask))

    def _tokens(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token numbers and which of them are no padding, each ``(n, longest)``."""
        limit = _CHARACTERS_A_TOKEN * self._context
        # Half a surrogate pair, as a broken sidecar may hold, has no UTF-8.
        clean = [" ".join(t.encode("utf-8", "replace").decode().split())[:limit] for t in texts]
        with self._tokenizing:
            made = self._tokenizer(
                clean,
                padding=True,
                truncation=True,
                max_length=self._context,
                return_tensors="pt",
            )
        return made["input_ids"], made["attention_mask"]

    def _unit(self, rows: list[torch.Tensor]) -> Vectors:
        if not rows:
            return np.empty((0, self.dimension), np.float32)
        vectors: Vectors = torch.cat(rows).numpy()
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise _broken(self.name, ArithmeticError("some of its vectors are not numbers"))
        vectors /= norms
        return vectors


def _pooled(found: Any) -> torch.Tensor:  # noqa: ANN401  # what the library's versions give
    """The vectors: transformers 4 gives them as they are, 5 within an output."""
    vectors = found if isinstance(found, torch.Tensor) else found.pooler_output
    return vectors.float().cpu()


def load(folder: Path, *, name: str, device: str) -> ClapEncoder:
    """Load the model in ``folder``; ``name`` is what the encoder shall be called.

    Raises as :func:`catalog.encoders.sound.registry.load_sound_encoder` does.
    """
    where = resolve_device(device)
    try:
        # The library's types do not know that this gives two.
        read: Any = ClapModel.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
        model, said = read
        extractor = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        if missing := sorted(said["missing_keys"]):
            # The library would go on with random numbers in their place.
            raise ValueError(f"weights are missing: {', '.join(missing[:5])}")
        model = model.float().eval().requires_grad_(False)
        loaded = ClapEncoder(model, extractor, tokenizer, name=name, device=where)
        # A model that cannot encode is found out here, not in the middle of an archive.
        loaded.encode_sounds([np.zeros(loaded.sample_rate, np.float32)])
        loaded.encode_texts(["rain on a roof"])
    except (OSError, SafetensorError, *CANNOT) as error:
        raise _broken(name, error) from error
    return loaded


def _broken(name: str, error: BaseException) -> EncoderUnavailableError:
    reason = " ".join(str(error).split())
    if len(reason) > 300:  # a checkpoint of another architecture lists every key
        reason = f"{reason[:300]}…"
    return EncoderUnavailableError(
        f"The sound encoder {name} cannot be used: {type(error).__name__}: {reason}",
        remedy=WAYS_TO_NAME,
        encoder=name,
    )
