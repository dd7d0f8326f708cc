"""Texts are shown to open_clip's own towers without the padding behind them."""

from __future__ import annotations

import open_clip
import pytest
import torch
from tiny_models import OPEN_CLIP_TEXT, VISION

from catalog.encoders import load_encoder
from catalog.encoders.batch_size import BatchSize
from catalog.encoders.causal import encode_text, lay_by_place, tokens_seen


def open_clip_tower(custom: bool, pool: str) -> torch.nn.Module:
    text = dict(OPEN_CLIP_TEXT, layers=2, width=32, heads=2, pool_type=pool, eos_id=49407)
    kind = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    torch.manual_seed(3)
    return kind(embed_dim=24, vision_cfg=dict(VISION), text_cfg=text).eval()


@pytest.mark.parametrize("pool", ["argmax", "eos"])
@pytest.mark.parametrize("custom", [False, True])
def test_a_causal_tower_gives_the_same_vectors_of_fewer_tokens(custom, pool):
    model = open_clip_tower(custom, pool)
    texts = ["", "a tram", "rain on a roof at night", "word " * 40]
    tokens = open_clip.tokenize(texts, context_length=16)
    seen = tokens_seen(model, tokens)
    assert seen[0] == 2 < seen[1] < seen[2] < seen[3] == 16
    with torch.inference_mode():
        whole = model.encode_text(tokens)
        for at, length in enumerate(seen.tolist()):
            assert not torch.allclose(whole[at], whole[at - 1])
            short = encode_text(model, tokens[at : at + 1, :length])
            torch.testing.assert_close(short[0], whole[at], atol=1e-6, rtol=1e-5)
            # One token less is another text: the end token is among those that are seen.
            if length < 16:
                cut = encode_text(model, tokens[at : at + 1, : length - 1])
                assert not torch.allclose(cut[0], whole[at], atol=1e-4)


@pytest.mark.parametrize("custom", [False, True])
def test_no_weights_are_copied_for_the_places_of_a_text(custom):
    model = open_clip_tower(custom, "argmax").bfloat16().requires_grad_(False)
    tokens = open_clip.tokenize(["a tram", "rain on a roof at night"], context_length=16)

    def encoded() -> tuple[torch.Tensor, set[str]]:
        with torch.inference_mode(), torch.profiler.profile() as seen:
            vectors = encode_text(model, tokens[:, :9])
        return vectors, {event.key for event in seen.key_averages()}

    before, operations = encoded()
    assert "aten::bmm" in operations  # what makes a product of matrices for each place
    lay_by_place(model)
    after, operations = encoded()
    assert "aten::bmm" not in operations
    torch.testing.assert_close(after, before, atol=0.02, rtol=0.02)


@pytest.mark.parametrize(
    "more", [{"no_causal_mask": True}, {"pool_type": "last"}, {"embed_cls": True}]
)
def test_a_tower_that_sees_behind_a_text_is_shown_its_whole_context(more):
    text = dict(OPEN_CLIP_TEXT, **more)
    model = open_clip.CustomTextCLIP(embed_dim=24, vision_cfg=dict(VISION), text_cfg=text)
    assert tokens_seen(model, open_clip.tokenize(["a tram"], context_length=16)) is None


def test_a_text_without_an_end_token_is_shown_whole():
    model = open_clip_tower(False, "eos")
    tokens = torch.arange(1, 17)[None]
    assert tokens_seen(model, tokens) is None


def test_spoken_lines_share_batches_with_lines_of_their_length(tiny_folder, monkeypatch):
    encoder = load_encoder(str(tiny_folder))
    encoder._batch = BatchSize(2, 2)
    widths = []

    def noting(model, tokens):
        widths.append(tokens.shape[1])
        return encode_text(model, tokens)

    monkeypatch.setattr("catalog.encoders.open_clip_encoder.encode_text", noting)
    encoder.encode_texts(["five words are in here", "tram", "a", "also five words in here"])
    assert widths == [3, 7]
