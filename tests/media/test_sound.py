"""Sounds of every make have an outline, in memory that does not grow with them."""

from __future__ import annotations

import io
import json
import struct
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.domain.media import AssetKind
from catalog.media.peaks import MOST_COLUMNS, Outline, Peaks
from catalog.media.probe import probe
from catalog.media.sound import SoundPass, draw_waveform


def wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """Samples of shape (number, channels) as they are: int16, or float32 by its own format."""
    if samples.dtype == np.float32:
        channels, body = samples.shape[1], samples.tobytes()
        form = struct.pack("<HHIIHH", 3, channels, rate, rate * channels * 4, channels * 4, 32)
        data = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(body))
        path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(data) + len(body)) + b"WAVE")
        with path.open("ab") as file:
            file.write(data + body)
        return path
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def tone(seconds: float, rate: int, channels: int, level: float = 0.5) -> np.ndarray:
    times = np.arange(int(seconds * rate))[:, None] / rate
    pitches = 200 + 50 * np.arange(channels)
    return np.round(np.sin(2 * np.pi * pitches * times) * level * 32768).astype(np.int16)


def listen(path: Path) -> tuple[SoundPass, Outline | None]:
    found = probe(path)
    assert found.kind is AssetKind.AUDIO
    sound = SoundPass(path, found)
    return sound, sound.run()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48000, 2), (192_000, 1), (44100, 8)])
def test_rates_and_layouts(tmp_path, rate, channels):
    sound, outline = listen(wav(tmp_path / "a.wav", tone(0.5, rate, channels), rate))
    assert sound.seconds == Fraction(1, 2)
    assert outline.low.shape[1] == channels
    assert outline.high.max() == pytest.approx(0.5, abs=0.01)
    assert outline.low.min() == pytest.approx(-0.5, abs=0.01)
    assert np.sqrt((outline.rms**2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)
    body = json.loads(outline.as_json())
    assert (body["version"], body["bits"], body["channels"]) == (2, 8, channels)
    assert len(body["data"]) == 2 * body["length"] * channels == 2 * len(body["rms"])
    assert body["length"] * body["samples_per_pixel"] >= 0.5 * body["sample_rate"]
    assert max(body["data"]) == pytest.approx(64, abs=2)


def test_the_picture_shows_where_it_is_loud(tmp_path):
    quiet, loud = tone(1, 8000, 1, 0.05), tone(1, 8000, 1, 0.9)
    _, outline = listen(wav(tmp_path / "a.wav", np.concatenate([quiet, loud]), 8000))
    content, width, height = draw_waveform(outline)
    image = Image.open(io.BytesIO(content)).convert("RGBA")
    assert image.size == (width, height)
    inked = (np.asarray(image)[:, :, 3] > 0).sum(axis=0)
    left, right = inked[: width // 2 - 5], inked[width // 2 + 5 :]
    assert left.max() < 0.15 * height < 0.8 * height < right.min()


def test_silence_is_a_line(tmp_path):
    _, outline = listen(wav(tmp_path / "a.wav", np.zeros((4000, 2), np.int16), 8000))
    assert not outline.rms.any()
    content, _, _ = draw_waveform(outline)
    inked = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))[:, :, 3] > 0
    assert inked.sum(axis=0).max() <= 4


def test_floats_beyond_full_scale_and_no_numbers_are_drawn(tmp_path):
    samples = np.full((8000, 1), 0.25, np.float32)
    samples[100], samples[200], samples[300], samples[400] = np.nan, np.inf, -np.inf, 7.0
    _, outline = listen(wav(tmp_path / "a.wav", samples, 8000))
    assert np.isfinite(outline.rms).all()
    assert max(json.loads(outline.as_json())["data"]) == 127
    assert draw_waveform(outline)[0]


def test_a_recording_of_nothing_is_no_error(tmp_path):
    sound, outline = listen(wav(tmp_path / "a.wav", np.zeros((0, 1), np.int16), 48000))
    assert (sound.seconds, sound.errors, outline) == (0, 0, None)


def test_damage_is_counted_and_the_rest_is_heard(tmp_path):
    import av

    path = tmp_path / "a.mp2"
    with av.open(str(path), "w", format="mp2") as container:
        stream = container.add_stream("mp2", rate=48000)
        for at in range(0, 48000, 1152):
            frame = av.AudioFrame.from_ndarray(tone(1, 48000, 2)[at : at + 1152].reshape(1, -1))
            frame.sample_rate = 48000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 3000] = np.random.default_rng(1).bytes(3000)
    path.write_bytes(content)
    sound, outline = listen(path)
    assert outline is not None
    assert sound.errors > 0
    assert sound.seconds > Fraction(1, 2)


def test_columns_are_what_all_samples_together_say():
    samples = np.random.default_rng(3).normal(0, 0.2, (700_001, 2)).astype(np.float32)
    peaks = Peaks(2, 8000)
    for at in range(0, len(samples), 1023):
        peaks.add(samples[at : at + 1023])
    outline = peaks.finish()
    size = outline.samples_per_column
    assert MOST_COLUMNS // 2 < outline.columns <= MOST_COLUMNS
    for column in (0, 1, outline.columns // 2, outline.columns - 1):
        part = samples[column * size : (column + 1) * size]
        assert outline.low[column] == pytest.approx(part.min(axis=0))
        assert outline.high[column] == pytest.approx(part.max(axis=0))
        assert outline.rms[column] == pytest.approx(np.sqrt((part**2).mean(axis=0)), rel=1e-4)


def test_ten_hours_take_no_more_memory_than_a_minute():
    rate, one = 48_000, np.full((1000, 2), 0.5, np.float32)
    peaks = Peaks(2, rate)
    for hour in range(10):
        peaks.add(one)
        peaks.skip(3600 * rate - 1000)
        held = sum(part.nbytes for part in vars(peaks)["_waiting"])
        assert held < 1 << 20, hour
    outline = peaks.finish()
    assert outline.columns <= MOST_COLUMNS
    marks = np.flatnonzero(outline.high[:, 0] > 0.4) * outline.samples_per_column / rate
    assert marks == pytest.approx(3600 * np.arange(10), abs=outline.samples_per_column / rate)
