"""A vision transformer's last layer computes its class token alone, and the vectors stay."""

from __future__ import annotations

import open_clip
import pytest
import torch
from tiny_models import OPEN_CLIP_TEXT, VISION

from catalog.encoders import load_encoder
from catalog.encoders.class_token import class_token_tower
from catalog.encoders.patches import patches_as_product


def of_clip(**more) -> torch.nn.Module:
    torch.manual_seed(3)
    vision = {**VISION, "layers": 3, **more}
    return open_clip.CLIP(embed_dim=24, vision_cfg=vision, text_cfg=dict(OPEN_CLIP_TEXT)).eval()


@pytest.mark.parametrize("more", [{}, {"ls_init_value": 0.3}, {"final_ln_after_pool": True}])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_vectors_are_the_same_of_fewer_products(more, precision):
    model = of_clip(**more).to(precision)
    tower = class_token_tower(model)
    pictures = torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(4)).to(precision)
    seen = []
    last = model.visual.transformer.resblocks[-1]
    last.mlp.register_forward_pre_hook(lambda _, given: seen.append(tuple(given[0].shape)))
    with torch.inference_mode():
        whole, spared = model.encode_image(pictures), tower(pictures)
    cosines = torch.nn.functional.cosine_similarity(whole.double(), spared.double())
    assert cosines.min() > (0.999999 if precision is torch.float32 else 0.9999)
    assert seen == [(5, 5, 32), (5, 32)], "of five places each, the second time of one"


def test_weights_are_shared_with_the_model():
    model = of_clip()
    tower = class_token_tower(model)
    pictures = torch.ones(1, 3, 32, 32)
    with torch.inference_mode():
        before = tower(pictures)
        model.visual.transformer.resblocks[-1].attn.in_proj_weight.mul_(2.0)
        model.visual.proj.mul_(3.0)
        assert not torch.allclose(tower(pictures), 3 * before)
        torch.testing.assert_close(tower(pictures), model.encode_image(pictures))


@pytest.mark.parametrize(("bias", "count"), [(False, 2), (True, 2), (True, 0)])
def test_squares_become_tokens_in_one_product(bias, count):
    torch.manual_seed(5)
    convolution = torch.nn.Conv2d(3, 24, (8, 4), stride=(8, 4), bias=bias)
    pictures = torch.randn(count, 3, 35, 18)  # what is left at the edges is no square
    product = patches_as_product(convolution)
    with torch.inference_mode():
        assert product is not convolution
        torch.testing.assert_close(product(pictures), convolution(pictures))


@pytest.mark.parametrize("more", [{"stride": 2}, {"padding": 1}, {"groups": 3}, {"dilation": 2}])
def test_squares_that_overlap_or_have_gaps_are_left_to_the_convolution(more):
    convolution = torch.nn.Conv2d(3, 24, 4, **{"stride": 4, **more})
    assert patches_as_product(convolution) is convolution


@pytest.mark.parametrize(
    "more",
    [
        {"pool_type": "avg"},  # every token counts
        {"attentional_pool": True, "attn_pooler_heads": 2},
        {"output_tokens": True},
        {"qk_norm": True},  # a layer of another kind
        {"layers": [1, 1, 1, 1], "width": 16},  # no transformer at all
    ],
)
def test_what_looks_at_more_is_left_as_it_is(more):
    assert class_token_tower(of_clip(**more)) is None


def test_an_encoder_uses_it(tiny_folder):
    encoder = load_encoder(str(tiny_folder), precision="fp32")
    noise = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        assert encoder.tower != encoder.bare
        torch.testing.assert_close(encoder.tower(noise), encoder.bare(noise))
