"""What every sound encoder promises, and how CLAP's files are found, loaded and refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tiny_models import save_clap

from catalog.encoders.sound import SoundEncoder, load_sound_encoder, missing_sound_weights
from catalog.encoders.sound.null import BANDS
from catalog.errors import EncoderUnavailableError, UnknownEncoderError

ODD_TEXTS = ["", "  \n\t ", "rain " * 5000, "a" * 100_000, "🎬🐈‍⬛", "x\x00y", "half a pair \ud83d"]


@pytest.fixture(scope="module", params=["null", "clap", "fused clap"])
def encoder(request: pytest.FixtureRequest) -> SoundEncoder:
    if request.param == "null":
        return load_sound_encoder("null")
    folder = request.getfixturevalue("tiny_clap")[request.param]
    return load_sound_encoder(f"local-dir:{folder}", device="cpu")


def noise(encoder: SoundEncoder, seconds: float, seed: int = 0) -> np.ndarray:
    count = max(1, round(seconds * encoder.sample_rate))
    return (np.random.default_rng(seed).standard_normal(count) * 0.1).astype(np.float32)


def test_vectors_are_unit_rows(encoder):
    assert isinstance(encoder, SoundEncoder)
    sounds = [noise(encoder, encoder.window_s), noise(encoder, 1, 1), noise(encoder, 1e-6, 2)]
    sounds.append(np.zeros(encoder.sample_rate, np.float32))
    for made in (encoder.encode_sounds(sounds), encoder.encode_texts(["rain", "a dog barks"])):
        assert made.dtype == np.float32
        assert made.shape[1] == encoder.dimension
        assert np.linalg.norm(made, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode_sounds([]).shape == encoder.encode_texts([]).shape
    assert encoder.encode_texts([]).shape == (0, encoder.dimension)


def test_a_sound_has_one_vector_whatever_is_beside_it(encoder):
    sounds = [noise(encoder, 2, seed) for seed in range(11)]
    together = encoder.encode_sounds(sounds)
    assert together == pytest.approx(encoder.encode_sounds(sounds), abs=1e-5)
    for at in (0, 7, 10):
        assert together[at] == pytest.approx(encoder.encode_sounds([sounds[at]])[0], abs=1e-4)


def test_what_is_empty_or_too_long_is_refused(encoder):
    for wrong in (np.zeros(0, np.float32), noise(encoder, encoder.window_s + 0.1)):
        with pytest.raises(ValueError, match="samples; expected 1 to"):
            encoder.encode_sounds([noise(encoder, 1), wrong])


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_has_a_vector(encoder, text):
    assert np.isfinite(encoder.encode_texts([text])).all()


def test_texts_do_not_depend_on_each_other(encoder):
    texts = ["rain", "a very long text about the rain on the roof of a house", ""]
    together = encoder.encode_texts(texts)
    for at, text in enumerate(texts):
        assert together[at] == pytest.approx(encoder.encode_texts([text])[0], abs=1e-4)


def test_threads_may_share_it(encoder):
    texts = [f"sound number {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        one_by_one = list(pool.map(lambda text: encoder.encode_texts([text])[0], texts))
    assert np.stack(one_by_one) == pytest.approx(encoder.encode_texts(texts), abs=1e-4)


def test_its_name_loads_it_again(encoder):
    again = load_sound_encoder(encoder.name, device="cpu")
    assert again.weights_digest == encoder.weights_digest
    assert missing_sound_weights(encoder.name) is None


def test_the_stand_in_hears_what_its_words_say():
    encoder = load_sound_encoder("null")
    times = np.arange(2 * encoder.sample_rate) / encoder.sample_rate
    middles = {word: (low + high) / 2 for word, (low, high) in BANDS.items()}
    sounds = [np.sin(2 * np.pi * pitch * times).astype(np.float32) for pitch in middles.values()]
    sounds.append(np.zeros(100, np.float32))
    cosines = encoder.encode_texts([*middles, "silence"]) @ encoder.encode_sounds(sounds).T
    assert cosines == pytest.approx(np.eye(len(sounds)), abs=0.02)


# --- loading ------------------------------------------------------------------


def test_other_weights_and_other_formats(tmp_path):
    first, other = save_clap(tmp_path / "a"), save_clap(tmp_path / "b", seed=1)
    same = save_clap(tmp_path / "c", suffix=".bin")
    digests = [load_sound_encoder(str(f), device="cpu").weights_digest for f in (first, other)]
    assert digests[0] != digests[1]
    assert load_sound_encoder(str(same), device="cpu").weights_digest == digests[0]


def without(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).unlink()
    return folder


@pytest.mark.parametrize(
    "missing", ["config.json", "preprocessor_config.json", "model.safetensors"]
)
def test_a_file_that_is_missing_is_named(tmp_path, missing):
    folder = without(save_clap(tmp_path / "a"), missing)
    with pytest.raises(EncoderUnavailableError, match=missing) as caught:
        load_sound_encoder(f"local-dir:{folder}")
    assert "CATALOG_SOUND_ENCODER" in caught.value.remedy


def test_broken_weights_are_told_not_made_up(tmp_path):
    from safetensors.torch import load_file, save_file

    cut = save_clap(tmp_path / "cut")
    content = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(content[: len(content) // 2])
    partly = save_clap(tmp_path / "partly")
    state = load_file(partly / "model.safetensors")
    kept = {name: value for name, value in state.items() if "audio_projection" not in name}
    save_file(kept, partly / "model.safetensors", metadata={"format": "pt"})
    for folder, reason in ((cut, "cannot be used"), (partly, "weights are missing")):
        with pytest.raises(EncoderUnavailableError, match=reason):
            load_sound_encoder(str(folder), device="cpu")


def test_what_of_the_hub_is_not_here_is_named_and_what_is_cached_is_loaded(tmp_path):
    """In a process of its own: the Hub's client reads its environment when it is imported."""
    revision = "0" * 40
    repository = tmp_path / "hub" / "models--some--clap"
    snapshot = repository / "snapshots" / revision
    shutil.copytree(save_clap(tmp_path / "a"), snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    script = (
        "from catalog.encoders.sound import load_sound_encoder, missing_sound_weights\n"
        "from catalog.errors import CatalogError\n"
        "name = 'hf-hub:laion/clap-htsat-unfused'\n"
        "assert 'not in the cache' in missing_sound_weights(name)\n"
        "try: load_sound_encoder(name)\n"
        "except CatalogError as error: print(error.code, error)\n"
        "assert missing_sound_weights('hf-hub:some/clap') is None\n"
        "encoder = load_sound_encoder('hf-hub:some/clap', device='cpu')\n"
        "print(encoder.name, encoder.encode_texts(['rain']).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("encoder_unavailable The weights of hf-hub:laion/clap-htsat")
    assert "model.safetensors or pytorch_model.bin" in done.stdout
    assert "CATALOG_SOUND_ENCODER" in done.stdout
    assert done.stdout.splitlines()[-1] == "hf-hub:some/clap (1, 24)"


@pytest.mark.parametrize("name", ["", "ViT-B-32/openai", "demo", "hf-hub:clap", "null:x"])
def test_what_names_no_sound_encoder(name):
    with pytest.raises(UnknownEncoderError) as caught:
        load_sound_encoder(name)
    assert "CATALOG_SOUND_ENCODER" in caught.value.remedy
