"""Which weights of a model learn, and low-rank matrices beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.utils import parametrize

from catalog.encoders.lessons import Method

# Where open_clip's towers project into the common space: ViT and ResNet, timm's, its own text
# tower and Hugging Face's.
_HEADS = re.compile(
    r"^(visual\.proj|visual\.attnpool\.c_proj\.\w+|visual\.head\..+|(text\.)?text_projection(\.\w+)?"
    r"|text\.proj(\..+)?)$"
)
# How the temperature is called; it is no knowledge, and with few pairs it runs away.
_TEMPERATURE = frozenset({"logit_scale", "logit_bias"})


class LowRank(nn.Module):
    """A weight plus ``up @ down``: at first nothing, for ``up`` is zero (Hu et al. 2021)."""

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape[0], weight[0].numel()
        rank = min(rank, rows, columns)
        self.down = nn.Parameter(torch.randn(rank, columns, device=weight.device) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank, device=weight.device))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight as the layer sees it; that of a convolution is a matrix, too."""
        return weight + (self.up @ self.down).reshape(weight.shape)


def prepare(model: nn.Module, method: Method, rank: int) -> list[nn.Parameter]:
    """Let those weights learn that the method names, and no others; they are returned.

    Raises
    ------
    ValueError
        The model has no projections, or no layers, of the kind.
    """
    model.requires_grad_(False)
    if method is Method.LORA:
        for module, name in list(_matrices(model)):
            parametrize.register_parametrization(
                module, name, LowRank(getattr(module, name), rank), unsafe=True
            )
        chosen = [p for m in model.modules() if isinstance(m, LowRank) for p in (m.up, m.down)]
    else:
        chosen = [
            parameter
            for name, parameter in model.named_parameters()
            if name not in _TEMPERATURE and (method is Method.FULL or _HEADS.match(name))
        ]
    if not chosen:
        raise ValueError(f"the model has no weights that {method.value} could teach")
    for parameter in chosen:
        parameter.requires_grad_(True)
    return chosen


def settle(model: nn.Module) -> None:
    """Make the low-rank matrices part of the weights they stand beside: an ordinary model again."""
    for module, name in list(_matrices(model, parametrized=True)):
        parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    model.requires_grad_(False)


def _matrices(model: nn.Module, *, parametrized: bool = False) -> Iterator[tuple[nn.Module, str]]:
    """Weights of linear layers, convolutions, and attention's own projection into its parts."""
    for module in model.modules():
        for kind, name in (
            (nn.Linear, "weight"),
            (nn.Conv2d, "weight"),
            (nn.MultiheadAttention, "in_proj_weight"),
        ):
            # Attention whose parts differ in size has no such projection.
            there = isinstance(module, kind) and getattr(module, name, None) is not None
            if there and parametrize.is_parametrized(module, name) is parametrized:
                yield module, name
