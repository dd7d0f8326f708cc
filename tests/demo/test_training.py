"""The training loop, on a model small enough to be trained in a test."""

import itertools

import numpy as np
import pytest
import torch

from catalog.encoders import training
from catalog.encoders.training import Batch, TrainingPlan

COLOURS = {
    "red": (220, 20, 20),
    "green": (20, 180, 40),
    "blue": (30, 40, 220),
    "grey": (120, 120, 120),
}
CONFIG = {
    "model_cfg": {
        "embed_dim": 16,
        "vision_cfg": {
            "image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8,
        },
        "text_cfg": {
            "context_length": 8, "vocab_size": 300, "hf_tokenizer_name": "own", "width": 32,
            "heads": 2, "layers": 1, "eos_id": 2, "pool_type": "eos",
        },
    },
    "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3, "resize_mode": "squash"},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    corpus = [f"a {name} wall" for name in COLOURS]
    training.train_tokenizer(corpus, tmp_path, vocabulary=300, context_length=8)
    return tmp_path


def batch():
    pictures = np.stack([np.full((16, 16, 3), rgb, dtype=np.uint8) for rgb in COLOURS.values()])
    return Batch([f"a {name} wall" for name in COLOURS], pictures=pictures)


def plan(**changes):
    return TrainingPlan(**{"steps": 40, "learning_rate": 3e-3, "warm_up": 5, **changes})


def test_pairs_are_learned_and_survive_saving(folder):
    model = training.create(CONFIG, folder)
    said = []
    training.fit(
        model, training.tokenizer_of(folder), itertools.repeat(batch()), plan(), said.append
    )
    assert [state.step for state in said] == list(range(1, 41))
    assert said[-1].loss < said[0].loss / 2
    assert said[-1].accuracy == 1.0

    training.save_weights(model, folder)
    again, tokenizer = training.load(folder)
    pictures, texts = batch().pictures, batch().texts
    cosines = (
        training.encode_texts(again, tokenizer, texts) @ training.encode_pictures(again, pictures).T
    )
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_equal_seeds_train_equal_models(folder):
    def trained():
        model = training.create(CONFIG, folder, seed=3)
        training.fit(model, training.tokenizer_of(folder), itertools.repeat(batch()), plan(steps=3))
        return model.state_dict()

    first, second = trained(), trained()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_with_vectors_the_image_tower_stays_as_it_is(folder):
    model = training.create(CONFIG, folder)
    before = {name: value.clone() for name, value in model.visual.state_dict().items()}
    vectors = training.encode_pictures(model, batch().pictures)
    given = Batch(batch().texts, vectors=vectors)
    training.fit(model, training.tokenizer_of(folder), itertools.repeat(given), plan(steps=3))
    assert all(
        torch.equal(before[name], value) for name, value in model.visual.state_dict().items()
    )


def test_pictures_of_any_size_go_through_the_models_own_preprocessing(folder):
    model = training.create(CONFIG, folder).eval()
    small = batch().pictures
    large = [np.full((30, 50, 3), rgb, dtype=np.uint8) for rgb in COLOURS.values()]
    assert np.allclose(
        training.encode_pictures(model, small), training.encode_pictures(model, large), atol=1e-5
    )


def test_a_batch_of_nothing_is_refused(folder):
    model = training.create(CONFIG, folder)
    with pytest.raises(ValueError, match="neither pictures nor vectors"):
        training.fit(model, training.tokenizer_of(folder), [Batch(["a red wall"])], plan(steps=1))


def test_training_ends_when_the_batches_do(folder):
    model = training.create(CONFIG, folder)
    said = []
    training.fit(
        model, training.tokenizer_of(folder), [batch()] * 4, plan(accumulate=2), said.append
    )
    assert len(said) == 2


def test_pair_batches_go_through_everything_once_a_round():
    pairs = [(np.full((2, 2, 3), k, dtype=np.uint8), [f"a{k}", f"b{k}"]) for k in range(10)]
    drawn = list(itertools.islice(training.pair_batches(pairs, 5), 4))
    for first, second in (drawn[:2], drawn[2:]):
        assert sorted(int(p[0, 0, 0]) for p in [*first.pictures, *second.pictures]) == list(
            range(10)
        )
    for one in drawn:
        assert all(t[1:] == str(p[0, 0, 0]) for t, p in zip(one.texts, one.pictures, strict=True))
    with pytest.raises(ValueError, match="at least as many"):
        next(training.pair_batches(pairs, 11))


def test_nothing_is_unknown_to_the_tokenizer(folder):
    training.create(CONFIG, folder)
    tokenizer = training.tokenizer_of(folder)
    for text in ("", "RED", "未知の言葉", "emoji 🦆", "\x00", "a" * 500):
        tokens = tokenizer([text])[0]
        assert tokens[0] == 1
        assert 2 in tokens
    assert torch.equal(tokenizer(["A Red WALL"]), tokenizer(["a red wall"]))
