"""Pictures, tokens and precision: what the model is shown, and in what it computes."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from tiny_models import save_model

from catalog.encoders import load_encoder, precision
from catalog.encoders.open_clip_encoder import _fitting
from catalog.encoders.pictures import readable_rgb

SIZES = [
    (1920, 1080),
    (1080, 1920),
    (224, 224),
    (225, 224),
    (223, 500),
    (97, 31),
    (1, 1),
    (999, 40),
]


def picture(width: int, height: int) -> Image.Image:
    """Coarse shapes and fine grain."""
    rng = np.random.default_rng(width * 10_000 + height)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 16, 3), dtype=np.uint8))
    grain = rng.integers(-40, 40, (height, width, 3))
    shapes = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=int)
    return Image.fromarray(np.clip(shapes + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"interpolation": "bilinear", "size": 256},
        {"resize_mode": "squash", "mean": (0.5, 0.5, 0.5)},
        {"resize_mode": "longest", "fill_color": 20},
        {"size": (224, 160)},
    ],
    ids=str,
)
def test_pictures_are_prepared_as_open_clip_does(size, settings):
    config = {**PreprocessCfg().__dict__, **settings}
    theirs = image_transform_v2(PreprocessCfg(**config), is_train=False)(picture(*size))
    ours = torch.from_numpy(np.asarray(_fitting(config)(picture(*size))).copy()).permute(2, 0, 1)
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    torch.testing.assert_close((ours / 255 - mean) / std, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_strips_cost_no_more_than_other_pictures(mode):
    fit = _fitting({**PreprocessCfg().__dict__, "resize_mode": mode})
    for size in [(60_000, 2), (2, 60_000)]:
        strip = Image.linear_gradient("L").resize(size).convert("RGB")
        assert fit(strip).size == (224, 224)
    # What is cut off is what open_clip would cut off: the middle stays in the middle.
    if mode == "shortest":
        wide = picture(20 * 100, 20).resize((100 * 20, 20))
        theirs = image_transform_v2(PreprocessCfg(), is_train=False).transforms[:-3]
        whole = theirs[1](theirs[0](wide))
        assert np.abs(np.asarray(fit(wide), int) - np.asarray(whole, int)).mean() < 1


def test_the_encoder_shows_the_model_what_open_clip_would(tiny_folder):
    encoder = load_encoder(str(tiny_folder))
    _, _, transform = open_clip.create_model_and_transforms(f"local-dir:{tiny_folder}")
    pictures = [picture(200, 113), picture(113, 200).convert("L"), picture(40, 40)]
    theirs = torch.stack([transform(p) for p in pictures])
    torch.testing.assert_close(encoder.preprocess(pictures), theirs, atol=1e-3, rtol=0)


def test_vectors_are_open_clips_own(tiny_multilingual):
    encoder = load_encoder(str(tiny_multilingual))
    tokens = encoder.tokenize(["кіт"])
    assert tokens.shape[1] < 24
    padded = torch.nn.functional.pad(tokens, (0, 24 - tokens.shape[1]), value=1)
    with torch.inference_mode():
        whole = encoder._model.encode_text(padded, normalize=True).numpy()
    np.testing.assert_allclose(encoder.encode_texts(["кіт"]), whole, atol=1e-6)


def test_sixteen_bits_are_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    grey = np.asarray(readable_rgb(Image.fromarray(ramp), 0))[..., 0].ravel()
    np.testing.assert_array_equal(grey, np.arange(256))


def test_transparency_is_laid_on_white():
    clear = Image.new("RGBA", (3, 3), (255, 0, 0, 0))
    assert readable_rgb(clear, 0).getpixel((1, 1)) == (255, 255, 255)


# --- precision ----------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["bf16", "fp16"])
@pytest.mark.parametrize("folder", ["tiny_folder", "tiny_multilingual"])
def test_precisions_agree(request, folder, wanted):
    path = str(request.getfixturevalue(folder))
    full, lower = load_encoder(path, precision="fp32"), load_encoder(path, precision=wanted)
    assert lower.precision == wanted
    assert lower.weights_digest == full.weights_digest
    pictures, texts = [picture(64, 48), picture(30, 90)], ["a dog on the beach", "夜の街", ""]
    for one, other in [
        (full.encode_images(pictures), lower.encode_images(pictures)),
        (full.encode_texts(texts), lower.encode_texts(texts)),
    ]:
        assert other.dtype == np.float32
        assert (one * other).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("cosine", "gain", "expected"), [(1.0, 2.0, "bf16"), (0.99, 2.0, "fp32"), (1.0, 1.1, "fp32")]
)
def test_auto_takes_bf16_only_if_faster_and_faithful(monkeypatch, cosine, gain, expected):
    monkeypatch.setattr(precision, "SMALL", 1)
    monkeypatch.setattr(precision, "_has_bf16_instructions", lambda: True)
    monkeypatch.setattr(precision, "_bf16_gain", lambda: gain)

    def probe(model: torch.nn.Module) -> np.ndarray:
        lower = next(model.parameters()).dtype == torch.bfloat16
        angle = np.arccos(cosine) if lower else 0.0
        return np.array([[np.cos(angle), np.sin(angle)]], dtype=np.float32)

    model, chosen = precision.settle_precision(
        torch.nn.Linear(4, 4), "auto", torch.device("cpu"), probe
    )
    assert chosen == expected
    assert next(model.parameters()).dtype == precision.DTYPES[expected]


def test_auto_goes_through_the_whole_encoder(monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "SMALL", 1)
    monkeypatch.setattr(precision, "_has_bf16_instructions", lambda: True)
    monkeypatch.setattr(precision, "_bf16_gain", lambda: 9.0)
    assert load_encoder(str(save_model(tmp_path / "m"))).precision == "bf16"


def test_the_gain_is_measured_within_a_second():
    assert 0.01 < precision._bf16_gain() < 100
