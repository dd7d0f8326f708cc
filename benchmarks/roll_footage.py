"""Footage whose rolls are known: shots of the demonstration's world, with speech over some.

An episode is a film of shots, each A or B. Over an A shot somebody speaks, synthesised by
espeak-ng in the episode's language; over a B shot there is noise or music. As in real editing,
sentences reach over cuts (the sound leads or trails the picture), speakers pause, and now and
then a word falls into a B shot. The pictures tell nothing: there are no people in that world.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from catalog.demo import world
from catalog.demo.captions import caption
from catalog.demo.footage import FRAME_RATE, cut_order, shot_frames
from catalog.demo.world import Scene
from catalog.errors import ServiceError

LANGUAGES = ("en", "de", "fr", "es", "uk")
RATE = 16_000
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A shot as it was made: half-open, in seconds."""

    roll: str
    start: float
    end: float
    scene: Scene


@dataclass(frozen=True, slots=True)
class Episode:
    """A film, its shots, and when somebody speaks which words."""

    path: Path
    language: str
    shots: Sequence[PlannedShot]
    spoken: Sequence[tuple[float, float, str]]

    def write_subtitles(self, rng: random.Random) -> Path:
        """What is said, as a subtitler times it: in time, and held a little to be read."""
        ends = [start for start, _, _ in self.spoken[1:]] + [self.shots[-1].end]
        cues = [
            f"{n}\n{_stamp(start)} --> {_stamp(min(end + rng.uniform(0, 0.6), later))}\n{words}\n"
            for n, ((start, end, words), later) in enumerate(zip(self.spoken, ends, strict=True), 1)
        ]
        path = self.path.with_suffix(f".{self.language}.srt")
        path.write_text("\n".join(cues), encoding="utf-8")
        return path


def make_episodes(
    folder: Path, *, count: int, shots: int, seed: int, size: tuple[int, int] = (320, 180)
) -> list[Episode]:
    """Make films of so many shots each; equal seeds make equal films.

    Raises
    ------
    ServiceError
        If espeak-ng is not installed.
    """
    if shutil.which("espeak-ng") is None:
        raise ServiceError(
            "espeak-ng is not installed; it speaks what the footage says.",
            remedy="apt-get install espeak-ng",
        )
    folder.mkdir(parents=True, exist_ok=True)
    scenes = world.sample(world.held_out(), count * shots, seed)
    return [
        _make_episode(folder, n, cut_order(scenes[n * shots : (n + 1) * shots]), seed, size)
        for n in range(count)
    ]


def _make_episode(
    folder: Path, number: int, scenes: Sequence[Scene], seed: int, size: tuple[int, int]
) -> Episode:
    rng = random.Random(f"{seed}/{number}")  # reproducible, not secret
    language = LANGUAGES[number % len(LANGUAGES)]
    shots: list[PlannedShot] = []
    at = 0
    for scene in scenes:
        roll = "A" if rng.random() < 0.5 else "B"
        length = rng.uniform(2.0, 9.0) if roll == "A" else rng.uniform(1.5, 6.0)
        frames = round(length * float(FRAME_RATE))
        start, end = float(at / FRAME_RATE), float((at + frames) / FRAME_RATE)
        shots.append(PlannedShot(roll, start, end, scene))
        at += frames
    sound = _backdrop(shots, rng)
    spoken = _speak(shots, language, rng, sound)
    path = folder / f"episode-{number + 1:02d}.mp4"
    _write(path, shots, sound, seed, size)
    return Episode(path, language, shots, spoken)


def _backdrop(shots: Sequence[PlannedShot], rng: random.Random) -> Samples:
    """What is heard where nobody speaks: noise, softer under speech, and music now and then."""
    noise = np.random.default_rng(rng.randrange(2**32))
    sound = np.zeros(round(shots[-1].end * RATE), dtype=np.float32)
    for shot in shots:
        part = slice(round(shot.start * RATE), round(shot.end * RATE))
        count = len(sound[part])
        rough = noise.standard_normal(count).astype(np.float32)
        sound[part] = np.convolve(rough, np.full(12, 1 / 12), "same") * 0.01
        if shot.roll == "B":
            sound[part] *= rng.uniform(1, 6)
            if rng.random() < 0.4:
                sound[part] += _music(count, rng)
    return sound


def _music(count: int, rng: random.Random) -> Samples:
    """Chords of half a second each."""
    times = np.arange(count) / RATE
    tune = np.zeros(count)
    for beat in range(int(count / RATE * 2) + 1):
        inside = (times >= beat / 2) & (times < (beat + 1) / 2)
        root = 220 * 2 ** (rng.choice((0, 3, 5, 7, 10)) / 12)
        for third in (1, 1.26, 1.5):
            tune[inside] += np.sin(2 * np.pi * root * third * times[inside])
    made: Samples = (tune * np.exp(-3 * (times % 0.5)) * 0.05).astype(np.float32)
    return made


def _speak(
    shots: Sequence[PlannedShot], language: str, rng: random.Random, sound: Samples
) -> list[tuple[float, float, str]]:
    """Lay speech over the A shots, add it to the sound, and say when it is."""
    spoken: list[tuple[float, float, str]] = []
    free = 0.0
    for shot in shots:
        if shot.roll == "B":
            if rng.random() < 0.1:  # a word that somebody off the picture throws in
                voice = _voice(caption(shot.scene, language).split()[0], language, rng)
                begin = max(free, shot.start + rng.uniform(0, 1))
                if begin + len(voice) / RATE < shot.end:
                    spoken.append(_lay(sound, voice, begin, caption(shot.scene, language)))
                    free = spoken[-1][1]
            continue
        lead = rng.uniform(0.2, 0.7) if rng.random() < 0.25 else -rng.uniform(0, 0.7)
        begin = max(free, shot.start - lead, 0.0)
        trail = rng.uniform(0.2, 0.8) if rng.random() < 0.35 else 0.0
        variant = 0
        while begin < shot.end - 0.6:
            words = caption(shot.scene, language, variant)
            voice = _voice(words, language, rng)[: round((shot.end + trail - begin) * RATE)]
            spoken.append(_lay(sound, voice, begin, words))
            free = spoken[-1][1]
            begin, variant = free + rng.uniform(0.2, 0.9), variant + 1
    return spoken


def _lay(sound: Samples, voice: Samples, begin: float, words: str) -> tuple[float, float, str]:
    first = round(begin * RATE)
    voice = voice[: len(sound) - first]
    sound[first : first + len(voice)] += voice
    return begin, begin + len(voice) / RATE, words


def _voice(words: str, language: str, rng: random.Random) -> Samples:
    """The words as espeak-ng says them, at `RATE`, without the silence around them."""
    speed, pitch = str(rng.randrange(140, 185)), str(rng.randrange(25, 75))
    command = ["espeak-ng", "-v", language, "-s", speed, "-p", pitch, "--stdout", words]
    said = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(said)) as file:
        # Of a stream espeak-ng does not know the length, and says that it is huge.
        raw = np.frombuffer(file.readframes(1 << 24), dtype="<i2").astype(np.float32) / 32768
        rate = file.getframerate()
    loud = np.flatnonzero(np.abs(raw) > 0.01)
    raw = raw[loud[0] : loud[-1] + 1] if len(loud) else raw
    times = np.arange(round(len(raw) * RATE / rate)) * rate / RATE
    voice: Samples = np.interp(times, np.arange(len(raw)), raw).astype(np.float32) * 0.6
    return voice


def _write(
    path: Path, shots: Sequence[PlannedShot], sound: Samples, seed: int, size: tuple[int, int]
) -> None:
    with av.open(str(path), "w") as container:
        film = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast"})
        film.width, film.height, film.pix_fmt = *size, "yuv420p"
        track = container.add_stream("aac", rate=RATE, layout="mono")
        for number, picture in enumerate(_pictures(shots, seed, size)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, 1 / Fraction(FRAME_RATE)
            container.mux(film.encode(frame))
        container.mux(film.encode(None))
        for first in range(0, len(sound), 1024):
            block = av.AudioFrame.from_ndarray(
                np.clip(sound[None, first : first + 1024], -1, 1), format="fltp", layout="mono"
            )
            block.sample_rate, block.pts, block.time_base = RATE, first, Fraction(1, RATE)
            container.mux(track.encode(block))
        container.mux(track.encode(None))


def _pictures(
    shots: Sequence[PlannedShot], seed: int, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    for shot in shots:
        count = round((shot.end - shot.start) * float(FRAME_RATE))
        yield from shot_frames(shot.scene, count, size=size, seed=seed)


def _stamp(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
