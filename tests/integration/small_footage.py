"""Tiny files of one colour per shot: the null encoder finds them by the colour's name."""

from __future__ import annotations

import wave
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video

REAL_MEDIA = Path(__file__).resolve().parents[2].parent / "shared" / "media"


def video(
    path: Path,
    colours: Sequence[str] = ("red",),
    *,
    rate: Fraction = Fraction(25),
    frames: int = 25,
    timecode: str | None = None,
    metadata: Mapping[str, str] | None = None,
    mark: int = 0,
) -> Path:
    """A film of 64 by 48 with a shot per colour; ``mark`` makes its content its own."""
    pictures = []
    for colour in colours:
        picture = np.full((48, 64, 3), COLOURS[colour], np.uint8)
        picture[:2, :2] = mark % 256
        pictures += [picture] * frames
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(
        path,
        pictures,
        frame_rate=rate,
        start_timecode=timecode,
        metadata={"comment": f"mark {mark}", **(metadata or {})},
    )
    return path


def still(path: Path, colour: str | tuple[int, int, int] = "red", *, mark: int = 0) -> Path:
    """A picture of 32 by 24 whose content no other mark has."""
    rgb = COLOURS[colour] if isinstance(colour, str) else colour
    image = Image.new("RGB", (32, 24), rgb)
    image.putpixel((0, 0), (mark % 256, mark // 256 % 256, 7))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def sound(path: Path, *, seconds: float = 0.5, mark: int = 0) -> Path:
    """A tone without a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(int(8000 * seconds)) / 8000
    samples = (np.sin(times * 2 * np.pi * (440 + mark)) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path
