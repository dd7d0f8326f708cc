"""Tiny media for the web tests: a shot per colour, found by the colour's name."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.encoders.null import COLOURS
from catalog.media.writer import write_video

HOSTILE = "<img src=x onerror=alert(1)>.png"


def film(path: Path, colours: Sequence[str], *, mark: int, timecode: str | None = None) -> Path:
    """A film of 64 by 48, a second of each colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for colour in colours:
        picture = np.full((48, 64, 3), COLOURS[colour], np.uint8)
        pictures += [picture] * 25
    meta = {"comment": f"mark {mark}"}
    write_video(path, pictures, frame_rate=Fraction(25), start_timecode=timecode, metadata=meta)
    return path


def still(path: Path, colour: str, *, mark: int) -> Path:
    """A picture of 32 by 24 whose content no other mark has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (32, 24), COLOURS[colour])
    image.putpixel((0, 0), (mark % 256, mark // 256, 7))
    image.save(path, format="PNG")
    return path


def sound(path: Path) -> Path:
    """Half a second of a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (np.sin(np.arange(4000) * 0.3) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples.tobytes())
    return path
