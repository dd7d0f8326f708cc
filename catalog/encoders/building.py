"""Building open_clip's model and tokenizer from local files, quietly and without a network."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import open_clip
import torch
from open_clip.tokenizer import HFTokenizer
from torch.overrides import TorchFunctionMode

from catalog.encoders.sources import Sources
from catalog.errors import EncoderUnavailableError

Tokenizer = Callable[[list[str]], torch.Tensor]
_RANDOM_SEED = 20240923
_PROBES = ["", "a dog on the beach", "Кіт біжить", "夜の街", "مدينة في الليل", "🎬 take 2"]


def build_model(sources: Sources) -> torch.nn.Module:
    """open_clip's model in fp32 on the CPU, in evaluation mode.

    Raises
    ------
    EncoderUnavailableError
        The checkpoint is corrupt or of another architecture; the reason is in the message.
    """
    overrides: dict[str, Any] = {}
    if sources.text_tower:
        overrides["text_cfg"] = {
            **sources.config["text_cfg"],
            "hf_model_name": str(sources.text_tower),
            "hf_model_pretrained": False,
        }
    initialisation = _seeded() if sources.random else _SkipInitialisation()
    try:
        with _quiet(), initialisation:
            model: torch.nn.Module = open_clip.create_model(
                sources.architecture,
                pretrained=str(sources.checkpoint) if sources.checkpoint else None,
                force_quick_gelu=sources.quick_gelu,
                force_preprocess_cfg=dict(sources.preprocessing),
                pretrained_text=False,
                require_pretrained=not sources.random,
                weights_only=True,
                **overrides,
            )
    except Exception as error:  # open_clip, torch and safetensors raise whatever they meet
        raise broken(sources.name, error) from error
    return model.eval().requires_grad_(False)


def build_tokenizer(sources: Sources) -> Tokenizer:
    """The model's tokenizer: texts to ``(n, context)`` token numbers.

    Raises
    ------
    EncoderUnavailableError
        If its files cannot be read.
    """
    text = sources.config["text_cfg"]
    if sources.random and text.get("hf_tokenizer_name"):
        return ByteTokenizer(text.get("context_length", 77))
    try:
        with _quiet():
            if sources.tokenizer is None:
                tokenizer: Tokenizer = open_clip.get_tokenizer(sources.architecture)
                return tokenizer
            tokenizer = HFTokenizer(
                str(sources.tokenizer),
                context_length=text.get("context_length", 77),
                tokenizer_mode=text.get("tokenizer_mode"),
                local_files_only=True,
                **text.get("tokenizer_kwargs", {}),
            )
            return tokenizer  # noqa: RET504  # the name carries the type
    except Exception as error:
        raise broken(sources.name, error, what="tokenizer") from error


def broken(name: str, error: BaseException, what: str = "model") -> EncoderUnavailableError:
    """The error for files that are there but make no working model."""
    reason = " ".join(str(error).split())
    if len(reason) > 300:  # a checkpoint of another architecture lists every key
        reason = f"{reason[:300]}…"
    return EncoderUnavailableError(
        f"The {what} of {name} cannot be used: {type(error).__name__}: {reason}",
        remedy="Check that the file is complete and belongs to this architecture; for the "
        "rendered demonstration alone, CATALOG_ENCODER=demo.",
        encoder=name,
    )


def digest(model: torch.nn.Module, tokenizer: Tokenizer, preprocessing: Mapping[str, Any]) -> str:
    """Fingerprint of weights, preprocessing and tokens: 32 hexadecimal digits.

    Of the values, not the file, so a checkpoint converted to another format
    stays the same encoder.
    """

    def of_tensor(item: tuple[str, torch.Tensor]) -> bytes:
        key, tensor = item
        label = f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode()
        values = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        return hashlib.sha256(label + hashlib.sha256(values.data).digest()).digest()

    # position_ids are constants that some versions of transformers store and some do not.
    state = sorted((k, v) for k, v in model.state_dict().items() if "position_ids" not in k)
    whole = hashlib.sha256()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for part in pool.map(of_tensor, state):
            whole.update(part)
    whole.update(json.dumps(preprocessing, sort_keys=True, default=list).encode())
    whole.update(json.dumps(tokenizer(_PROBES).tolist()).encode())
    return whole.hexdigest()[:32]


class ByteTokenizer:
    """Stand-in for a tokenizer that is not here: one token a byte, framed as RoBERTa's.

    Only for random weights, where words mean nothing and only the work counts.
    """

    def __init__(self, context_length: int) -> None:
        self.context_length = context_length

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Token numbers, ``(n, context_length)``: 0, the bytes plus 3, 2, then padding of 1."""
        tokens = torch.ones(len(texts), self.context_length, dtype=torch.long)
        for row, text in zip(tokens, texts, strict=True):
            body = [byte + 3 for byte in text.encode()[: self.context_length - 2]]
            row[: len(body) + 2] = torch.tensor([0, *body, 2])
        return tokens


class _SkipInitialisation(TorchFunctionMode):
    """Leaves parameters unset: a strict load overwrites every one of them anyway."""

    _DRAWS = frozenset({"normal_", "uniform_", "trunc_normal_", "kaiming_uniform_",
                        "kaiming_normal_", "xavier_uniform_", "xavier_normal_"})  # fmt: skip

    def __torch_function__(
        self,
        func: Any,  # noqa: ANN401  # torch's own signature
        types: Any,  # noqa: ANN401
        args: Any = (),  # noqa: ANN401
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in self._DRAWS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


@contextmanager
def _seeded() -> Iterator[None]:
    """The same random weights each time, without touching the program's own randomness."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_RANDOM_SEED)
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what open_clip says about itself off the program's log; errors are raised anyway."""

    def not_open_clip(record: logging.LogRecord) -> bool:
        return "open_clip" not in record.pathname

    root = logging.getLogger()
    # Its logging.info() would otherwise give the root logger a handler that stays.
    silence = logging.NullHandler()
    root.addHandler(silence)
    root.addFilter(not_open_clip)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(open_clip|timm|transformers|torch)\b")
            yield
    finally:
        root.removeFilter(not_open_clip)
        root.removeHandler(silence)
