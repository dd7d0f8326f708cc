"""The shipped encoder: small, an ordinary checkpoint, and good enough to test a whole catalogue
with.
"""

import pytest

from catalog.demo import world
from catalog.demo.captions import languages
from catalog.demo.measure import photographed, ranks, recall
from catalog.encoders.registry import demo_folder, load_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("demo")


@pytest.fixture(scope="module")
def measured(encoder):
    scenes = world.sample(world.held_out(), 200, 11)
    vectors = encoder.encode_images(photographed(scenes, seed=11, size=(320, 180)))
    return recall(ranks(encoder, scenes, vectors))


def test_the_folder_fits_in_ten_megabytes():
    assert (
        sum(file.stat().st_size for file in demo_folder().rglob("*") if file.is_file())
        <= 10_000_000
    )


@pytest.mark.parametrize("code", languages())
def test_captions_find_scenes_never_trained_on(measured, code):
    assert measured[code] >= 0.95


@pytest.mark.parametrize(
    ("text", "subject", "colour"),
    [
        ("red car", "car", "red"),
        ("rotes Auto", "car", "red"),
        ("чорний слон", "elephant", "black"),
        ("a photo of a blue guitar", "guitar", "blue"),
        ("gelbe Ente", "duck", "yellow"),
    ],
)
def test_short_queries_find_their_subject(encoder, shelf, text, subject, colour):
    scenes, vectors = shelf
    best = scenes[int((encoder.encode_texts([text]) @ vectors.T).argmax())]
    assert best.subject == subject
    assert best.colour == colour


@pytest.fixture(scope="module")
def shelf(encoder):
    """One picture of every subject in every colour, all in the meadow by day."""
    scenes = [world.Scene(s, c, "meadow", "day") for s in world.SUBJECTS for c in world.COLOURS]
    return scenes, encoder.encode_images(photographed(scenes, seed=3, size=(192, 108)))


def test_open_clip_itself_can_read_it():
    import open_clip

    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{demo_folder()}")
    tokens = open_clip.get_tokenizer(f"local-dir:{demo_folder()}")(
        ["a red car", "未知の言葉 xyzzy", ""]
    )
    assert model.encode_text(tokens).shape == (3, 256)
    assert type(prepare.transforms[0]).__name__ == "Resize"
