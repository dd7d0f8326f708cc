"""Pictures, tokens and precision: what the model is shown, and in what it computes."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from tiny_models import save_model

from catalog.encoders import accelerate, load_encoder, precision
from catalog.encoders.batch_size import BatchSize
from catalog.encoders.pictures import readable_rgb
from catalog.encoders.scaling import fitting, scale_on
from catalog.encoders.trial import Tried as Racing
from catalog.errors import InvalidSettingError

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
    ours = torch.from_numpy(np.asarray(fitting(config)(picture(*size))).copy()).permute(2, 0, 1)
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    theirs = (theirs * std + mean) * 255
    # Where scaling and cutting are one step, Pillow may round between other passes.
    off = (ours - theirs).abs()
    assert off.mean() < 0.3
    assert off.max() < 8


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_a_device_scales_pictures_of_all_sizes_as_a_processor_does(interpolation):
    config = {**PreprocessCfg().__dict__, "interpolation": interpolation}
    pictures = [picture(*size) for size in (*SIZES[:5], SIZES[0], (640, 360))]
    made = scale_on(torch.device("cpu"), list(map(np.asarray, pictures)), 224, interpolation)
    for ours, each in zip(made, pictures, strict=True):
        theirs = torch.from_numpy(np.asarray(fitting(config)(each)).copy()).permute(2, 0, 1)
        off = (ours - theirs).abs()
        assert off.mean() < 0.5
        assert off.max() < 8


@pytest.mark.parametrize("mode", ["shortest", "longest", "squash"])
def test_strips_cost_no_more_than_other_pictures(mode):
    fit = fitting({**PreprocessCfg().__dict__, "resize_mode": mode})
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
    off = (encoder.preprocess(pictures) - theirs).abs()
    assert off.mean() < 0.3 / 255 / 0.26
    assert off.max() < 8 / 255 / 0.26


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


class Tried:
    """A model on trial whose speed and vectors are what the test says."""

    def __init__(self, model: torch.nn.Module, cosines: dict[str, float]) -> None:
        kinds = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
        quantised = not isinstance(model[0], torch.nn.Linear)
        self.kind = "int8" if quantised else kinds[model[0].weight.dtype]
        self.cosine = cosines.get(self.kind, 1.0)

    def run(self) -> None:
        pass

    def probe(self) -> np.ndarray:
        angle = np.arccos(self.cosine)
        return np.array([[np.cos(angle), np.sin(angle)]], dtype=np.float32)


@pytest.mark.parametrize(
    ("gains", "cosines", "expected"),
    [
        ({"bf16": 3.9, "int8": 9.0}, {}, "bf16"),  # nothing is to be had beyond that
        ({"bf16": 1.1, "int8": 1.1}, {}, "fp32"),
        ({"bf16": 1.3, "int8": 1.8}, {}, "int8"),
        ({"bf16": 1.7, "int8": 1.8}, {}, "bf16"),
        ({"bf16": 3.9, "int8": 1.8}, {"bf16": 0.99}, "int8"),
        ({"bf16": 3.9, "int8": 1.8}, {"bf16": 0.99, "int8": 0.9}, "fp32"),
    ],
)
def test_auto_takes_the_fastest_that_is_faithful(monkeypatch, gains, cosines, expected):
    monkeypatch.setattr(precision, "SMALL", 1)
    monkeypatch.setattr(precision, "_has_bf16_instructions", lambda: True)
    monkeypatch.setattr(precision, "race", lambda _, other: gains[other.kind])
    model, chosen = precision.settle_precision(
        torch.nn.Sequential(torch.nn.Linear(4, 4)),
        "auto",
        torch.device("cpu"),
        lambda m: Tried(m, cosines),
    )
    assert chosen == expected
    assert Tried(model, {}).kind == expected


def test_auto_goes_through_the_whole_encoder(monkeypatch, tmp_path):
    folder = str(save_model(tmp_path / "m"))
    monkeypatch.setattr(precision, "SMALL", 1)
    monkeypatch.setattr(precision, "_has_bf16_instructions", lambda: True)
    monkeypatch.setattr(precision, "race", lambda *_: 3.0)
    assert load_encoder(folder).precision == "bf16"
    # A race that is really run; of a model as tiny as this nobody knows who wins.
    monkeypatch.undo()
    monkeypatch.setattr(precision, "SMALL", 1)
    assert load_encoder(folder).precision in precision.PRECISIONS


@pytest.mark.parametrize("folder", ["tiny_folder", "tiny_multilingual"])
def test_int8_computes_as_fp32_does(request, folder):
    path = str(request.getfixturevalue(folder))
    full, lower = (load_encoder(path, precision=each) for each in ("fp32", "int8"))
    assert (lower.precision, lower.weights_digest) == ("int8", full.weights_digest)
    pictures, texts = [picture(64, 48), picture(30, 90)], ["a dog on the beach", "夜の街"]
    for one, other in [
        (full.encode_images(pictures), lower.encode_images(pictures)),
        (full.encode_texts(texts), lower.encode_texts(texts)),
    ]:
        cosines = (one * other).sum(axis=1)
        assert cosines.min() > 0.99
        assert cosines.min() < 1.0 - 1e-7, "something was rounded"


def test_convolutions_are_laid_out_as_they_are_fastest(tiny_folder, monkeypatch):
    encoder = load_encoder(str(tiny_folder))
    before = encoder.encode_images([picture(64, 48)])
    for faster in (2.0, 0.5):
        monkeypatch.setattr(accelerate, "_CONVOLUTIONS", 1)
        monkeypatch.setattr(
            accelerate, "race", lambda one, other, f=faster: [one.run(), other.run(), f][2]
        )
        kept = accelerate.accelerate(Racing(encoder), torch.device("cpu"), compiled=False)
        weight = encoder.model.visual.conv1.weight
        assert kept == (["channels_last"] if faster > 1 else [])
        assert weight.is_contiguous(memory_format=torch.channels_last) == (faster > 1)
        np.testing.assert_allclose(encoder.encode_images([picture(64, 48)]), before, atol=1e-6)


def test_pictures_scaled_on_the_device_are_encoded_alike(tmp_path):
    encoder = load_encoder(str(save_model(tmp_path / "m")))
    pictures = [picture(*size) for size in SIZES]
    before = encoder.encode_images(pictures)
    assert encoder.scale_on_device()
    assert (before * encoder.encode_images(pictures)).sum(axis=1).min() > 0.999


def test_texts_of_all_lengths_come_back_in_their_order(tiny_multilingual):
    encoder = load_encoder(str(tiny_multilingual))
    encoder._batch = BatchSize(4, 4)
    texts = [("ab " * (at * 7 % 13)).strip() for at in range(21)]
    widths, real = [], encoder.model.encode_text

    def noting(tokens, **more):
        widths.append(tokens.shape[1])
        return real(tokens, **more)

    encoder.model.encode_text = noting
    together = encoder.encode_texts(texts)
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_precisions_that_a_device_has_not_are_refused():
    for wanted in ("fp8", "bf17+compile", "+compile"):
        with pytest.raises(InvalidSettingError, match="does not exist"):
            precision.check_precision(wanted, torch.device("cpu"))
    precision.check_precision("bf16+compile", torch.device("cpu"))
    with pytest.raises(InvalidSettingError, match="int8 is not to be had on cuda"):
        precision.check_precision("int8", torch.device("cuda"))
