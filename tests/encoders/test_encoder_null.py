"""The null encoder is a ruler for tests of everything else, so its own marks are checked."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from catalog.encoders import load_encoder
from catalog.encoders.null import COLOURS


@pytest.mark.parametrize("dimension", [16, 64, 512])
def test_a_colour_word_finds_pictures_of_that_colour(dimension):
    encoder = load_encoder(f"null:{dimension}")
    names = list(COLOURS)
    pictures = encoder.encode_images([Image.new("RGB", (90, 60), COLOURS[n]) for n in names])
    for texts in (names, [f"a {name} car at night" for name in names]):
        best = (encoder.encode_texts(texts) @ pictures.T).argmax(axis=1)
        assert [names[i] for i in best] == names


def test_a_bare_colour_word_equals_its_picture():
    encoder = load_encoder("null")
    picture = encoder.encode_images([Image.new("RGB", (5, 5), "red")])
    np.testing.assert_allclose(encoder.encode_texts(["Red!"]), picture, atol=1e-6)


def test_near_pictures_have_near_vectors():
    encoder = load_encoder("null")
    rng = np.random.default_rng(1)
    shot = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    next_frame = np.clip(shot.astype(int) + rng.integers(-3, 4, shot.shape), 0, 255)
    other = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    pictures = [Image.fromarray(p.astype(np.uint8)) for p in (shot, next_frame, other)]
    vectors = encoder.encode_images(pictures)
    assert vectors[0] @ vectors[1] > 0.99
    assert vectors[0] @ vectors[2] < 0.9


def test_vectors_are_the_same_on_every_machine():
    """These numbers may be stored by fixtures; changing them is a new encoder."""
    encoder = load_encoder("null:4")
    expected = [0.6541, 0.5591, -0.4070, -0.3065]
    np.testing.assert_allclose(encoder.encode_texts(["a dog"])[0], expected, atol=1e-3)
    assert encoder.weights_digest == "fe7444af33f3174806d6fd7a17108b17"


def test_the_smallest_dimension_still_gives_unit_vectors():
    encoder = load_encoder("null:1")
    grey = encoder.encode_images([Image.new("RGB", (4, 4), (g, g, g)) for g in range(0, 256, 5)])
    np.testing.assert_allclose(np.abs(grey), 1.0)
