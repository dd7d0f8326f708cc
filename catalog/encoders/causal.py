"""open_clip's own text towers, shown no more of their context than a text fills.

Their tokens look at what came before them alone (the causal mask of CLIP, Radford et al. 2021,
section 2.4), and a text's vector is that of its end token. So what stands behind the end token,
padding, changes nothing but the time: of 77 tokens a spoken line fills about a dozen.
"""

from __future__ import annotations

import copy
from typing import Protocol, cast

import torch
from open_clip.model import CLIP, CustomTextCLIP
from open_clip.transformer import TextTransformer, Transformer


class _Texts(Protocol):
    """What makes vectors of tokens: a model of open_clip, which has no types of its own."""

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor: ...


def tokens_seen(model: torch.nn.Module, tokens: torch.Tensor) -> torch.Tensor | None:
    """How many tokens of each text its vector depends on, ``(n,)``.

    ``tokens`` are ``(n, context)``. None where the tower looks at its whole context: at both sides,
    or to a class token behind it.
    """
    tower = _causal(model)
    if tower is None:
        return None
    of_clip = tower is model
    pool = tower.text_pool_type if of_clip else tower.pool_type
    if pool == "argmax":
        return tokens.argmax(dim=1) + 1
    ends = torch.eq(tokens, cast("int", tower.text_eos_id if of_clip else tower.eos_id))
    return ends.int().argmax(dim=1) + 1 if pool == "eos" and bool(ends.any(dim=1).all()) else None


def lay_by_place(model: torch.nn.Module) -> None:
    """Have the tower compute on tokens laid out place by place, not text by text.

    The vectors are the same. Attention wants the first layout, and of the other it makes a view
    that PyTorch's ``linear`` does not take as one matrix: in half precision on a processor it then
    copies the weights for each place, half of the time of a line (PyTorch 2.15). In single
    precision nothing is gained.
    """
    tower = _causal(model)
    for part in () if tower is None else cast("torch.nn.Module", tower.transformer).modules():
        if isinstance(part, (Transformer, torch.nn.MultiheadAttention)):
            part.batch_first = False


def encode_text(model: torch.nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """``model.encode_text``, also of as few columns of tokens as `tokens_seen` allows.

    ``tokens`` are ``(n, length)``, the vectors ``(n, d)``. For inference: what is shortened learns
    nothing.
    """
    length, tower = tokens.shape[1], _causal(model)
    if tower is None or length == len(cast("torch.Tensor", tower.positional_embedding)):
        return cast("_Texts", model).encode_text(tokens)
    short = _shortened(tower, length)
    if tower is model:
        return cast("_Texts", short).encode_text(tokens)
    return cast("torch.Tensor", short(tokens))


def _causal(model: torch.nn.Module) -> torch.nn.Module | None:
    """The tower, if it is one of those that can be shortened."""
    # Exactly these classes: what is derived from them (CoCa) reads otherwise.
    if type(model) is CLIP:
        return model if model.attn_mask is not None else None
    text = getattr(model, "text", None)
    plain = type(model) is CustomTextCLIP and type(text) is TextTransformer
    if not plain or text is None or text.attn_mask is None or text.cls_emb is not None:
        return None
    return cast("torch.nn.Module", text)


def _shortened(tower: torch.nn.Module, length: int) -> torch.nn.Module:
    """The same tower of a shorter context: every weight is shared, two are looked at in part.

    A copy for each call, so that threads may ask for several lengths at once.
    """
    positions = cast("torch.Tensor", tower.positional_embedding)[:length].detach()
    mask = cast("torch.Tensor", tower.attn_mask)[:length, :length]
    short = copy.copy(tower)
    short._parameters = dict(tower._parameters)
    short._parameters["positional_embedding"] = torch.nn.Parameter(positions, requires_grad=False)
    short._buffers = {**tower._buffers, "attn_mask": mask}
    return short
