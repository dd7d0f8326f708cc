"""Where somebody speaks: found in speech, not in music or noise, however the sound comes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.domain.speech import LONGEST_PIECE_S, RATE, Heard, Range, from_pts, pieces, to_pts
from catalog.media.hearing import hear_file
from catalog.media.isolated import DecoderPool
from catalog.speech import SpeechActivity, load_voice
from catalog.speech.activity import WINDOW, Utterances

SOUNDS = Path(__file__).resolve().parents[2].parent / "shared" / "media" / "sound"


def spoken_in(sound: Heard, block: int = 5 * RATE) -> list[Range]:
    activity = SpeechActivity(load_voice())
    for first in range(0, len(sound), block):
        activity.hear(sound[first : first + block])
    return activity.finish()


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    made = DecoderPool()
    yield made
    made.close()


def heard(pool: DecoderPool, name: str) -> Heard:
    path = SOUNDS / name
    if not path.exists():
        pytest.skip(f"no {name} among the shared sounds")
    blocks: list[Heard] = []
    assert hear_file(pool, path, blocks.append)
    return np.concatenate(blocks)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("speech_jfk.flac", 0.7),  # he pauses for a second between his phrases
        ("speech_multilingual.mp3", 0.9),
        ("speech_stereo_diarization.wav", 0.85),
        ("torchcodec_nasa_13013.mp4.audio.mp3", 0.85),
    ],
)
def test_speech_is_heard(pool: DecoderPool, name: str, share: float) -> None:
    sound = heard(pool, name)
    spoken = sum(end - start for start, end in spoken_in(sound))
    assert spoken / len(sound) >= share


@pytest.mark.parametrize(
    "name",
    [
        "media3_bbb_1ch_8kHz_aac_lc.m4a",
        "media3_bear-opus.mka",
        "media3_bear_with_picture.flac",
        "media3_bear-id3.mp3",
        "media3_sample_rf64.wav",
        "media3_sample_with_trailing_bytes.wav",
    ],
)
def test_nobody_speaks_in_music(pool: DecoderPool, name: str) -> None:
    assert spoken_in(heard(pool, name)) == []


def tones(*frequencies: float, seconds: int = 20) -> Heard:
    at = np.arange(seconds * RATE) / RATE
    beat = 0.6 + 0.4 * np.sin(2 * np.pi * 2 * at)
    mixed = sum(np.sin(2 * np.pi * each * at) for each in frequencies) / len(frequencies)
    return (0.5 * beat * mixed).astype(np.float32)


NOISE = np.random.default_rng(7)
NO_SPEECH = {
    "silence": np.zeros(20 * RATE, np.float32),
    "a note": tones(440),
    "a chord": tones(261.6, 329.6, 392.0, 523.3),
    "line-up tone": tones(1000),
    "noise": (0.2 * NOISE.standard_normal(20 * RATE)).astype(np.float32),
    "clicks": (np.arange(20 * RATE) % 8000 < 40).astype(np.float32),
}


@pytest.mark.parametrize("kind", NO_SPEECH)
def test_nobody_speaks_in_what_is_no_speech(kind: str) -> None:
    assert spoken_in(NO_SPEECH[kind]) == []


def test_where_speech_lies_in_music_is_told(pool: DecoderPool) -> None:
    speech = heard(pool, "speech_jfk.flac")
    quiet = tones(261.6, 329.6, 392.0, seconds=6)
    spoken = spoken_in(np.concatenate([quiet, speech, quiet]))
    assert spoken[0][0] >= len(quiet) - RATE // 2
    assert spoken[-1][1] <= len(quiet) + len(speech) + RATE // 2


@settings(max_examples=8, deadline=None)
@given(block=st.integers(1, 90_000))
def test_it_does_not_matter_how_the_sound_comes(block: int) -> None:
    made = np.concatenate([tones(300, 700, seconds=2), NO_SPEECH["noise"][: 3 * RATE]])
    likely = _likelihoods(made, block)
    np.testing.assert_allclose(likely, _likelihoods(made, len(made)), atol=1e-3)


def _likelihoods(sound: Heard, block: int) -> Heard:
    """What the model says of each window, the windows coming ``block`` samples at a time."""

    class Noting:
        def __init__(self) -> None:
            self.found: list[Heard] = []

        def likelihoods(self, windows: Heard, state: object) -> tuple[Heard, object]:
            found, state = load_voice().likelihoods(windows, state)
            self.found.append(found)
            return found, state

    noting = Noting()
    activity = SpeechActivity(noting)
    # Small ones by the hundred would only take long.
    for first in range(0, len(sound), max(block, 900)):
        activity.hear(sound[first : first + max(block, 900)])
    activity.finish()
    return np.concatenate(noting.found)


def test_the_model_says_what_faster_whispers_own_use_of_it_says(pool: DecoderPool) -> None:
    from faster_whisper.vad import get_vad_model

    sound = heard(pool, "speech_jfk.flac")
    sound = sound[: len(sound) // WINDOW * WINDOW]
    theirs = get_vad_model()(sound.copy()).reshape(-1)
    # It clears the end of the last window, which ours hears.
    np.testing.assert_allclose(_likelihoods(sound, RATE)[:-1], theirs[:-1], atol=2e-3)


@given(st.lists(st.floats(0, 1), max_size=400))
def test_ranges_are_in_order_apart_and_within_the_sound(likelihoods: list[float]) -> None:
    made = Utterances()
    made.add(likelihoods)
    samples = len(likelihoods) * WINDOW
    found = made.finish(samples)
    edges = [at for part in found for at in part]
    assert edges == sorted(set(edges))
    assert all(0 <= at <= samples for at in edges)
    assert bool(found) <= any(each >= 0.5 for each in likelihoods)


RANGES = st.lists(st.integers(0, 10_000_000), max_size=40, unique=True).map(
    lambda edges: list(zip(*[iter(sorted(edges))] * 2, strict=False))
)


@given(RANGES)
def test_pieces_hold_all_that_is_spoken_and_none_is_too_long(spoken: list[Range]) -> None:
    cut = pieces(spoken)
    assert cut == sorted(cut)
    assert all(end - start <= LONGEST_PIECE_S * RATE for start, end in cut)
    held = set()
    for start, end in spoken:
        inside = [(max(start, a), min(end, b)) for a, b in cut if a < end and b > start]
        assert sum(b - a for a, b in inside) == end - start
        held |= {(a, b) for a, b in cut if a < end and b > start}
    assert held == set(cut), "no piece is of silence alone"


@given(RANGES, st.sampled_from([Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 90000)]))
def test_ranges_come_back_from_an_assets_time_within_a_tick(
    spoken: list[Range], base: Fraction
) -> None:
    pts = to_pts(spoken, base)
    assert pts == sorted(pts)
    assert all(a[1] < b[0] for a, b in pairwise(pts))
    tick = base * RATE
    for start, end in from_pts(pts, base):
        assert any(abs(start - a) <= tick / 2 + 1 for a, _ in spoken)
        assert any(abs(end - b) <= tick / 2 + 1 for _, b in spoken)


def test_nobody_is_told_that_somebody_listens(tmp_path: Path):
    """onnxruntime's telemetry is off; it would leave the number of its session behind."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    code = "from catalog.speech import load_voice; load_voice()"
    subprocess.run(
        [sys.executable, "-c", code], env={**environment, "TMPDIR": str(tmp_path)}, check=True
    )
    assert list(tmp_path.iterdir()) == []
