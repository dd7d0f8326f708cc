"""The shipped encoder: small, an ordinary checkpoint, and good enough to test a whole catalogue
with.
"""

import pytest

from catalog.demo import world
from catalog.demo.captions import languages
from catalog.demo.measure import photographed, query_precision, ranks, recall
from catalog.encoders.registry import demo_folder, load_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("demo")


@pytest.fixture(scope="module")
def draw(encoder):
    """200 scenes never trained on, and the vectors of their pictures."""
    scenes = world.sample(world.held_out(), 200, 11)
    return scenes, encoder.encode_images(photographed(scenes, seed=11, size=(320, 180)))


@pytest.fixture(scope="module")
def measured(encoder, draw):
    return recall(ranks(encoder, *draw))


def test_the_folder_fits_in_ten_megabytes():
    assert (
        sum(file.stat().st_size for file in demo_folder().rglob("*") if file.is_file())
        <= 10_000_000
    )


@pytest.mark.parametrize("code", languages())
def test_captions_find_scenes_never_trained_on(measured, code):
    assert measured[code] >= 0.95


def test_short_queries_find_what_was_asked_more_often_than_not(encoder, draw):
    # Known to be weak (measured 0.68 to 0.80 here): the first must have all that is asked for.
    scenes, vectors = draw
    assert min(query_precision(encoder, scenes, vectors).values()) >= 0.5


def test_open_clip_itself_can_read_it():
    import open_clip

    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{demo_folder()}")
    tokens = open_clip.get_tokenizer(f"local-dir:{demo_folder()}")(
        ["a red car", "未知の言葉 xyzzy", ""]
    )
    assert model.encode_text(tokens).shape == (3, 256)
    assert type(prepare.transforms[0]).__name__ == "Resize"
