"""Loudness as EBU Tech 3341 and 3342 want it measured, of sounds and of films' sound."""

from __future__ import annotations

import re
import shutil
import subprocess
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_essence import PAL, REAL_MEDIA, take

from catalog.domain.media import Loudness, SamplingPolicy
from catalog.media.analyse import Analysis, analyse
from catalog.media.loudness import FLOOR_DBTP, LoudnessMeter
from catalog.media.probe import probe
from catalog.media.sound import SoundPass
from catalog.media.writer import write_video

RATE = 48_000
BLOCK = 1152  # samples, as decoders give them
FFMPEG = shutil.which("ffmpeg")


def sine(
    level: float, seconds: float, *, channels: int = 2, rate: int = RATE, pitch: float = 1000
) -> np.ndarray:
    """A sine of so many dBFS (of its peak), the same in all channels."""
    times = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * pitch * times)
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


def steps(*parts: tuple[float, float]) -> np.ndarray:
    """Sines of (seconds, dBFS) one after another."""
    return np.concatenate([sine(level, seconds) for seconds, level in parts])


def measure(samples: np.ndarray, layout: str = "stereo", rate: int = RATE) -> Loudness:
    meter = LoudnessMeter(samples.shape[1], rate, layout)
    for at in range(0, len(samples), BLOCK):
        meter.add(samples[at : at + BLOCK])
    found = meter.finish()
    assert found is not None
    return found


TECH_3341 = {
    "1": ([(20, -23)], -23.0),
    "2": ([(20, -33)], -33.0),
    "3": ([(10, -36), (60, -23), (10, -36)], -23.0),
    "4": ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23.0),
    "5": ([(20, -26), (20.1, -20), (20, -26)], -23.0),
}


@pytest.mark.parametrize("case", TECH_3341)
def test_integrated_loudness_of_tech_3341(case):
    parts, expected = TECH_3341[case]
    assert measure(steps(*parts)).integrated == pytest.approx(expected, abs=0.1)


def test_channels_behind_weigh_more_and_effects_nothing():
    """Case 6 of Tech 3341, with a channel of effects that must not count."""
    levels = {"FL": -28, "FR": -28, "FC": -24, "LFE": -3, "BL": -30, "BR": -30}
    parts = [sine(level, 20, channels=1) for level in levels.values()]
    assert measure(np.hstack(parts), "5.1").integrated == pytest.approx(-23.0, abs=0.1)


TECH_3342 = {
    "1": ([(20, -20), (20, -30)], 10),
    "2": ([(20, -20), (20, -15)], 5),
    "3": ([(20, -40), (20, -20)], 20),
    "4": ([(20, -50), (20, -35), (20, -20), (20, -35), (20, -50)], 15),
}


@pytest.mark.parametrize("case", TECH_3342)
def test_loudness_range_of_tech_3342(case):
    parts, expected = TECH_3342[case]
    assert measure(steps(*parts)).range == pytest.approx(expected, abs=1)


# Of cases 15 to 19: samples per period, phase in degrees, amplitude, dBTP.
PEAKS = [(4, 0, 0.5, -6), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)]


@pytest.mark.parametrize(("period", "phase", "amplitude", "expected"), PEAKS)
def test_true_peaks_of_tech_3341_lie_between_samples(period, phase, amplitude, expected):
    times = np.arange(RATE)
    wave = amplitude * np.sin(2 * np.pi * times / period + np.deg2rad(phase))
    wave *= np.minimum(1, np.minimum(times, times[::-1]) / (RATE / 10))  # no click at its ends
    found = measure(wave.astype(np.float32)[:, None], "mono").true_peak
    assert -0.4 <= found - expected <= 0.2


@pytest.mark.parametrize("level", [-55.0, -70.0])
def test_the_peak_of_a_soft_sound_is_as_exact(level):
    assert measure(sine(level, 2)).true_peak == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("seconds", [3.5, 4.03])
def test_every_rate_and_length(rate, seconds):
    found = measure(sine(-23, seconds, rate=rate), rate=rate)
    assert found.integrated == pytest.approx(-23, abs=0.1)
    assert found.true_peak == pytest.approx(-23, abs=0.2)


def test_channels_of_no_known_place_are_measured():
    # Four of the same power have twice the power of two.
    found = measure(sine(-23, 4, channels=4), "4 channels")
    assert found.integrated == pytest.approx(-20, abs=0.1)


def test_what_cannot_be_said_is_not():
    silent = measure(np.zeros((RATE * 4, 2), np.float32))
    assert silent == Loudness(None, None, FLOOR_DBTP)
    assert measure(sine(-80, 4)) == Loudness(None, None, pytest.approx(-80, abs=0.1))
    short = measure(sine(-20, 0.2))
    assert (short.integrated, short.range) == (None, None)
    assert measure(sine(-20, 2)).range is None  # a range is made of windows of three seconds
    assert LoudnessMeter(2, RATE, "stereo").finish() is None
    with pytest.raises(ValueError, match="nonsense"):
        LoudnessMeter(2, RATE, "nonsense")


def test_gaps_are_silence_however_long():
    meter = LoudnessMeter(2, RATE, "stereo")
    meter.add(sine(-23, 10))
    meter.skip(RATE * 86_000)
    meter.add(sine(-23, 10))
    assert meter.finish().integrated == pytest.approx(-23, abs=0.1)


def test_memory_does_not_grow_with_the_sound():
    meter, second = LoudnessMeter(2, RATE, "stereo"), sine(-23, 1)

    def peak(seconds: int) -> int:
        tracemalloc.start()
        for _ in range(seconds):
            meter.add(second)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(5)
    assert peak(60) < 1.5 * peak(10)


# --- files --------------------------------------------------------------------


def write(
    path: Path,
    tracks: list[np.ndarray],
    layout: str,
    *,
    codec: str = "pcm_s16le",
    start: Fraction = Fraction(0),
) -> Path:
    """A film of two seconds whose tracks of sound begin so many seconds after the picture."""
    film = path.with_name(f"pictures-{path.stem}.mp4")
    write_video(film, take(1, 50), frame_rate=PAL)
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        packets = []
        pictures = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                packets.append(packet)
        for track in tracks:
            stream = target.add_stream(codec, rate=RATE, layout=layout)
            samples = np.round(track * 32767).astype(np.int16)
            for at in range(0, len(samples), BLOCK):
                block = np.ascontiguousarray(samples[at : at + BLOCK]).reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
                frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
                frame.pts = at + round(start * RATE)
                packets += stream.encode(frame)
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            target.mux(packet)
    return path


def analysed(path: Path) -> tuple[Analysis, Loudness | None]:
    analysis = analyse(path, probe(path), SamplingPolicy(), lambda pts, _: str(pts))
    assert list(analysis)
    return analysis, analysis.loudness()


def test_a_films_sound_is_heard_while_its_pictures_are_read(tmp_path, monkeypatch):
    from catalog.media import pictures, sound

    silent = tmp_path / "silent.mp4"
    write_video(silent, take(1, 50), frame_rate=PAL)
    before, nothing = analysed(silent)
    path = write(tmp_path / "a.mov", [sine(-23, 6)], "stereo")
    opened = []
    for module in (pictures, sound):
        opener = module.open_container
        note = lambda *a, opener=opener: opened.append(a) or opener(*a)  # noqa: E731
        monkeypatch.setattr(module, "open_container", note)
    analysis, found = analysed(path)
    assert found.integrated == pytest.approx(-23, abs=0.1)
    assert found.true_peak == pytest.approx(-23, abs=0.1)
    assert len(opened) == 1
    # Nothing else of the analysis is changed by it.
    assert nothing is None
    assert analysis.frames_decoded == before.frames_decoded == 50
    assert (analysis.end_pts * 1.0, analysis.decode_errors) == (before.end_pts, 0)


def test_left_and_right_in_tracks_of_their_own_are_one_sound(tmp_path):
    """As cameras record: one of both alone would be 3 LU too soft."""
    one = sine(-23, 6, channels=1)
    together = write(tmp_path / "pair.mov", [one, one], "mono")
    alone = write(tmp_path / "one.mov", [one], "mono")
    assert analysed(together)[1].integrated == pytest.approx(-23, abs=0.1)
    assert analysed(alone)[1].integrated == pytest.approx(-26, abs=0.1)
    heard = SoundPass(together, probe(together))
    outline = heard.run()
    assert outline.low.shape[1] == 2
    assert heard.seconds == pytest.approx(6, abs=0.01)


def test_what_is_before_the_picture_is_not_heard(tmp_path):
    samples = np.concatenate([sine(0, 2), sine(-23, 6)])
    path = write(tmp_path / "a.mkv", [samples], "stereo", start=Fraction(-2))
    assert analysed(path)[1].integrated == pytest.approx(-23, abs=0.1)


def test_broken_sound_leaves_the_pictures_whole(tmp_path):
    path = write(tmp_path / "a.mov", [sine(-23, 6)], "stereo", codec="mp2")
    with av.open(str(path)) as container:
        sound = [(p.pos, p.size) for p in container.demux(audio=0) if p.size]
    content, noise = bytearray(path.read_bytes()), np.random.default_rng(1)
    for at, size in sound[10:20]:
        content[at : at + size] = noise.bytes(size)
    path.write_bytes(content)
    analysis, found = analysed(path)
    assert (analysis.frames_decoded, analysis.decode_errors) == (50, 0)
    assert found.integrated is not None
    heard = SoundPass(path, probe(path))
    heard.run()
    assert heard.errors > 0


SOUNDS = sorted((REAL_MEDIA / "sound").glob("*.*")) if REAL_MEDIA.is_dir() else []


@pytest.mark.skipif(FFMPEG is None, reason="SKIPPED: ffmpeg is not installed; nothing was compared")
@pytest.mark.parametrize("path", SOUNDS, ids=lambda path: path.name)
def test_real_sounds_are_as_loud_as_ffmpeg_says(path):
    to_nothing = ["-map", "0:a:0", "-af", "ebur128=peak=true", "-f", "null", "-"]
    command = [FFMPEG, "-nostats", "-i", str(path), *to_nothing]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    summary = done.stderr.rpartition("Summary:")[2]
    said = {
        name: float(re.search(rf"{name}:\s+(\S+) (?:LUFS|LU|dBFS)", summary)[1])
        for name in ("I", "LRA", "Peak")
    }
    sound = SoundPass(path, probe(path))
    sound.run()
    found = sound.loudness
    heard = None if said["I"] == -70 else pytest.approx(said["I"], abs=0.15)  # its word for none
    assert found.integrated == heard
    if found.range is not None:
        assert found.range == pytest.approx(said["LRA"], abs=0.3)
    assert found.true_peak == pytest.approx(said["Peak"], abs=0.3)
