"""The real encoder: any image-text model open_clip can build."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from open_clip import get_model_preprocess_cfg
from open_clip.hf_model import HFTextEncoder
from open_clip.transform import PreprocessCfg
from PIL import Image

from catalog.encoders.accelerate import Tower, accelerate
from catalog.encoders.batch_size import BatchSize
from catalog.encoders.building import Tokenizer, broken, build_model, build_tokenizer, digest
from catalog.encoders.causal import encode_text, lay_by_place, tokens_seen
from catalog.encoders.class_token import class_token_tower
from catalog.encoders.context import characters_read
from catalog.encoders.pictures import readable_rgb, tame
from catalog.encoders.precision import (
    CANNOT,
    COMPILED,
    FIDELITY,
    check_precision,
    is_worth_trying,
    resolve_device,
    settle_precision,
)
from catalog.encoders.protocol import Vectors
from catalog.encoders.scaling import Pixels, fitting, scale_on, square_side, to_device
from catalog.encoders.sources import find_sources
from catalog.encoders.spec import EncoderSpec
from catalog.encoders.trial import Tried, probe_pictures

# What the batch of a device begins with, and what it may grow to where that is quicker.
_BATCH = {"cuda": (64, 1024), "mps": (64, 64)}
# On processors a larger one was no faster, only larger.
_CPU_BATCH = (32, 32)
# Each prepares some 500 pictures a second.
_MOST_THREADS = 32
# No vocabulary needs more characters than this a token; without a limit, one pasted book would
# keep the tokenizer busy for minutes, only to be cut to the model's context.
_CHARACTERS_A_TOKEN = 16
_log = logging.getLogger(__name__)


class OpenClipEncoder:
    """Implements :class:`catalog.encoders.protocol.Encoder` with open_clip and torch.

    Attributes
    ----------
    tower:
        From pictures as the model is shown them to vectors; `accelerate` may exchange it.
    speedups:
        What `accelerate` has kept.

    Without ``weights_digest`` the model has to be as it was loaded, in fp32: it is taken of that
    when somebody asks, for it reads every weight.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        tokenizer: Tokenizer,
        *,
        name: str,
        precision: str,
        weights_digest: str | None = None,
    ) -> None:
        first = next(model.parameters())
        self._where, self._dtype = first.device, first.dtype
        self.name = name
        self.precision = precision
        self.device = str(self._where)
        self._weights_digest = weights_digest
        self._batch = BatchSize(*_BATCH.get(self._where.type, _CPU_BATCH))
        self.preprocessing: dict[str, Any] = get_model_preprocess_cfg(model)
        self._tokenizer = tokenizer
        # Fast tokenizers keep padding settings inside; two threads in one raise "Already borrowed".
        self._tokenizing = threading.Lock()
        self._pool = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), "preprocess")
        self._fit = fitting(self.preprocessing)
        # The side that pictures are scaled to on the device itself; None: on the processor.
        self._side: int | None = None
        self._model = model
        if self._dtype != torch.float32:
            lay_by_place(model)
        self.tower: Tower = class_token_tower(model) or self.bare
        self.speedups: list[str] = []
        # 0..255 to the model's scale in one step, on the model's device.
        self._mean = 255 * _per_channel(self.preprocessing["mean"], self._where)
        self._deviation = 255 * _per_channel(self.preprocessing["std"], self._where)
        self.dimension = int(self._forward_texts(self.tokenize([""])).shape[1])

    @property
    def weights_digest(self) -> str:
        """Fingerprint of weights, preprocessing and tokens."""
        if self._weights_digest is None:
            self._weights_digest = digest(self._model, self._tokens, self.preprocessing)
        return self._weights_digest

    @property
    def batch_size(self) -> int:
        """How many pictures the model is shown at once, now."""
        return self._batch.size

    # --- the protocol ---------------------------------------------------------

    def encode_images(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode pictures of any size and mode; float32 ``(n, d)``, unit rows.

        Beside a GPU the next batch is prepared while the model works on this one.
        Pictures are read as stored: a turn demanded by EXIF is the caller's to make.

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

        Texts of about one length share a batch, so that few tokens are padding.

        Raises
        ------
        EncoderUnavailableError
            The model gave vectors that are not numbers.
        """
        if not texts:
            return self._unit([])
        tokens = self.tokenize(texts)
        used = tokens_seen(self._model, tokens)
        if used is None:
            used = self._used(tokens)
        order = torch.argsort(used, stable=True)
        rows = [
            self._forward_texts(tokens[several, : max(1, int(used[several].max()))])
            for several in torch.split(order, self.batch_size)
        ]
        vectors = self._unit(rows)
        in_order = np.empty_like(vectors)
        in_order[order.numpy()] = vectors
        return in_order

    # --- pictures ---------------------------------------------------------------

    def _batches(self, pictures: Sequence[Image.Image]) -> Iterator[list[Pixels]]:
        """Yield pixels ``(h, w, 3)`` batch by batch, beside a GPU one batch ahead of it.

        On a processor that would only take from the model what it gives to preparing: torch's
        threads wait for each other busily.
        """
        ahead = self._where.type != "cpu"
        pending: list[Future[Pixels]] = []
        start = 0
        while pending or start < len(pictures):
            if not pending:
                pending, start = self._prepare(pictures, start)
            ready = [job.result() for job in pending]
            pending = []
            if ahead and start < len(pictures):
                pending, start = self._prepare(pictures, start)
            yield ready

    def _prepare(
        self, pictures: Sequence[Image.Image], start: int
    ) -> tuple[list[Future[Pixels]], int]:
        batch = pictures[start : start + self.batch_size]  # the size may shrink meanwhile
        # A picture that is listed twice is read once: Pillow's lazy reading is not thread-safe.
        jobs: dict[int, Future[Pixels]] = {}
        for index, picture in enumerate(batch, start):
            if id(picture) not in jobs:
                jobs[id(picture)] = self._pool.submit(self.pixels, picture, index)
        return [jobs[id(picture)] for picture in batch], start + len(batch)

    def pixels(self, picture: Image.Image, index: int) -> Pixels:
        """A picture as `forward` takes it; ``index`` goes into errors."""
        readable = readable_rgb(picture, index)
        if self._side is None:
            return np.asarray(self._fit(readable), dtype=np.uint8)
        return np.asarray(tame(readable, self.preprocessing["resize_mode"]), dtype=np.uint8)

    def preprocess(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        """What the model is shown, as open_clip would show it: float32 ``(n, 3, h, w)``."""
        return torch.cat([self._scale(pixels) for pixels in self._batches(pictures)])

    def shown(self, pixels: Sequence[Pixels]) -> torch.Tensor:
        """A batch as the tower is given it: normalised, in the model's precision."""
        return self._scale(pixels).to(self._dtype)

    def _scale(self, pixels: Sequence[Pixels]) -> torch.Tensor:
        if self._side is None:
            batch = to_device(np.stack(pixels), self._where).permute(0, 3, 1, 2).float()
        else:
            interpolation = self.preprocessing["interpolation"]
            batch = scale_on(self._where, pixels, self._side, interpolation)
        return (batch - self._mean) / self._deviation

    def scale_on_device(self) -> bool:
        """Scale pictures where the model runs, if its vectors stay the same; whether they do."""
        side = square_side(PreprocessCfg(**self.preprocessing))
        truth = self.encode_images(probe_pictures())
        self._side = side
        same = np.sum(truth * self.encode_images(probe_pictures()), axis=1) >= FIDELITY
        if not np.all(same):
            self._side = None
        return self._side is not None

    def _forward_images(self, pixels: Sequence[Pixels]) -> torch.Tensor:
        """One batch; by halves where memory is too small for it, and smaller ones from then on."""
        began = time.perf_counter()
        try:
            made = self.forward(pixels)
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
        if self._where.type == "cuda":
            torch.cuda.empty_cache()
        return torch.cat([self._forward_images(part) for part in (pixels[:half], pixels[half:])])

    @torch.inference_mode()
    def forward(self, pixels: Sequence[Pixels]) -> torch.Tensor:
        """Vectors of one batch of prepared pictures, waited for."""
        return self.tower(self.shown(pixels)).float().cpu()

    def bare(self, batch: torch.Tensor) -> torch.Tensor:
        """What open_clip itself makes of a batch as `shown` gives it."""
        out: torch.Tensor = self._model.encode_image(batch)  # type: ignore[operator]
        return out

    # --- texts --------------------------------------------------------------------

    @property
    def model(self) -> torch.nn.Module:
        """The model, in its precision and on its device."""
        return self._model

    @torch.inference_mode()
    def _forward_texts(self, tokens: torch.Tensor) -> torch.Tensor:
        return encode_text(self._model, tokens.to(self._where)).float().cpu()

    def tokenize(self, texts: Sequence[str]) -> torch.Tensor:
        """Token numbers ``(n, context)``, without the columns in which every text is padding."""
        tokens = self._tokens(texts)
        return tokens[:, : max(1, int(self._used(tokens).max()))]

    def _used(self, tokens: torch.Tensor) -> torch.Tensor:
        """How many tokens of each text the model must see, ``(n,)``."""
        text = getattr(self._model, "text", None)
        if not isinstance(text, HFTextEncoder):
            # open_clip's own towers take their full context, unless `causal` shortens them.
            return torch.full((len(tokens),), tokens.shape[1])
        # Hugging Face's towers mask padding, so it changes nothing but the time: a query of five
        # words takes a fifth of it.
        used: torch.Tensor = (tokens != text.config.pad_token_id).sum(dim=1)
        return used

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


def load_untried(spec: EncoderSpec, *, name: str, device: str, precision: str) -> OpenClipEncoder:
    """Load ``spec`` as `load` does, for few texts: no precisions race, and no picture is tried.

    ``auto`` is fp32, whose vectors all others are measured by.
    """
    where = resolve_device(device)
    check_precision(precision, where)
    wanted = precision.removesuffix(COMPILED)  # texts are never compiled
    if wanted not in {"auto", "fp32"}:
        return load(spec, name=name, device=device, precision=wanted)
    sources = find_sources(spec, name)
    model, tokenizer = build_model(sources), build_tokenizer(sources)
    try:
        return OpenClipEncoder(model.to(where), tokenizer, name=sources.name, precision="fp32")
    except CANNOT as error:
        raise broken(sources.name, error) from error


def load(spec: EncoderSpec, *, name: str, device: str, precision: str) -> OpenClipEncoder:
    """Load ``spec``; ``name`` is what the encoder shall be called.

    Raises as :func:`catalog.encoders.registry.load_encoder` does.
    """
    where = resolve_device(device)
    check_precision(precision, where)
    base = precision.removesuffix(COMPILED)
    sources = find_sources(spec, name)
    model, tokenizer = build_model(sources), build_tokenizer(sources)

    def encoder(model: torch.nn.Module, precision: str) -> OpenClipEncoder:
        return OpenClipEncoder(
            model, tokenizer, name=sources.name, precision=precision, weights_digest=fingerprint
        )

    def trial(model: torch.nn.Module) -> Tried:
        racing.append(Tried(encoder(model, "on trial"), racing[0] if racing else None))
        return racing[-1]

    racing: list[Tried] = []
    try:
        fingerprint = digest(model, tokenizer, get_model_preprocess_cfg(model))
        settled = settle_precision(model, base, where, trial)
        loaded = encoder(*settled)
        racing.clear()
        # A model that cannot encode is found out here, not in the middle of an archive.
        loaded.encode_images(probe_pictures()[:1])
        if precision != base or (base == "auto" and is_worth_trying(model)):
            tried = Tried(loaded)
            loaded.speedups = accelerate(tried, where, compiled=precision != base)
        if where.type == "cuda" and loaded.scale_on_device():
            loaded.speedups.append("scale_on_device")
    except CANNOT as error:
        raise broken(sources.name, error) from error
    return loaded


def _is_out_of_memory(error: Exception) -> bool:
    # The CPU's allocator has no class of its own for it.
    words = ("can't allocate memory", "not enough memory")
    known = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, known) or any(w in str(error) for w in words)


def _per_channel(values: Sequence[float], device: torch.device) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device).view(1, 3, 1, 1)
