"""Pictures and files for the media tests, made on the spot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

REAL_MEDIA = Path(__file__).resolve().parents[2].parent / "shared" / "media"
SIZE = (144, 256)


def scene(seed: int, height: int = SIZE[0], width: int = SIZE[1]) -> np.ndarray:
    """A still picture with structure at several scales, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = rng.integers(40, 216, 3)
    for _ in range(24):
        y, x = rng.integers(0, height), rng.integers(0, width)
        h, w = rng.integers(8, height // 2), rng.integers(8, width // 2)
        picture[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return picture


def take(seed: int, length: int, drift: int = 1) -> list[np.ndarray]:
    """Pictures of one scene under a slow pan."""
    picture = scene(seed)
    return [np.roll(picture, drift * at, axis=1) for at in range(length)]


def black(length: int) -> list[np.ndarray]:
    return [np.zeros((*SIZE, 3), np.uint8)] * length


def corners(height: int, width: int) -> np.ndarray:
    """Red top left, green top right, blue bottom left, white bottom right."""
    picture = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    picture[:h, :w] = (220, 30, 30)
    picture[:h, w:] = (30, 200, 30)
    picture[h:, :w] = (30, 30, 220)
    picture[h:, w:] = (235, 235, 235)
    return picture


def corner_names(picture: np.ndarray) -> tuple[str, str, str, str]:
    """Which colour is in each corner: top left, top right, bottom left, bottom right."""
    height, width = picture.shape[:2]
    named = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220)}
    named["white"] = (235, 235, 235)

    def name(y: int, x: int) -> str:
        seen = picture[y, x].astype(int)
        return min(named, key=lambda colour: np.abs(seen - named[colour]).sum())

    top, bottom, left, right = height // 6, height - height // 6, width // 6, width - width // 6
    return name(top, left), name(top, right), name(bottom, left), name(bottom, right)


UPRIGHT = ("red", "green", "blue", "white")
PAL = Fraction(25)
NTSC = Fraction(30000, 1001)
