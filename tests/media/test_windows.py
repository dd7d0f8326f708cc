"""A sound is cut into windows that overlap, at a model's rate, whatever the sound's own shape."""

from __future__ import annotations

import pickle
import struct
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import DecoderCrashedError, MediaError
from catalog.media.hearing import hear_file
from catalog.media.isolated import DecoderPool
from catalog.media.windows import Cut, Cutter, Window, windows_of

CUT = Cut(rate=16_000, window=32_000, hop=16_000)


def tone(seconds: float, rate: int, channels: int = 1, pitch: float = 440) -> np.ndarray:
    times = np.arange(round(seconds * rate)) / rate
    one = (0.5 * np.sin(2 * np.pi * pitch * times)).astype(np.float32)
    return np.repeat(one[:, None], channels, axis=1)


def cut(samples: np.ndarray, rate: int, how: Cut = CUT, block: int = 1024) -> list:
    found: list[tuple[int, np.ndarray]] = []
    cutter = Cutter(how, lambda at, w: found.append((at, np.frombuffer(w, "<i2") / 32768)))
    for at in range(0, len(samples), block):
        cutter.add(samples[at : at + block], rate)
    cutter.finish()
    return found


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 300), st.data())
def test_windows_tile_every_sound_and_the_last_ends_with_it(length, window, data):
    hop = data.draw(st.integers(1, window))
    samples = np.linspace(0.1, 0.9, length, dtype=np.float32)[:, None]
    how = Cut(100, window, hop)
    found = cut(samples, 100, how, block=data.draw(st.integers(1, 900)))
    if length < min(10, window):  # less than the shortest that is worth a window
        assert found == []
        return
    starts = [at for at, _ in found]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(after - before <= hop for before, after in pairwise(starts))
    assert found[-1][0] + len(found[-1][1]) == length
    for at, heard in found:
        assert len(heard) == min(window, length)
        assert heard == pytest.approx(samples[at : at + len(heard), 0], abs=1e-4)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44_100, 2), (48_000, 6), (96_000, 8)])
def test_rates_and_channels(rate, channels):
    found = cut(tone(5, rate, channels), rate)
    assert [at for at, _ in found[:4]] == [0, 16_000, 32_000, 48_000]
    assert found[-1][0] + 32_000 == pytest.approx(5 * 16_000, abs=40)
    for _, heard in found:
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
        spectrum = np.abs(np.fft.rfft(heard))
        assert np.argmax(spectrum) / 2 == pytest.approx(440, abs=1)  # of two seconds: half hertz


def test_the_one_channel_that_has_sound_is_heard_as_loud_as_it_is():
    samples = np.zeros((48_000 * 3, 8), np.float32)
    samples[:, 5] = tone(3, 48_000)[:, 0]
    (_, heard), *_ = cut(samples, 48_000)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.02)


def test_silence_is_left_out_and_keeps_its_time():
    samples = np.concatenate([tone(2, 16_000), np.zeros((16_000 * 6, 1), np.float32)])
    found = cut(np.concatenate([samples, tone(2, 16_000)]), 16_000)
    assert [at // 16_000 for at, _ in found] == [0, 1, 7, 8]
    assert cut(np.zeros((16_000, 2), np.float32), 16_000) == []


def test_gaps_are_silence():
    found: list[int] = []
    cutter = Cutter(CUT, lambda at, _: found.append(at))
    cutter.add(tone(2, 8000), 8000)
    cutter.skip(8000 * 60, 8000)
    cutter.add(tone(2, 8000), 8000)
    cutter.finish()
    seconds = [round(at / 16_000) for at in found]
    assert {0, 1, 61, 62} <= set(seconds)
    # A resampler rings a little where a sound begins and ends; between there is nothing.
    assert not [at for at in seconds if 2 < at < 60]


# --- through a process of its own ---------------------------------------------


def wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def test_a_file_is_cut_in_a_process_of_its_own(tmp_path):
    pool, found, seconds = DecoderPool(), [], []
    path = wav(tmp_path / "a.wav", tone(5, 44_100, 2), 44_100)
    try:
        assert windows_of(pool, path, CUT, lambda at, w: found.append((at, w)), seconds.append)
        assert [at for at, _ in found] == pytest.approx([0, 16_000, 32_000, 48_000], abs=1)
        window: Window = found[0][1]
        assert (window.dtype, window.shape) == (np.float32, (32_000,))
        assert seconds[-1] == pytest.approx(5, abs=1)
        silent = wav(tmp_path / "nothing.wav", np.zeros((0, 1)), 8000)
        assert not windows_of(pool, silent, CUT, lambda *_: pytest.fail("there is nothing"))
        (tmp_path / "no.wav").write_bytes(struct.pack("<I", 7) * 100)
        with pytest.raises(MediaError):
            windows_of(pool, tmp_path / "no.wav", CUT, lambda *_: None)
    finally:
        pool.close()


@pytest.mark.parametrize(
    "said", [(-1, b"ab"), (0, b"abc"), (0, b""), (0, bytes(64_002)), ("0", b"ab"), (0,), (0, [1])]
)
def test_a_decoder_that_babbles_is_no_sound(tmp_path, said):
    class Talk:
        over = False

        def hear(self) -> tuple:
            return pickle.loads(pickle.dumps(("window", *said)))

    class Pool:
        def job(self, *_: object) -> Pool:
            return self

        def __enter__(self) -> Talk:
            return Talk()

        def __exit__(self, *_: object) -> None:
            return None

    with pytest.raises(DecoderCrashedError, match="no window of it"):
        windows_of(Pool(), tmp_path / "a.wav", CUT, lambda *_: None)


@pytest.mark.parametrize(
    "said",
    [
        *[("heard_all",), ("heard_all", 1), ("heard_all", 1, "no"), ("heard_all", 1, 2, 3)],
        *[("seconds",), ("seconds", "long"), ("picture", 0, b"ab"), ("heard", "ab"), ()],
    ],
)
def test_a_decoder_that_babbles_is_not_heard(tmp_path, said):
    told = iter([("seconds", 1.5), ("beat",), ("heard", bytes(64)), said])

    class Talk:
        over = False

        def hear(self) -> tuple:
            return next(told)

    class Pool:
        @contextmanager
        def job(self, *_: object) -> Iterator[Talk]:
            yield Talk()

    seconds: list[float] = []
    with pytest.raises(DecoderCrashedError, match="said what is no sound"):
        hear_file(Pool(), tmp_path / "a.wav", lambda _: None, seconds.append)
    assert seconds == [1.5]
