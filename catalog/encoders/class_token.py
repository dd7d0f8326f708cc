"""open_clip's vision transformers, whose last layer computes what a vector is made of: one token.

CLIP projects the class token of the last layer and looks at no other (Radford et al. 2021, section
2.4), yet a layer computes all of them: 50 in a ViT-B/32. Attention needs the others' keys and
values; their queries, what attention makes of these, and the two matrices behind it, five sixths
of the layer's work, change nothing. Of twelve layers that is 7 %.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from open_clip.model import CLIP, CustomTextCLIP
from open_clip.transformer import ResidualAttentionBlock, Transformer, VisionTransformer
from torch import nn
from torch.nn import functional as F  # noqa: N812  # as everybody calls it

from catalog.encoders.int8 import Int8Attention
from catalog.encoders.patches import patches_as_product


def class_token_tower(model: nn.Module) -> nn.Module | None:
    """The model's image tower, spared what it would not look at; None where it looks at more.

    It takes pictures ``(n, 3, h, w)`` as the model's ``encode_image`` does and gives the same
    vectors but for rounding. Every weight is shared with the model. For inference.
    """
    # Exactly these classes: what is derived from them (CoCa) pools otherwise.
    visual: Any = getattr(model, "visual", None)
    if type(model) not in {CLIP, CustomTextCLIP} or type(visual) is not VisionTransformer:
        return None
    layers: Any = visual.transformer
    if visual.attn_pool is not None or visual.pool_type != "tok" or visual.output_tokens:
        return None
    if type(layers) is not Transformer or not layers.batch_first or not len(layers.resblocks):
        return None
    last = layers.resblocks[-1]
    if type(last) is not ResidualAttentionBlock or not _can_look(last.attn):
        return None
    shortened = _with(layers, resblocks=nn.ModuleList([*layers.resblocks[:-1], _Last(last)]))
    return _with(visual, transformer=shortened, conv1=patches_as_product(visual.conv1))


def _can_look(attention: nn.Module) -> bool:
    """Whether `_attended` knows its weights."""
    known = isinstance(attention, Int8Attention)
    return known or getattr(attention, "in_proj_weight", None) is not None


def _with(module: nn.Module, **parts: nn.Module) -> nn.Module:
    """The same module with other parts; all else is shared."""
    other = copy.copy(module)
    other._modules = {**module._modules, **parts}
    return other


class _Last(nn.Module):
    """A layer that gives its first token alone: from ``(n, places, width)`` to ``(n, 1, width)``.

    What attention makes of the first place is computed here: PyTorch's own module, asked for fewer
    places than it sees, copies the weights for each of them (see `causal.lay_by_place`).
    """

    def __init__(self, block: ResidualAttentionBlock) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: torch.Tensor, attn_mask: torch.Tensor | None = None) -> torch.Tensor:
        assert attn_mask is None  # noqa: S101  # pictures are seen whole
        block = self.block
        token = x[:, 0] + block.ls_1(_attended(block.attn, block.ln_1(x)))
        token = token + block.ls_2(block.mlp(block.ln_2(token)))
        return cast("torch.Tensor", token)[:, None]


def _attended(attention: nn.MultiheadAttention | Int8Attention, seen: torch.Tensor) -> torch.Tensor:
    """What attention makes of the first place of ``(n, places, width)``: ``(n, width)``."""
    if isinstance(attention, Int8Attention):
        return attention.of_first(seen)
    n, places, width = seen.shape
    heads = attention.num_heads
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    query = F.linear(seen[:, 0], weight[:width], bias[:width]).view(n, heads, 1, -1)
    others = F.linear(seen, weight[width:], bias[width:]).view(n, places, 2, heads, -1)
    keys, values = others.permute(2, 0, 3, 1, 4).unbind()
    looked = F.scaled_dot_product_attention(query, keys, values)
    return cast("torch.Tensor", attention.out_proj(looked.reshape(n, width)))
