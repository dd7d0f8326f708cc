"""Recognisers keep one protocol; and faster-whisper's loading code, up to the missing weights."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from huggingface_hub import constants
from stand_in import StandIn
from tiny_whisper import write_tiny_whisper

from catalog.domain.languages import language_tag
from catalog.domain.speech import RATE, Heard, Recogniser
from catalog.errors import InvalidSettingError, SpeechUnavailableError
from catalog.speech import OFF, Recognisers
from catalog.speech.whisper import FasterWhisper


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_whisper(tmp_path_factory.mktemp("whisper") / "tiny")


@pytest.fixture(params=["stand-in", "faster-whisper"])
def recogniser(request: pytest.FixtureRequest) -> Recogniser:
    if request.param == "stand-in":
        return StandIn()
    # Random weights: what it says is nonsense, but it says it by the code that real ones run.
    return Recognisers(str(request.getfixturevalue("tiny")), "cpu").load()


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_what_every_recogniser_does(recogniser: Recogniser, seconds: float) -> None:
    sound: Heard = np.random.default_rng(5).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)
    told = recogniser.recognise(sound)
    assert recogniser.name
    assert language_tag(told.language) == told.language
    assert 0 <= told.probability <= 1
    edges = [at for line in told.lines for at in (line.start, line.end)]
    assert all(0 <= at <= seconds for at in edges)
    assert [line.start for line in told.lines] == sorted(line.start for line in told.lines)
    for line in told.lines:
        assert line.text
        assert line.start < line.end
        for word in line.words:
            assert 0 <= word.start <= word.end <= seconds
            assert 0 <= word.probability <= 1


def test_provenance_names_program_model_and_precision(tiny: Path) -> None:
    name = Recognisers(str(tiny), "cpu", "float32").load().name
    assert name.startswith("faster-whisper 1.")
    assert name.endswith(f"{tiny}, float32")
    source = Recognisers(str(tiny), "cpu")
    assert source.missing() is None
    assert source.load() is source.load(), "it is loaded once"


class Detecting:
    """As much of a multilingual model as choosing a language needs."""

    supported_languages = ("en", "uk")
    model = SimpleNamespace(is_multilingual=True)

    def __init__(self, likely: float) -> None:
        self.likely = likely

    def detect_language(self, _sound: Heard) -> tuple[str, float, None]:
        return "en", self.likely, None


@pytest.mark.parametrize(
    ("likely", "before", "chosen"),
    [
        (0.9, "uk", "en"),
        (0.3, "uk", "uk"),
        (0.3, None, "en"),
        (0.3, "tlh", "en"),
        (0.3, "uk-UA", "uk"),
    ],
)
def test_an_unclear_language_is_the_one_before(
    likely: float, before: str | None, chosen: str
) -> None:
    whisper = FasterWhisper.__new__(FasterWhisper)
    whisper._model = Detecting(likely)
    assert whisper._language(np.zeros(RATE, np.float32), before) == (chosen, likely)


# --- what is not there ---------------------------------------------------------


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Hub's client, with nothing in its cache and no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("model", ["small", "large-v3", "somebody/whisper-of-theirs"])
def test_weights_that_are_away_are_named_with_the_way_to_have_them(model: str) -> None:
    source = Recognisers(model)
    with pytest.raises(SpeechUnavailableError, match="not on this machine") as caught:
        source.load()
    assert repr(model) in caught.value.message
    assert "catalog recognise --fetch" in caught.value.remedy
    assert source.missing().message == caught.value.message
    with pytest.raises(SpeechUnavailableError, match="cannot be downloaded"):
        source.fetch()


def test_a_folder_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailableError, match="is not there"):
        Recognisers(str(tmp_path / "nowhere")).load()
    with pytest.raises(SpeechUnavailableError, match=r"has no model\.bin, tokenizer\.json"):
        Recognisers(str(tmp_path)).load()
    with pytest.raises(SpeechUnavailableError, match=r"has no model\.bin"):
        Recognisers(str(tmp_path)).fetch()


def test_broken_weights_and_devices_are_told(tiny: Path, tmp_path: Path) -> None:
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / "model.bin").read_bytes()
    (tmp_path / "model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SpeechUnavailableError, match="cannot be loaded from"):
        Recognisers(str(tmp_path), "cpu").load()
    with pytest.raises(SpeechUnavailableError, match="onto cpu in float7"):
        Recognisers(str(tiny), "cpu", "float7").load()


def test_a_name_of_nothing_is_a_wrong_setting() -> None:
    with pytest.raises(InvalidSettingError, match="'smal'") as caught:
        Recognisers("smal").load()
    assert "large-v3" in caught.value.message


def test_recognition_can_be_switched_off() -> None:
    with pytest.raises(SpeechUnavailableError, match="switched off"):
        Recognisers(OFF).load()
