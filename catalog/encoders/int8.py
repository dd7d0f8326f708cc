"""A model whose products of matrices are made of integers of 8 bits, as processors do quickest.

Weights have one scale per output, found once; what comes in has a range per row, that is per token,
found as it comes:

    x = low + step * u      u in 0..255         w = scale * i      i in -127..127
    x @ w.T + bias = step * (scale * (u @ i.T)) + low * (scale * sum of i) + bias

Per row, because a transformer has a few tokens with activations a hundred times as large as all
others' (Sun et al. 2024, "Massive Activations in Large Language Models", section 6, of CLIP's
vision transformers too): of the others nothing would be left in a range that all share.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from open_clip.modified_resnet import AttentionPool2d
from open_clip.transformer import ResidualAttentionBlock
from torch import nn
from torch.nn import functional as F  # noqa: N812  # as everybody calls it

from catalog.encoders.threads import use_threads

_STEPS, _HALF, _LARGEST = 255, 128, 127
# A row of equal values has no range to divide by.
_TINY = 1e-20
# A product that shows whether oneDNN has a kernel for this processor. Its reference, which it takes
# else, is thousands of times as slow; where others are at work a kernel may be ten times as slow.
_PROBE, _FAR_SLOWER, _TRIES = (256, 256), 100, 5


class Int8Linear(nn.Module):
    """What `nn.Linear` of these weights computes, float32 in and out; for inference on a CPU."""

    # They are packed away. T5's layers ask what they are before they convert to it, and take this.
    weight: None = None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        weight = weight.detach().float()
        self.out_features, self.in_features = weight.shape
        self._scale = weight.abs().amax(1).clamp_(min=_TINY) / _LARGEST
        whole = (weight / self._scale[:, None]).round_().to(torch.int8)
        self._packed = torch.ops.onednn.qlinear_prepack.default(whole, None)
        self._zero = torch.zeros(self.out_features, dtype=torch.int32)
        sums = self._scale * whole.float().sum(1)  # of int8 it takes PyTorch ten times as long
        self._offsets = torch.stack(
            [sums, torch.zeros_like(sums) if bias is None else bias.detach()]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From ``(..., in_features)`` to ``(..., out_features)``."""
        rows = x.reshape(-1, self.in_features)
        low, high = rows.amin(1, keepdim=True), rows.amax(1, keepdim=True)
        step = (high - low).clamp_(min=_TINY) / _STEPS
        scaled = rows * step.reciprocal()
        scaled += -_HALF - low / step
        # As int8, with the highest bit turned: PyTorch takes three times as long to make uint8.
        whole = scaled.round_().to(torch.int8).bitwise_xor_(-_HALF).view(torch.uint8)
        made = self._product(whole).mul_(step)
        made.addmm_(torch.cat([low, torch.ones_like(low)], 1), self._offsets)
        return made.view(*x.shape[:-1], self.out_features)

    def _product(self, whole: torch.Tensor) -> torch.Tensor:
        """``scale * (whole @ i.T)``; the input's own scale is 1, its zero 0, and no bias is added.

        Raises
        ------
        RuntimeError
            If this build of PyTorch takes other arguments.
        """
        given = (whole, 1.0, 0, self._packed, self._scale, self._zero, None)
        plain: tuple[object, ...] = (1.0, 0, torch.float32, "none", [], "")
        return cast("torch.Tensor", torch.ops.onednn.qlinear_pointwise.default(*given, *plain))


class Int8Attention(nn.Module):
    """The self-attention of an `nn.MultiheadAttention`, called as open_clip calls it."""

    def __init__(self, of: nn.MultiheadAttention) -> None:
        super().__init__()
        self._heads = of.num_heads
        self.in_proj = Int8Linear(of.in_proj_weight, of.in_proj_bias)
        self.out_proj = Int8Linear(of.out_proj.weight, of.out_proj.bias)

    def forward(
        self,
        seen: torch.Tensor,
        _keys: torch.Tensor,  # both the same as what looks
        _values: torch.Tensor,
        *,
        need_weights: bool = False,  # noqa: ARG002  # a part of how it is called
        attn_mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, None]:
        """What attention makes of all places of ``(n, places, width)``, and no weights."""
        queries, keys, values = self._projected(seen)
        looked = F.scaled_dot_product_attention(queries, keys, values, attn_mask=attn_mask)
        return self.out_proj(looked.transpose(1, 2).reshape(seen.shape)), None

    def of_first(self, seen: torch.Tensor) -> torch.Tensor:
        """What attention makes of the first place of ``(n, places, width)``: ``(n, width)``."""
        queries, keys, values = self._projected(seen)
        looked = F.scaled_dot_product_attention(queries[:, :, :1], keys, values)
        return cast("torch.Tensor", self.out_proj(looked.reshape(len(seen), -1)))

    def _projected(self, seen: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values ``(n, heads, places, width of a head)``."""
        parts = self.in_proj(seen).view(*seen.shape[:2], 3, self._heads, -1)
        return cast("tuple[torch.Tensor, ...]", parts.permute(2, 0, 3, 1, 4).unbind())


def can_quantise() -> bool:
    """Whether a model can be quantised here at all."""
    return is_quick() or _has_dynamic()


def quantised(model: nn.Module) -> nn.Module:
    """The model with linear layers in int8; it is changed itself where oneDNN is quick here.

    With them attention's own projections in the tower of pictures. Those of texts stay in float32:
    texts suffer most of the rounding, and are few beside pictures.
    """
    if not is_quick():
        model = _dynamic(model)
    else:
        for module, name, part in list(_attentions(model)):
            setattr(module, name, Int8Attention(part))
        for path in _linear(model):
            parent, _, name = path.rpartition(".")
            layer = model.get_submodule(path)
            quick = Int8Linear(cast("torch.Tensor", layer.weight), cast("Any", layer.bias))
            setattr(model.get_submodule(parent), name, quick)
    for module in model.modules():
        # A layer's weight is packed away; open_clip asks it here what to convert its input to.
        module.int8_original_dtype = torch.float32  # type: ignore[assignment]
    return model


@functools.cache
def is_quick() -> bool:
    """Whether oneDNN multiplies bytes quickly on this processor, found out by trying."""
    rows, width = _PROBE
    x, weight = torch.randn(rows, width), torch.randn(width, width)
    try:
        layer = Int8Linear(weight, None)
        # Threads wait for each other, and so long for one that has lost its processor.
        with torch.inference_mode(), use_threads(1):
            whole, other = _seconds(lambda: F.linear(x, weight)), _seconds(lambda: layer(x))
    except (AttributeError, RuntimeError, TypeError):  # PyTorch without oneDNN, or another's
        return False
    return other < _FAR_SLOWER * whole


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_TRIES):  # the first compiles kernels
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def _attentions(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.MultiheadAttention]]:
    """Where the tower of pictures looks at itself in open_clip's own layers, and with what."""
    visual = getattr(model, "visual", None)
    for module in visual.modules() if isinstance(visual, nn.Module) else ():
        if type(module) is not ResidualAttentionBlock or hasattr(module, "ln_1_kv"):
            continue
        attention = module.attn
        if type(attention) is nn.MultiheadAttention and attention.batch_first:
            yield module, "attn", attention


def _has_dynamic() -> bool:
    # torch has announced to give this up for a package of its own.
    try:
        from torch.ao.quantization import quantize_dynamic  # noqa: F401, PLC0415
    except ImportError:
        return False
    return torch.backends.quantized.engine not in {"none", ""}


def _dynamic(model: nn.Module) -> nn.Module:
    """A copy with PyTorch's own linear layers of 8 bits, which have a range per batch."""
    from torch.ao.quantization import quantize_dynamic  # noqa: PLC0415  slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done: nn.Module = quantize_dynamic(model, _linear(model), dtype=torch.qint8)  # type: ignore[no-untyped-call]
    return done


def _linear(model: nn.Module) -> set[str]:
    """Names of the linear layers that are called; of a ResNet's last one only weights are used."""
    pools = tuple(
        name for name, module in model.named_modules() if isinstance(module, AttentionPool2d)
    )
    return {
        name
        for name, module in model.named_modules()
        if type(module) is nn.Linear and name.rpartition(".")[0] not in pools
    }
