"""The real encoder: any image-text model open_clip can build."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import get_model_preprocess_cfg
from open_clip.hf_model import HFTextEncoder
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from catalog.encoders.batch_size import BatchSize
from catalog.encoders.building import Tokenizer, broken, build_model, build_tokenizer, digest
from catalog.encoders.context import characters_read
from catalog.encoders.pictures import readable_rgb, tame
from catalog.encoders.precision import check_precision, resolve_device, settle_precision
from catalog.encoders.protocol import Vectors
from catalog.encoders.sources import find_sources
from catalog.encoders.spec import EncoderSpec

# What the batch of a device begins with, and what it may grow to where that is quicker.
_BATCH = {"cuda": (64, 1024), "mps": (64, 64)}
# On processors a larger one was no faster, only larger.
_CPU_BATCH = (32, 32)
# No vocabulary needs more characters than this a token; without a limit, one pasted book would
# keep the tokenizer busy for minutes, only to be cut to the model's context.
_CHARACTERS_A_TOKEN = 16
# What torch raises when a model does not fit its input, or the device its memory.
_MISFITS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_log = logging.getLogger(__name__)

_PROBE_TEXTS = ["a dog on the beach", "кіт біжить"]


class OpenClipEncoder:
    """Implements :class:`catalog.encoders.protocol.Encoder` with open_clip and torch."""

    def __init__(
        self,
        model: torch.nn.Module,
        tokenizer: Tokenizer,
        *,
        name: str,
        precision: str,
        weights_digest: str,
    ) -> None:
        where = next(model.parameters()).device
        self.name = name
        self.precision = precision
        self.device = str(where)
        self.weights_digest = weights_digest
        self._batch = BatchSize(*_BATCH.get(where.type, _CPU_BATCH))
        self.preprocessing: dict[str, Any] = get_model_preprocess_cfg(model)
        self._tokenizer = tokenizer
        # Fast tokenizers keep padding settings inside; two threads in one raise "Already borrowed".
        self._tokenizing = threading.Lock()
        self._pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1), "preprocess")
        self._fit = _fitting(self.preprocessing)
        self._model = model
        # 0..255 to the model's scale in one step, on the model's device.
        self._mean = 255 * _per_channel(self.preprocessing["mean"], where)
        self._deviation = 255 * _per_channel(self.preprocessing["std"], where)
        self.dimension = int(self._forward_texts([""]).shape[1])

    @property
    def batch_size(self) -> int:
        """How many pictures the model is shown at once, now."""
        return self._batch.size

    # --- the protocol ---------------------------------------------------------

    def encode_images(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode pictures of any size and mode; float32 ``(n, d)``, unit rows.

        The next batch is prepared while the model works on this one. Pictures
        are read as stored: a turn demanded by EXIF is the caller's to make.

        Raises
        ------
        UndecodableError
            A picture cannot be read; ``details["index"]`` says which.
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        rows = [self._forward_images(pixels) for pixels in self._batches(pictures)]
        return self._unit(rows)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode texts in the languages the model knows; float32 ``(n, d)``, unit rows.

        Raises
        ------
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        size = self.batch_size
        rows = [
            self._forward_texts(texts[start : start + size]) for start in range(0, len(texts), size)
        ]
        return self._unit(rows)

    # --- pictures ---------------------------------------------------------------

    def _batches(self, pictures: Sequence[Image.Image]) -> Iterator[NDArray[np.uint8]]:
        """Yield pixels ``(b, h, w, 3)``, one batch ahead of the model."""
        pending: list[Future[NDArray[np.uint8]]] = []
        size = self.batch_size  # it may shrink meanwhile
        for start in range(0, len(pictures) + size, size):
            ready = np.stack([job.result() for job in pending]) if pending else None
            pending = self._prepare(pictures[start : start + size], start)
            if ready is not None:
                yield ready

    def _prepare(self, batch: Sequence[Image.Image], start: int) -> list[Future[NDArray[np.uint8]]]:
        # A picture that is listed twice is read once: Pillow's lazy reading is not thread-safe.
        jobs: dict[int, Future[NDArray[np.uint8]]] = {}
        for index, picture in enumerate(batch, start):
            if id(picture) not in jobs:
                jobs[id(picture)] = self._pool.submit(self._pixels, picture, index)
        return [jobs[id(picture)] for picture in batch]

    def _pixels(self, picture: Image.Image, index: int) -> NDArray[np.uint8]:
        return np.asarray(self._fit(readable_rgb(picture, index)), dtype=np.uint8)

    def preprocess(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """What the model is shown, equal to open_clip's own: float32 ``(n, 3, h, w)``."""
        return torch.cat([self._scale(pixels) for pixels in self._batches(pictures)])

    def _scale(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        batch = torch.from_numpy(pixels).to(self._mean.device).permute(0, 3, 1, 2)
        return (batch.float() - self._mean) / self._deviation

    def _forward_images(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """One batch; by halves where memory is too small for it, and smaller ones from then on."""
        began = time.perf_counter()
        try:
            made = self._forward(pixels)
        except (MemoryError, RuntimeError) as error:
            if len(pixels) == 1 or not _is_out_of_memory(error):
                raise
        else:
            self._batch.took(len(pixels), time.perf_counter() - began)
            return made
        # Out of the except block: the error's traceback holds what was in the memory.
        half = len(pixels) // 2
        self._batch.too_large(len(pixels))
        _log.warning("encoder_batch_halved", extra={"batch": self.batch_size, "encoder": self.name})
        if self._mean.is_cuda:
            torch.cuda.empty_cache()
        return torch.cat([self._forward_images(part) for part in (pixels[:half], pixels[half:])])

    @torch.inference_mode()
    def _forward(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        dtype = next(self._model.parameters()).dtype
        out: torch.Tensor = self._model.encode_image(self._scale(pixels).to(dtype))  # type: ignore[operator]
        return out.float().cpu()

    # --- texts --------------------------------------------------------------------

    @torch.inference_mode()
    def _forward_texts(self, texts: Sequence[str]) -> torch.Tensor:
        tokens = self.tokenize(texts).to(self._mean.device)
        out: torch.Tensor = self._model.encode_text(tokens)  # type: ignore[operator]
        return out.float().cpu()

    def tokenize(self, texts: Sequence[str]) -> torch.Tensor:
        """Token numbers ``(n, context)``, without the columns in which every text is padding."""
        tokens = self._tokens(texts)
        text = getattr(self._model, "text", None)
        if not isinstance(text, HFTextEncoder):
            return tokens
        # Hugging Face's towers mask padding, so it changes nothing but the time: a query of five
        # words takes a fifth of it. open_clip's own towers need their full context.
        used = int((tokens != text.config.pad_token_id).sum(dim=1).max())
        return tokens[:, : max(1, used)]

    def _tokens(self, texts: Sequence[str]) -> torch.Tensor:
        limit = _CHARACTERS_A_TOKEN * int(getattr(self._tokenizer, "context_length", None) or 77)
        # Half a surrogate pair, as a broken sidecar may hold, has no UTF-8.
        clean = [" ".join(t.encode("utf-8", "replace").decode().split())[:limit] for t in texts]
        with self._tokenizing:
            return self._tokenizer(clean)

    def characters_read(self, texts: Sequence[str]) -> list[int]:
        """How many characters of each text the model reads, -1 where it reads all of it."""
        return characters_read(lambda some: self._tokens(some).numpy(), texts)

    # --- vectors --------------------------------------------------------------------

    def _unit(self, rows: list[torch.Tensor]) -> Vectors:
        if not rows:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors: Vectors = torch.cat(rows).numpy()
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise broken(
                self.name,
                ArithmeticError(f"some of its vectors are not numbers in {self.precision}"),
            )
        vectors /= norms
        return vectors


def load(spec: EncoderSpec, *, name: str, device: str, precision: str) -> OpenClipEncoder:
    """Load ``spec``; ``name`` is what the encoder shall be called.

    Raises as :func:`catalog.encoders.registry.load_encoder` does.
    """
    check_precision(precision)
    where = resolve_device(device)
    sources = find_sources(spec, name)
    model, tokenizer = build_model(sources), build_tokenizer(sources)

    def encoder(model: torch.nn.Module, precision: str) -> OpenClipEncoder:
        return OpenClipEncoder(
            model, tokenizer, name=sources.name, precision=precision, weights_digest=fingerprint
        )

    def probe(candidate: torch.nn.Module) -> Vectors:
        tried = encoder(candidate, "on trial")
        pictures, texts = tried.encode_images(_probe_pictures()), tried.encode_texts(_PROBE_TEXTS)
        return np.concatenate([pictures, texts])

    try:
        fingerprint = digest(model, tokenizer, get_model_preprocess_cfg(model))
        loaded = encoder(*settle_precision(model, precision, where, probe))
        # A model that cannot encode is found out here, not in the middle of an archive.
        loaded.encode_images(_probe_pictures()[:1])
    except _MISFITS as error:
        raise broken(sources.name, error) from error
    return loaded


def _is_out_of_memory(error: Exception) -> bool:
    # The CPU's allocator has no class of its own for it.
    words = ("can't allocate memory", "not enough memory")
    known = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, known) or any(w in str(error) for w in words)


def _per_channel(values: Sequence[float], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)


def _probe_pictures() -> list[Image.Image]:
    """Two pictures with something in them: a ramp and fine texture."""
    ramp = Image.linear_gradient("L").convert("RGB")
    return [ramp, Image.effect_mandelbrot((256, 256), (-2, -1.5, 1, 1.5), 60).convert("RGB")]


def _fitting(preprocessing: dict[str, Any]) -> Callable[[Image.Image], Image.Image]:
    """The step that brings an RGB picture to the model's size."""
    config = PreprocessCfg(**preprocessing)
    # open_clip's own steps but the last three, to RGB, to tensor, normalise: RGB it is already, and
    # the others are quicker for a whole batch.
    steps = image_transform_v2(config, is_train=False).transforms[:-3]

    def fit(picture: Image.Image) -> Image.Image:
        picture = tame(picture, config.resize_mode)
        for step in steps:
            picture = step(picture)
        return picture

    return fit
