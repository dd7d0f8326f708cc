"""What every encoder promises, run over every encoder there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from catalog.encoders import Encoder, load_encoder
from catalog.errors import EncoderUnavailableError, UndecodableError

IMPLEMENTATIONS = ["null", "open_clip", "hf_text_tower", "demo"]
TEXTS = ["a laptop on a train", "кіт на столі", "夜の街", "سيارة حمراء"]
ODD_TEXTS = [
    "",
    "   \n\t ",
    "word " * 5000,
    "a" * 100_000,
    "夜" * 20_000,
    "🎬🐈‍⬛👩🏽‍🚀",
    "\u202eمدينة\u202c في الليل",
    "before\x00after",
    "half a pair \ud83d",
    "<|endoftext|> <start_of_text> </s> &amp;",
]


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "open_clip":
        return load_encoder(f"local-dir:{request.getfixturevalue('tiny_folder')}")
    if request.param == "hf_text_tower":
        return load_encoder(str(request.getfixturevalue("tiny_multilingual")))
    try:
        return load_encoder(request.param)
    except EncoderUnavailableError as error:
        if request.param == "demo" and "not in this installation" in error.message:
            pytest.skip(f"THE DEMO ENCODER IS NOT TESTED: {error}")
        raise


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def odd_pictures() -> dict[str, Image.Image]:
    base = noise(64, 48)
    deep = Image.fromarray((np.arange(48 * 64, dtype=np.uint16) * 20).reshape(48, 64))
    cut_out = base.convert("RGBA")
    cut_out.putalpha(Image.linear_gradient("L").resize(base.size))
    palette = base.convert("P")
    palette.info["transparency"] = bytes(range(256))
    return {
        "one pixel": Image.new("RGB", (1, 1), (10, 200, 30)),
        "grey": base.convert("L"),
        "bilevel": base.convert("1"),
        "alpha": cut_out,
        "grey alpha": cut_out.convert("LA"),
        "palette": base.convert("P"),
        "transparent palette": palette,
        "16 bit": deep,
        "32 bit": Image.fromarray(np.full((8, 8), 65535, dtype=np.int32)),
        "float": Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)),
        "float with NaN": Image.fromarray(np.full((8, 8), np.nan, dtype=np.float32)),
        "cmyk": base.convert("CMYK"),
        "ycbcr": base.convert("YCbCr"),
        "very wide": noise(9000, 3),
        "very tall": noise(2, 9000),
        "large": noise(3000, 2000),
    }


def assert_unit(vectors: np.ndarray, count: int, encoder: Encoder) -> None:
    assert vectors.shape == (count, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_describes_itself(encoder):
    assert isinstance(encoder, Encoder)
    assert encoder.dimension > 0
    assert encoder.precision == "fp32"
    assert encoder.device
    assert len(encoder.weights_digest) == 32


def test_name_loads_the_same_encoder_again(encoder):
    again = load_encoder(encoder.name)
    assert again.name == encoder.name
    assert again.weights_digest == encoder.weights_digest
    np.testing.assert_array_equal(again.encode_texts(TEXTS), encoder.encode_texts(TEXTS))
    np.testing.assert_array_equal(
        again.encode_images([noise(80, 60)]), encoder.encode_images([noise(80, 60)])
    )


def test_nothing_in_nothing_out(encoder):
    for vectors in (encoder.encode_images([]), encoder.encode_texts([])):
        assert vectors.shape == (0, encoder.dimension)
        assert vectors.dtype == np.float32


def test_vectors_do_not_depend_on_the_batch(encoder):
    pictures = [noise(40 + i, 50, seed=i) for i in range(70)]
    together = encoder.encode_images(pictures)
    assert_unit(together, 70, encoder)
    for i in (0, 31, 32, 69):
        np.testing.assert_allclose(encoder.encode_images([pictures[i]])[0], together[i], atol=1e-5)
    texts = [f"{text} {i}" for i in range(20) for text in TEXTS]
    together = encoder.encode_texts(texts)
    assert_unit(together, 80, encoder)
    for i in (0, 31, 32, 79):
        np.testing.assert_allclose(encoder.encode_texts([texts[i]])[0], together[i], atol=1e-5)


def test_different_inputs_have_different_vectors(encoder):
    pictures = encoder.encode_images([noise(64, 64, seed=i) for i in range(4)])
    texts = encoder.encode_texts(TEXTS)
    for vectors in (pictures, texts):
        assert len(np.unique(vectors.round(6), axis=0)) == len(vectors)


@pytest.mark.parametrize("kind", odd_pictures())
def test_odd_pictures(encoder, kind):
    picture = odd_pictures()[kind]
    before = picture.copy()
    assert_unit(encoder.encode_images([picture]), 1, encoder)
    assert (picture.mode, picture.size) == (before.mode, before.size)


def test_odd_texts(encoder):
    assert_unit(encoder.encode_texts(ODD_TEXTS), len(ODD_TEXTS), encoder)


def test_the_same_picture_many_times_in_a_batch(encoder, tmp_path):
    noise(300, 200).save(tmp_path / "lazy.png")
    with Image.open(tmp_path / "lazy.png") as lazy:
        vectors = encoder.encode_images([lazy] * 50)
    assert_unit(vectors, 50, encoder)
    assert np.ptp(vectors, axis=0).max() < 1e-5


def test_a_broken_picture_is_named(encoder, tmp_path):
    noise(300, 200).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:2000])
    with Image.open(tmp_path / "cut.png") as cut, pytest.raises(UndecodableError) as caught:
        encoder.encode_images([noise(8, 8), cut])
    assert caught.value.details["index"] == 1
    with pytest.raises(UndecodableError, match="no pixels"):
        encoder.encode_images([Image.new("RGB", (0, 5))])


def test_several_threads_at_once(encoder):
    def work(i: int) -> np.ndarray:
        return encoder.encode_texts([TEXTS[i % 4] * (1 + i)])

    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(work, range(16)))
    for i, vectors in enumerate(at_once):
        np.testing.assert_allclose(vectors, work(i), atol=1e-5)
