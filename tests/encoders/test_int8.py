"""Integers of 8 bits: layers near those they stand for, whatever one token brings."""

from __future__ import annotations

import copy

import open_clip
import pytest
import torch
from tiny_models import OPEN_CLIP_TEXT, VISION

from catalog.encoders import int8
from catalog.encoders.class_token import class_token_tower
from catalog.encoders.int8 import Int8Attention, Int8Linear, is_quick, quantised


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(6)


@pytest.fixture
def quick(monkeypatch):
    """As on a processor that has the kernels; without them the same numbers come later."""
    monkeypatch.setattr(int8, "is_quick", lambda: True)


def far(made: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """By which share each row is off."""
    return (made - wanted).norm(dim=-1) / wanted.norm(dim=-1)


def of_clip(**more) -> torch.nn.Module:
    vision = {**VISION, "layers": 3, **more}
    return open_clip.CLIP(embed_dim=24, vision_cfg=vision, text_cfg=dict(OPEN_CLIP_TEXT)).eval()


@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_one_huge_token_costs_the_others_nothing(bias):
    layer = torch.nn.Linear(48, 80, bias=bias)
    x = torch.randn(2, 7, 48)
    x[1, 3] *= 1000
    x[0, 2, 5] = 500
    made = Int8Linear(layer.weight, layer.bias)(x)
    assert made.shape == (2, 7, 80)
    assert far(made, layer(x)).max() < 0.03


@torch.inference_mode()
def test_rows_without_a_range_and_weights_of_nothing():
    layer = torch.nn.Linear(16, 8)
    layer.weight[3] = 0
    x = torch.stack([torch.zeros(16), torch.full((16,), 3.0), torch.full((16,), -1e6)])
    made = Int8Linear(layer.weight, layer.bias)(x)
    assert far(made, layer(x)).max() < 0.02
    assert torch.equal(made[:, 3], layer.bias[3].expand(3))


@torch.inference_mode()
def test_what_is_not_a_number_stays_none():
    x = torch.zeros(3, 16)
    x[0, 1], x[1, 2] = float("nan"), float("inf")
    made = Int8Linear(torch.ones(4, 16), None)(x)
    assert not made[:2].isfinite().any()
    assert made[2].eq(0).all()


@pytest.mark.parametrize("causal", [False, True])
@torch.inference_mode()
def test_attention_is_near_that_of_torch(causal):
    attention = torch.nn.MultiheadAttention(32, 4, batch_first=True).eval()
    x = torch.randn(3, 6, 32)
    mask = torch.full((6, 6), float("-inf")).triu(1) if causal else None
    made, weights = Int8Attention(attention)(x, x, x, need_weights=False, attn_mask=mask)
    assert weights is None
    assert far(made, attention(x, x, x, need_weights=False, attn_mask=mask)[0]).max() < 0.03


@torch.inference_mode()
def test_attention_of_the_first_place_is_that_of_all():
    attention = Int8Attention(torch.nn.MultiheadAttention(32, 4, batch_first=True))
    x = torch.randn(3, 6, 32)
    assert far(attention.of_first(x), attention(x, x, x)[0][:, 0]).max() < 0.01


@torch.inference_mode()
def test_a_whole_model_keeps_its_vectors_and_its_texts_their_attention(quick):
    model = of_clip()
    made = quantised(copy.deepcopy(model))
    kinds = [type(layer.attn) for layer in made.visual.transformer.resblocks]
    assert kinds == [Int8Attention] * 3
    assert not [m for m in made.transformer.modules() if isinstance(m, Int8Attention)]
    assert [m for m in made.transformer.modules() if isinstance(m, Int8Linear)]
    assert not [m for m in made.modules() if type(m) is torch.nn.Linear]
    pictures = torch.randn(5, 3, 32, 32)
    tokens = torch.randint(1, OPEN_CLIP_TEXT["vocab_size"], (4, OPEN_CLIP_TEXT["context_length"]))
    tower = class_token_tower(made)
    assert tower is not None
    for one, other in [
        (made.encode_image(pictures), model.encode_image(pictures)),
        (tower(pictures), model.encode_image(pictures)),
        (made.encode_text(tokens), model.encode_text(tokens)),
    ]:
        cosines = torch.nn.functional.cosine_similarity(one, other)
        assert cosines.min() > 0.999
        assert not torch.equal(one, other)


@pytest.mark.parametrize("more", [{"attentional_pool": True, "attn_pooler_heads": 2}])
@torch.inference_mode()
def test_attention_to_something_else_stays_as_it_is(quick, more):
    model = of_clip(**more)
    made = quantised(copy.deepcopy(model))
    assert type(made.visual.attn_pool.attn) is torch.nn.MultiheadAttention
    pictures = torch.randn(2, 3, 32, 32)
    cosines = torch.nn.functional.cosine_similarity(
        made.encode_image(pictures), model.encode_image(pictures)
    )
    assert cosines.min() > 0.999


@torch.inference_mode()
def test_layers_that_ask_what_their_weights_are_are_told_none(quick):
    """T5's do, and so those of open_clip's models with an mT5 for texts."""
    transformers = pytest.importorskip("transformers")
    config = transformers.MT5Config(
        vocab_size=50, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4
    )
    model = transformers.MT5EncoderModel(config).eval()
    tokens = torch.randint(1, 50, (2, 7))
    wanted = model(tokens).last_hidden_state
    made = quantised(model)(tokens).last_hidden_state
    assert far(made, wanted).max() < 0.2


@torch.inference_mode()
def test_without_quick_kernels_pytorchs_own_layers_are_taken(monkeypatch):
    monkeypatch.setattr(int8, "is_quick", lambda: False)
    model = of_clip()
    made = quantised(model)
    assert made is not model
    assert not [m for m in made.modules() if isinstance(m, (Int8Linear, Int8Attention))]
    pictures = torch.randn(2, 3, 32, 32)
    cosines = torch.nn.functional.cosine_similarity(
        made.encode_image(pictures), model.encode_image(pictures)
    )
    assert 0.99 < cosines.min() < 1


@pytest.mark.parametrize("fault", [AttributeError, RuntimeError, TypeError])
def test_a_pytorch_that_has_no_such_product_is_not_quick(monkeypatch, fault):
    def missing(*_):
        raise fault

    monkeypatch.setattr(Int8Linear, "_product", missing)
    assert not is_quick.__wrapped__()


def test_a_reference_kernel_is_not_quick(monkeypatch):
    took = iter([0.001, 0.5])
    monkeypatch.setattr(int8, "_seconds", lambda _: next(took))
    assert not is_quick.__wrapped__()
