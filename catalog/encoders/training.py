"""Trains image-text models: the contrastive loss of CLIP over pairs of pictures and captions.

The same loop makes the small demonstration encoder from nothing and fine-tunes a downloaded
open_clip model on a collection's own captions. The loss is open_clip's :class:`ClipLoss` (Radford
et al. 2021, https://arxiv.org/abs/2103.00020); keeping the image tower fixed is locked-image tuning
(Zhai et al. 2022, https://arxiv.org/abs/2111.07991), where the vectors of already encoded frames
can stand in for the pictures.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Regex, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as FastTokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import PreTrainedTokenizerFast

WEIGHTS_FILE = "open_clip_model.safetensors"
CONFIG_FILE = "open_clip_config.json"
_LARGEST_SCALE = math.log(100.0)

Model: TypeAlias = torch.nn.Module
"""A model as ``open_clip.create_model`` makes it."""

Pixels = npt.NDArray[np.uint8]
"""A picture: height x width x 3, RGB, 8 bits."""


class Tokenizer(Protocol):
    """What open_clip.get_tokenizer returns: texts to token ids, texts x context length."""

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Token ids of each text, padded or cut to the context length."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Matching pictures and texts: the first picture belongs to the first text and to no other."""

    texts: Sequence[str]
    pictures: Sequence[Pixels] | Pixels | None = None
    """A list of pictures of any size, or one array of pictures x side x side x 3."""
    vectors: npt.NDArray[np.float32] | None = None
    """Instead of pictures their vectors, texts x dimensions; the image tower then stays as is."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train. The defaults fine-tune; training from nothing wants a higher rate."""

    steps: int
    learning_rate: float = 1e-5
    warm_up: int = 100
    """Steps over which the rate rises from nothing; it then falls to nothing along a cosine."""
    weight_decay: float = 0.1
    accumulate: int = 1
    """Batches per step. Only pairs of the same batch are contrasted with each other."""
    largest_gradient: float = 1.0
    precision: str = "fp32"
    """``fp32``, or ``bf16``: mixed precision, about twice as fast on processors and GPUs that have
    it.
    """
    device: str = "cpu"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands after a step."""

    step: int
    steps: int
    loss: float
    accuracy: float
    """Share of the batch's texts whose own picture came first."""
    learning_rate: float
    seconds: float


def fit(
    model: torch.nn.Module,
    tokenizer: Tokenizer,
    batches: Iterable[Batch],
    plan: TrainingPlan,
    progress: Callable[[Progress], None] | None = None,
) -> None:
    """Train an open_clip model in place, until the plan's steps are done or the batches end.

    Parameters
    ----------
    model
        Any model of ``open_clip.create_model``. It is left in evaluation mode.
    tokenizer
        The model's own.
    batches
        Pairs to learn from; each batch is contrasted within itself, so the larger the better.
    plan
        How long and how fast.
    progress
        Called after every step.
    """
    torch.manual_seed(plan.seed)
    # Convolutions on a processor run a quarter faster with the channels last; nothing else is
    # affected.
    model.to(plan.device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(
        _parameter_groups(model, plan.weight_decay), lr=plan.learning_rate, betas=(0.9, 0.98)
    )
    loss_of = open_clip.ClipLoss()
    began, source = time.monotonic(), iter(batches)
    for step in range(plan.steps):
        rate = _rate(plan, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        losses, hits = [], []
        for batch in _take(source, plan.accumulate):
            image, text, scale = _encode(model, tokenizer, batch, plan)
            loss = loss_of(image, text, scale)
            (loss / plan.accumulate).backward()
            losses.append(loss.item())
            hits.append(_accuracy(image, text))
        if not losses:
            break
        torch.nn.utils.clip_grad_norm_(model.parameters(), plan.largest_gradient)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            model.logit_scale.clamp_(0.0, _LARGEST_SCALE)  # type: ignore[operator]
        if progress is not None:
            seconds = time.monotonic() - began
            progress(Progress(step + 1, plan.steps, _mean(losses), _mean(hits), rate, seconds))
    model.eval()


def pair_batches(
    pairs: Sequence[tuple[Pixels, Sequence[str]]], size: int, *, seed: int = 0
) -> Iterator[Batch]:
    """Endless batches of a collection of captioned pictures, shuffled anew every time through.

    Each time a picture comes up, one of its captions is drawn.
    """
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(pairs))
        for start in range(0, len(order) - size + 1, size):
            chosen = [pairs[index] for index in order[start : start + size]]
            texts = [captions[int(rng.integers(len(captions)))] for _, captions in chosen]
            yield Batch(texts, pictures=[picture for picture, _ in chosen])
        if len(order) < size:
            raise ValueError(
                f"a batch of {size} needs at least as many pairs; there are {len(order)}"
            )


def encode_pictures(
    model: torch.nn.Module,
    pictures: Sequence[Pixels] | Pixels,
    *,
    precision: str = "fp32",
    batch: int = 256,
) -> npt.NDArray[np.float32]:
    """Unit vectors of pictures, pictures x dimensions, through the model's own preprocessing."""
    parts = []
    with torch.inference_mode(), _autocast(precision):
        for start in range(0, len(pictures), batch):
            tensor = _tensor(model, pictures[start : start + batch])
            parts.append(model.encode_image(tensor, normalize=True).float().numpy())  # type: ignore[operator]
    return np.concatenate(parts)


def encode_texts(
    model: torch.nn.Module, tokenizer: Tokenizer, texts: Sequence[str], *, batch: int = 256
) -> npt.NDArray[np.float32]:
    """Unit vectors of texts, texts x dimensions."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(list(texts[start : start + batch]))
            parts.append(model.encode_text(tokens, normalize=True).float().numpy())  # type: ignore[operator]
    return np.concatenate(parts)


def create(config: Mapping[str, Any], folder: Path, *, seed: int = 0) -> torch.nn.Module:
    """A new, untrained model in ``folder``, which must hold its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")
    torch.manual_seed(seed)
    model: torch.nn.Module = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    return model


def load(folder: Path) -> tuple[torch.nn.Module, Tokenizer]:
    """A model and its tokenizer, as :func:`create` and :func:`save_weights` left them."""
    model = open_clip.create_model(f"local-dir:{folder}")
    return model.eval(), tokenizer_of(folder)


def tokenizer_of(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder."""
    tokenizer: Tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    return tokenizer


def save_weights(model: torch.nn.Module, folder: Path, *, half: bool = True) -> Path:
    """Write the weights beside the configuration, as 16-bit floats unless told otherwise."""
    state = {
        name: (tensor.half() if half and tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    path = folder / WEIGHTS_FILE
    save_file(state, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors writes it for its owner alone
    return path


def train_tokenizer(
    corpus: Iterable[str], folder: Path, *, vocabulary: int, context_length: int
) -> None:
    """Train a small byte-level BPE tokenizer for any language; writes a Hugging Face folder.

    Words never seen fall apart into known pieces and at last into bytes, so nothing is unknown.
    Each Chinese character is kept by itself: without spaces between words, whole phrases would
    otherwise become tokens.
    """
    tokenizer = FastTokenizer(BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
            pre_tokenizers.Whitespace(),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "<start>", "<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", 2)]
    )
    whole = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<pad>",  # noqa: S106
        bos_token="<start>",  # noqa: S106
        eos_token="<end>",  # noqa: S106
        model_max_length=context_length,
    )
    whole.save_pretrained(str(folder))
    # transformers 5 writes a name of its own for the class; version 4 knows only the older one.
    settings = folder / "tokenizer_config.json"
    table = {**json.loads(settings.read_text()), "tokenizer_class": "PreTrainedTokenizerFast"}
    table.pop("backend", None)
    settings.write_text(json.dumps(table, indent=2) + "\n")


def _encode(
    model: torch.nn.Module, tokenizer: Tokenizer, batch: Batch, plan: TrainingPlan
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    tokens = tokenizer(list(batch.texts)).to(plan.device)
    with _autocast(plan.precision, plan.device):
        text = model.encode_text(tokens, normalize=True)  # type: ignore[operator]
        if batch.vectors is not None:
            image = torch.from_numpy(batch.vectors).to(plan.device)
        elif batch.pictures is not None:
            image = model.encode_image(
                _tensor(model, batch.pictures).to(plan.device), normalize=True
            )  # type: ignore[operator]
        else:
            raise ValueError("a batch has neither pictures nor vectors; give it one of them")
    return image.float(), text.float(), model.logit_scale.exp()  # type: ignore[operator]


def _tensor(model: torch.nn.Module, pictures: Sequence[Pixels] | Pixels) -> torch.Tensor:
    """Pictures as the image tower wants them; those already of its size are only normalised."""
    settings = PreprocessCfg(**open_clip.get_model_preprocess_cfg(model))
    side = settings.size if isinstance(settings.size, int) else settings.size[0]
    if isinstance(pictures, np.ndarray) and pictures.shape[1:] == (side, side, 3):
        mean, std = (torch.tensor(values).mul(255) for values in (settings.mean, settings.std))
        scaled = (torch.from_numpy(np.ascontiguousarray(pictures)).float() - mean) / std
        return scaled.permute(0, 3, 1, 2)  # stays channels-last in memory, which convolutions like
    prepare = image_transform_v2(settings, is_train=False)
    return torch.stack([prepare(Image.fromarray(picture)) for picture in pictures])


def _autocast(precision: str, device: str = "cpu") -> AbstractContextManager[Any]:
    if precision == "bf16":
        return torch.autocast(device.split(":", maxsplit=1)[0], dtype=torch.bfloat16)
    return nullcontext()


def _parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices only: gains, biases and the temperature gain nothing from being small."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trainable if parameter.ndim >= 2]
    others = [parameter for parameter in trainable if parameter.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _rate(plan: TrainingPlan, step: int) -> float:
    if step < plan.warm_up:
        return plan.learning_rate * (step + 1) / plan.warm_up
    done = (step - plan.warm_up) / max(1, plan.steps - plan.warm_up)
    return plan.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _take(source: Iterator[Batch], count: int) -> Iterator[Batch]:
    for _ in range(count):
        batch = next(source, None)
        if batch is None:
            return
        yield batch


def _accuracy(image: torch.Tensor, text: torch.Tensor) -> float:
    with torch.no_grad():
        first = (text @ image.T).argmax(dim=1)
        return float((first == torch.arange(len(text), device=first.device)).float().mean())


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
