"""Where weights come from, and what is said when they cannot be had."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from tiny_models import HF_TEXT, save_model

from catalog.encoders import (
    building,
    hub,
    late_compiler,
    load_encoder,
    load_text_encoder,
    open_clip_encoder,
    registry,
    sources,
)
from catalog.encoders.open_clip_encoder import OpenClipEncoder
from catalog.errors import EncoderUnavailableError, InvalidSettingError, UnknownEncoderError
from catalog.settings import DEFAULT_ENCODER

REPOSITORY = "laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k"


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """A Hub cache with nothing in it, and a Hub that no name server knows."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "https://hub.invalid")
    return tmp_path / "hub"


def cache(root: Path, repository: str, folder: Path) -> None:
    """Put a folder's files where the Hub's client keeps a downloaded repository."""
    place = root / f"models--{repository.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / "0123abcd")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0123abcd")


# --- the default encoder without its weights -----------------------------------


def test_missing_weights_name_both_ways_out(empty_cache):
    with pytest.raises(EncoderUnavailableError) as caught:
        load_encoder(DEFAULT_ENCODER)
    assert not isinstance(caught.value, UnknownEncoderError)
    message = str(caught.value)
    assert f"The weights of {DEFAULT_ENCODER} are neither in the cache" in message
    assert "downloadable" in message
    assert "CATALOG_ENCODER=local-dir:/path/to/folder" in message
    assert "CATALOG_ENCODER=demo" in message


def test_a_name_server_that_never_answers_is_given_up_on(empty_cache, monkeypatch):
    monkeypatch.setattr(hub, "DEADLINE_S", 0.2)
    monkeypatch.setattr(hub.hf, "get_hf_file_metadata", lambda *_, **__: time.sleep(5))
    with pytest.raises(EncoderUnavailableError, match="no answer within"):
        load_encoder(DEFAULT_ENCODER)


def test_offline_mode_is_not_questioned(empty_cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderUnavailableError, match="HF_HUB_OFFLINE"):
        load_encoder("hf-hub:org/repo")


def test_cached_weights_without_a_tokenizer_say_what_is_missing(empty_cache, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "open_clip_model.safetensors").write_bytes(b"")
    cache(empty_cache, REPOSITORY, tmp_path / "weights")
    with pytest.raises(EncoderUnavailableError, match="tokenizer files of xlm-roberta"):
        load_encoder("xlm-roberta-base-ViT-B-32")


def test_the_well_known_text_towers_are_carried_along(empty_cache):
    found = sources.find_sources(
        registry.parse_spec("xlm-roberta-base-ViT-B-32/random"), "any name"
    )
    config = json.loads((found.text_tower / "config.json").read_text())
    assert (config["hidden_size"], config["vocab_size"]) == (768, 250002)


# --- for few texts --------------------------------------------------------------------


def test_an_encoder_for_few_texts_is_the_same_and_tries_nothing(tiny_folder, monkeypatch):
    full = load_encoder(str(tiny_folder), device="cpu", precision="fp32")
    pictures = []
    real = OpenClipEncoder.forward
    monkeypatch.setattr(
        OpenClipEncoder, "forward", lambda self, few: pictures.append(few) or real(self, few)
    )
    monkeypatch.setattr(open_clip_encoder, "settle_precision", None)  # who calls it fails
    few = load_text_encoder(str(tiny_folder), device="cpu", tried=False)
    assert (few.name, few.precision, few.dimension) == (full.name, "fp32", full.dimension)
    texts = ["a red car", "кіт"]
    np.testing.assert_allclose(few.encode_texts(texts), full.encode_texts(texts), atol=1e-6)
    assert pictures == []
    assert few.weights_digest == full.weights_digest


def test_an_encoder_for_few_texts_computes_in_what_was_asked_for(tiny_folder):
    few = load_text_encoder(str(tiny_folder), device="cpu", precision="bf16", tried=False)
    full = load_encoder(str(tiny_folder), device="cpu", precision="fp32")
    assert (few.precision, few.weights_digest) == ("bf16", full.weights_digest)
    with pytest.raises(InvalidSettingError, match="fp64"):
        load_text_encoder(str(tiny_folder), precision="fp64", tried=False)


def test_the_compiler_comes_when_it_is_called():
    """What libraries take of it at import works all the same, and so does compiling."""
    program = (
        "import sys\n"
        "from catalog.encoders import load_text_encoder\n"
        "load_text_encoder('demo', device='cpu', tried=False).encode_texts(['a red car'])\n"
        "assert not {'torch._dynamo', 'torch._inductor', 'sympy'} & set(sys.modules)\n"
        "import torch, timm.models.naflexvit as timm\n"
        "assert torch.compiler.disable.__module__ == 'torch.compiler'\n"
        "assert timm.disable_compiler(abs)(-1) == 1\n"
        "from torchvision.ops import roi_align\n"
        "assert roi_align(torch.ones(1, 1, 4, 4), [torch.zeros(1, 4)], 1).shape == (1, 1, 1, 1)\n"
        "import torchvision.ops.roi_align\n"
        "taken = sys.modules['torchvision.ops.roi_align'].is_compile_supported('cpu')\n"
        "import torch._dynamo.utils as real\n"
        "assert taken == real.is_compile_supported('cpu')\n"
        "assert torch._dynamo.__file__ and torch._dynamo.config\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_who_wants_the_compiler_in_the_middle_of_an_import_waits_for_no_other(monkeypatch):
    """Whose import it is may wait for a module that they import."""
    # A small module in the place of torch's compiler, which takes its seconds.
    monkeypatch.setattr(late_compiler, "_COMPILER", "colorsys")
    monkeypatch.setattr(late_compiler, "_UTILS", "colorsys.utils")
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    disable, found = torch.compiler.disable, []

    def other() -> None:
        import colorsys

        found.append(colorsys.rgb_to_hsv)

    with late_compiler.late_compiler():
        assert isinstance(sys.modules["colorsys"], late_compiler._Late)
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        thread.join(60)
        assert found == [sys.modules["colorsys"].rgb_to_hsv]
    assert sys.modules["colorsys"].__file__
    assert torch.compiler.disable is disable


# --- the Hub -------------------------------------------------------------------------


def test_a_cached_repository_loads_without_a_network(empty_cache, tiny_folder):
    cache(empty_cache, "org/tiny", tiny_folder)
    encoder = load_encoder("hf-hub:org/tiny")
    assert encoder.name == "hf-hub:org/tiny"
    assert encoder.weights_digest == load_encoder(str(tiny_folder)).weights_digest


def test_a_cached_tokenizer_of_another_repository_is_found(
    empty_cache, tiny_multilingual, tmp_path
):
    text = HF_TEXT | {"hf_tokenizer_name": "org/words"}
    model = tmp_path / "model"
    shutil.copytree(tiny_multilingual / "tiny-xlmr", model / "tiny-xlmr")
    save_model(model, text=text)
    cache(empty_cache, "org/tiny", model)
    cache(empty_cache, "org/words", tiny_multilingual)
    # The tower's own repository is cached as well, as for every model but the well-known ones.
    cache(empty_cache, "tiny-xlmr", tiny_multilingual / "tiny-xlmr")
    vectors = load_encoder("hf-hub:org/tiny").encode_texts(["кіт"])
    folder = load_encoder(str(tiny_multilingual))
    np.testing.assert_allclose(vectors, folder.encode_texts(["кіт"]), atol=1e-6)


# --- names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("xlm-roberta-base-ViT-B32/laion5b", DEFAULT_ENCODER),
        ("xlm-roberta-base-ViT-B-32/laion5b", DEFAULT_ENCODER),
        ("ViT-B-32/laion2b", "ViT-B-32/laion2b_s34b_b79k"),
        ("ViT-B-32", "ViT-B-32/openai"),
        ("vit-b-32/openai", "ViT-B-32/openai"),
    ],
)
def test_unknown_names_are_answered_with_near_ones(name, near):
    with pytest.raises(UnknownEncoderError) as caught:
        load_encoder(name)
    assert repr(name) in caught.value.message
    assert near in caught.value.details["near_matches"]
    assert "demo" in caught.value.remedy


def test_nothing_near_an_unknown_name_is_no_reason_to_guess():
    with pytest.raises(UnknownEncoderError) as caught:
        load_encoder("qqqqqqqqqqqq")
    assert "Near" not in caught.value.message


def test_tags_may_be_written_with_hyphens(empty_cache):
    with pytest.raises(EncoderUnavailableError, match=r"ViT-B-32/laion2b_s34b_b79k"):
        load_encoder("ViT-B-32/laion2b-s34b-b79k")


# --- local weights --------------------------------------------------------------------


def test_the_digest_follows_the_weights_not_the_file(tiny_folder, tmp_path):
    same = save_model(tmp_path / "same", suffix=".bin")
    other = save_model(tmp_path / "other", seed=1)
    scaled = save_model(tmp_path / "scaled", preprocess={"mean": [0.5, 0.5, 0.5]})
    digest = load_encoder(str(tiny_folder)).weights_digest
    assert load_encoder(str(same)).weights_digest == digest
    assert load_encoder(str(other)).weights_digest != digest
    assert load_encoder(str(scaled)).weights_digest != digest


@pytest.fixture
def tiny_architecture(tiny_folder, tmp_path, monkeypatch):
    """The tiny model as one of those open_clip knows by name."""
    config = json.loads((tiny_folder / "open_clip_config.json").read_text())["model_cfg"]
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "ViT-Tiny", config)
    return "ViT-Tiny"


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_an_architecture_with_a_checkpoint_file(tiny_architecture, tmp_path, suffix):
    folder = save_model(tmp_path / "saved", suffix=suffix)
    file = next(f for f in folder.iterdir() if f.suffix == suffix)
    encoder = load_encoder(f"{tiny_architecture}@{file}")
    assert encoder.name == f"ViT-Tiny@{file}"
    np.testing.assert_allclose(
        encoder.encode_texts(["a dog"]), load_encoder(str(folder)).encode_texts(["a dog"])
    )


def test_random_weights_are_the_same_each_time_and_leave_the_seed_alone(tiny_architecture):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second = (load_encoder(f"{tiny_architecture}/random") for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert first.weights_digest == second.weights_digest
    assert first.encode_images([Image.new("RGB", (9, 9), "red")]).shape == (1, 24)


def test_random_weights_of_a_model_whose_tokenizer_is_elsewhere():
    tokens = building.ByteTokenizer(6)(["ab", "far too long"])
    assert tokens.tolist() == [[0, 100, 101, 2, 1, 1], [0, 105, 100, 117, 35, 2]]


def broken_folder(tmp_path: Path, how: str) -> Path:
    folder = save_model(tmp_path / how, suffix=".bin" if "pickle" in how else ".safetensors")
    weights = next(f for f in folder.iterdir() if f.suffix in {".bin", ".safetensors"})
    config = folder / "open_clip_config.json"
    match how:
        case "no config":
            config.unlink()
        case "config is no JSON":
            config.write_text("{")
        case "config is incomplete":
            config.write_text('{"model_cfg": {"embed_dim": 24}}')
        case "no weights":
            weights.unlink()
        case "cut weights" | "cut pickle":
            weights.write_bytes(weights.read_bytes()[:1000])
        case "other architecture":
            whole = json.loads(config.read_text())
            whole["model_cfg"]["embed_dim"] = 25
            config.write_text(json.dumps(whole))
        case "code in pickle":
            torch.save({"state_dict": Path}, weights)
        case "weights that are not numbers":
            with torch.random.fork_rng():
                model = open_clip.create_model(f"local-dir:{folder}")
                model.visual.proj.data.fill_(float("nan"))
                torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
            weights.unlink()
    return folder


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("no config", "has no open_clip_config.json"),
        ("config is no JSON", "cannot be used"),
        ("config is incomplete", "vision_cfg"),
        ("no weights", "no file in it holds weights"),
        ("cut weights", "cannot be used"),
        ("cut pickle", "cannot be used"),
        ("other architecture", "size mismatch"),
        ("code in pickle", "cannot be used"),
        ("weights that are not numbers", "not numbers"),
    ],
)
def test_broken_models_are_unavailable_with_the_reason(tmp_path, how, reason):
    folder = broken_folder(tmp_path, how)
    with pytest.raises(EncoderUnavailableError, match=reason) as caught:
        load_encoder(str(folder))
    assert str(folder) in caught.value.message
    assert len(caught.value.message) < 800
    assert "CATALOG_ENCODER=demo" in caught.value.remedy


def test_missing_places_are_named(tmp_path):
    with pytest.raises(EncoderUnavailableError, match=f"{tmp_path}/gone: it is not there"):
        load_encoder(f"local-dir:{tmp_path}/gone")
    with pytest.raises(EncoderUnavailableError, match=f"no file {tmp_path}/gone.pt"):
        load_encoder(f"ViT-B-32@{tmp_path}/gone.pt")


def test_an_installation_without_the_demo_encoder_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(registry.resources, "files", lambda _: tmp_path)
    with pytest.raises(EncoderUnavailableError, match=r"python -m catalog\.demo\.train"):
        load_encoder("demo")


# --- quiet ------------------------------------------------------------------------------


def test_loading_says_nothing_and_leaves_logging_as_it_was(tiny_folder, capfd, monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        load_encoder(str(tiny_folder))
    assert [w for w in seen if "open_clip" in w.filename] == []
    assert (root.handlers, root.filters) == ([], [])
    assert capfd.readouterr() == ("", "")


# --- settings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"device": "toaster"}, "'toaster'"),
        ({"device": "cuda:99"}, "'cuda:99'"),
        ({"precision": "int3"}, "'int3'"),
    ],
)
def test_settings_that_cannot_be_used(tiny_folder, settings, named):
    with pytest.raises(InvalidSettingError, match=named) as caught:
        load_encoder(str(tiny_folder), **settings)
    assert "CATALOG_" in caught.value.remedy
