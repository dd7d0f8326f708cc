"""What every encoder of texts promises, and how a sentence encoder is loaded."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_sentence import save_sentence_encoder

from catalog import Catalog
from catalog.encoders import Encoder, TextEncoder, load_encoder, load_text_encoder, parse_spec
from catalog.errors import EncoderUnavailableError, UnknownEncoderError
from catalog.settings import Settings

TEXTS = ["a laptop on a train", "кіт на столі", "夜の街", "سيارة حمراء"]
ODD = ["", "  \n", "word " * 5000, "夜" * 20_000, "half a pair \ud83d", "before\x00after", "</s>"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sentence_encoder(tmp_path_factory.mktemp("sentence"))


@pytest.fixture(scope="module", params=["sentence", "null", "demo"])
def encoder(request: pytest.FixtureRequest) -> TextEncoder:
    named = f"sentence:{request.getfixturevalue('folder')}"
    return load_text_encoder(named if request.param == "sentence" else request.param)


def test_it_describes_itself_and_its_name_loads_it_again(encoder: TextEncoder):
    assert isinstance(encoder, TextEncoder)
    assert len(encoder.weights_digest) == 32
    again = load_text_encoder(encoder.name)
    assert (again.name, again.weights_digest) == (encoder.name, encoder.weights_digest)
    np.testing.assert_array_equal(again.encode_texts(TEXTS), encoder.encode_texts(TEXTS))


def test_rows_are_of_length_one_whatever_the_text(encoder: TextEncoder):
    for texts in (TEXTS, ODD, []):
        vectors = encoder.encode_texts(texts)
        assert vectors.shape == (len(texts), encoder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_vectors_do_not_depend_on_the_batch(encoder: TextEncoder):
    texts = [f"{text} {n}" for n in range(20) for text in TEXTS]
    together = encoder.encode_texts(texts)
    for n in (0, 31, 79):
        np.testing.assert_allclose(encoder.encode_texts([texts[n]])[0], together[n], atol=1e-5)


def test_a_sentence_encoder_sees_no_pictures(folder: Path):
    loaded = load_text_encoder(f"sentence:{folder}")
    assert not isinstance(loaded, Encoder)
    assert (loaded.dimension, loaded.precision) == (12, "fp32")
    assert loaded.characters_read(["short"]) == [-1]
    [read] = loaded.characters_read(["word " * 100])
    assert 0 < read < 100
    with pytest.raises(UnknownEncoderError, match="sees no pictures"):
        load_encoder(loaded.name)


def test_what_cannot_be_loaded_is_told_with_a_way_out(folder: Path, tmp_path: Path, monkeypatch):
    with pytest.raises(EncoderUnavailableError, match="there is no folder") as caught:
        load_text_encoder(f"sentence:{tmp_path / 'away'}")
    assert "CATALOG_SPEECH_ENCODER" in caught.value.remedy
    with pytest.raises(EncoderUnavailableError, match="holds weights"):
        load_text_encoder(f"sentence:{tmp_path}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderUnavailableError, match="HF_HUB_OFFLINE") as caught:
        load_text_encoder("sentence:nobody/no-such-model")
    assert "CATALOG_SPEECH_ENCODER" in caught.value.remedy
    with pytest.raises(UnknownEncoderError, match="sentence:ORG/REPO"):
        parse_spec("sentence:")


def test_a_catalogue_hears_by_it_from_ingest_to_search(
    folder: Path, settings: Settings, tmp_path: Path
):
    lines = ("the minister resigned", "a storm over the harbour", "кіт на столі")
    cues = (f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}\n" for n, line in enumerate(lines))
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 4))
    (tmp_path / "talk.srt").write_text("\n".join(cues), encoding="utf-8")
    named = f"sentence:{folder}"
    with Catalog.open(settings) as catalog:
        catalog.ingest(tmp_path / "talk.wav")
    # One that is named later gives what is there its vectors with the next ingest.
    with Catalog.open(replace(settings, speech_encoder=named)) as catalog:
        catalog.ingest(tmp_path / "talk.wav")
        rows = {row["state"]: row for row in catalog.encoder.list()}
        assert rows["speech"]["name"] == named
        assert rows["speech"]["speech"] == rows["active"]["speech"] == {"vectors": 3, "missing": 0}
        for line in lines:
            [hit] = catalog.search(line).hits
            assert hit.said is not None
            # Its weights are random: what it knows is that the same words mean the same.
            assert (hit.said["text"], hit.said["rank"]) == (line, 1)
            assert hit.said["cosine"] == pytest.approx(1, abs=1e-3)
