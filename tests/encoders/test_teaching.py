"""A model is taught: which weights change, what it learns, and that it loads again as it was."""

from __future__ import annotations

import json
import math
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from catalog.encoders import load_encoder, parse_spec
from catalog.encoders.contrast import contrast, most_alike, share_of_rate
from catalog.encoders.lessons import Course, Lessons, Method, Pair
from catalog.encoders.lora import prepare, settle
from catalog.encoders.teaching import Pupil

COLOURS = ("red", "green", "blue", "yellow", "white", "black", "purple", "orange")


def picture(colour: str, shade: int = 0) -> Image.Image:
    made = Image.new("RGB", (48, 48), colour)
    made.paste((shade, shade, shade), (0, 0, 8, 8))
    return made


def lessons(held: tuple[str, ...] = ("red", "green", "blue", "yellow")) -> Lessons:
    """Every colour is learned from; held out are other pictures of some of them."""
    shown = [picture(colour) for colour in COLOURS] + [picture(c, 200) for c in held]
    learn = [Pair(at, f"a {colour} wall") for at, colour in enumerate(COLOURS)]
    kept = [Pair(len(COLOURS) + at, f"a {colour} wall") for at, colour in enumerate(held)]
    library = [partial(picture, "grey", shade) for shade in range(0, 200, 10)]
    anchors = [f"take {number}" for number in range(20)]
    return Lessons([partial(Image.Image.copy, p) for p in shown], learn, kept, library, anchors)


def pupil(folder) -> Pupil:
    return Pupil(parse_spec(str(folder)), name="tiny", device="cpu")


def course(method: Method = Method.LORA, **changes) -> Course:
    usual = {"steps": 30, "batch": 8, "check_every": 5, "rate": 1e-2, "keep": 0.1}
    return Course(method=method, **{**usual, **changes})


@pytest.mark.parametrize("method", list(Method))
def test_every_method_learns_pairs_it_was_not_shown(tiny_multilingual, method):
    taught = pupil(tiny_multilingual)
    checks = []
    learnt = taught.learn(lessons(), course(method), on_check=checks.append)
    assert learnt.best > 0
    assert checks == list(learnt.checks)
    assert checks[0].step == 0
    best = min(checks, key=lambda check: check.score)
    assert best.step == learnt.best
    assert best.held_loss == pytest.approx(taught.held_loss(), abs=1e-5)
    assert best.score >= best.held_loss
    assert taught.held_loss() < checks[0].held_loss - 0.1
    taught.blend(0.0)
    assert taught.held_loss() == pytest.approx(checks[0].held_loss, abs=1e-5)
    taught.blend(1.0)
    assert taught.held_loss() < checks[0].held_loss - 0.1


@pytest.mark.parametrize(
    ("method", "changed"),
    [
        (Method.HEAD, {"visual.proj", "text.proj.0.weight", "text.proj.2.weight"}),
        (Method.LORA, None),
        (Method.FULL, None),
    ],
)
def test_a_method_changes_its_own_weights_alone(tiny_multilingual, method, changed):
    taught = pupil(tiny_multilingual)
    before = {name: value.clone() for name, value in taught.encoder.model.state_dict().items()}
    taught.learn(lessons(), course(method, steps=5))
    after = taught.encoder.model.state_dict()
    assert set(after) == set(before)
    different = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert "logit_scale" not in different
    if changed is not None:
        assert different == changed
    elif method is Method.LORA:
        assert all(before[name].ndim >= 2 for name in different)
        assert not any("embed" in name for name in different)
        assert any("in_proj_weight" in name for name in different)
    else:
        assert any("embed" in name for name in different)
    assert not any(p.requires_grad for p in taught.encoder.model.parameters())


def test_low_rank_matrices_change_nothing_at_first_and_are_merged_in_the_end(tiny_folder):
    model = pupil(tiny_folder).encoder.model
    shown = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    names = set(model.state_dict())
    before = model.encode_image(shown).detach()
    chosen = prepare(model, Method.LORA, 2)
    assert torch.allclose(model.encode_image(shown), before, atol=1e-6)
    with torch.no_grad():
        for parameter in chosen:
            parameter.add_(0.05)
    moved = model.encode_image(shown).detach()
    assert not torch.allclose(moved, before, atol=1e-3)
    settle(model)
    assert set(model.state_dict()) == names
    assert torch.allclose(model.encode_image(shown), moved, atol=1e-6)
    assert sum(p.numel() for p in chosen) < sum(p.numel() for p in model.parameters()) / 2


@pytest.mark.parametrize("kind", ["tiny_folder", "tiny_multilingual"])
def test_what_was_taught_loads_again_as_it_was(kind, request, tmp_path):
    taught = pupil(request.getfixturevalue(kind))
    taught.learn(lessons(), course(steps=10))
    taught.blend(0.7)
    taught.save(tmp_path)
    again = load_encoder(f"local-dir:{tmp_path}", device="cpu", precision="fp32")
    pictures, texts = [picture("red"), picture("navy")], ["a red wall", "Стіна", "a very long " * 9]
    for one, other in (
        (taught.encoder.encode_images(pictures), again.encode_images(pictures)),
        (taught.encoder.encode_texts(texts), again.encode_texts(texts)),
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)
    parent = load_encoder(str(request.getfixturevalue(kind)), device="cpu", precision="fp32")
    assert again.weights_digest != parent.weights_digest
    # Tuples come back from JSON as lists.
    assert json.dumps(again.preprocessing) == json.dumps(parent.preprocessing)


def test_the_folder_of_half_the_way_to_nothing_is_the_parent(tiny_folder, tmp_path):
    taught = pupil(tiny_folder)
    taught.learn(lessons(), course(steps=5))
    taught.blend(0.0)
    taught.save(tmp_path)
    parent = load_encoder(str(tiny_folder), precision="fp32")
    assert load_encoder(str(tmp_path), precision="fp32").weights_digest == parent.weights_digest


def test_equal_seeds_teach_equal_weights(tiny_folder):
    def learned(seed: int) -> dict[str, torch.Tensor]:
        taught = pupil(tiny_folder)
        taught.learn(lessons(), course(steps=6, seed=seed))
        return taught.encoder.model.state_dict()

    first, second, other = learned(3), learned(3), learned(4)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_it_ends_when_held_out_pairs_gain_nothing_more(tiny_folder):
    """What is held out contradicts what is learned, so nothing of it is taken."""
    wrong = lessons()
    held = [Pair(pair.picture, wrong.held[at - 1].text) for at, pair in enumerate(wrong.held)]
    wrong = Lessons(wrong.pictures, wrong.learn, held, wrong.library, wrong.anchors)
    taught = pupil(tiny_folder)
    before = {name: value.clone() for name, value in taught.encoder.model.state_dict().items()}
    learnt = taught.learn(wrong, course(steps=500, patience=3, check_every=2))
    assert learnt.steps < 500
    assert learnt.steps == learnt.best + 3 * 2
    if learnt.best == 0:
        assert all(torch.equal(v, before[k]) for k, v in taught.encoder.model.state_dict().items())


def test_library_and_anchors_are_held_where_they_were(tiny_folder):
    def drift(keep: float) -> float:
        taught = pupil(tiny_folder)
        given = lessons()
        parent = taught.encode_pictures(given.library), taught.encoder.encode_texts(given.anchors)
        taught.learn(given, course(keep=keep, patience=99))
        taught.blend(1.0)
        now = taught.encode_pictures(given.library), taught.encoder.encode_texts(given.anchors)
        return max(
            float((1 - (a * b).sum(axis=1)).mean()) for a, b in zip(parent, now, strict=True)
        )

    assert drift(5.0) < drift(0.0) / 2


def test_contrast_is_cross_entropy_over_all_that_a_row_may_be_taken_for():
    rows = torch.eye(2)
    others = torch.tensor([[0.6, 0.8]])
    same, hidden = torch.eye(2, dtype=torch.bool), torch.tensor([[False], [True]])
    found = contrast(rows, rows, others, same=same, hidden=hidden, scale=1.0)
    first = -1 + math.log(math.exp(1) + math.exp(0) + math.exp(0.6))
    second = -1 + math.log(math.exp(0) + math.exp(1))  # the other is not counted against it
    assert float(found) == pytest.approx((first + second) / 2, abs=1e-6)


def test_pictures_with_one_text_are_all_right_for_it():
    rows = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    none = torch.empty(0, 2)
    hidden = torch.zeros(2, 0, dtype=torch.bool)
    every = torch.ones(2, 2, dtype=torch.bool)
    own = torch.eye(2, dtype=torch.bool)
    assert float(contrast(rows, rows, none, same=every, hidden=hidden, scale=9.0)) == pytest.approx(
        math.log(2)
    )
    apart = torch.eye(2)
    right = contrast(apart, apart, none, same=own, hidden=hidden, scale=50.0)
    wrong = contrast(apart, apart.flip(0), none, same=own, hidden=hidden, scale=50.0)
    assert float(right) < 1e-6
    assert float(wrong) > 10


def test_a_fiftieth_that_looks_most_alike_is_hidden():
    others = np.stack([np.cos(a := np.linspace(0, 3, 100)), np.sin(a)], axis=1).astype(np.float32)
    hidden = most_alike(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32), others)
    assert hidden.sum(axis=1).tolist() == [2, 2]
    assert hidden[0, :2].all()
    assert not most_alike(others[:1], others[:5]).any()


def test_the_rate_rises_and_falls():
    shares = [share_of_rate(step, 100) for step in range(1, 101)]
    assert shares[0] == 0.1
    assert max(shares) == shares[9] == 1
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert shares[-1] == pytest.approx(0, abs=1e-9)
