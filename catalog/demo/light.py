"""Light and weather: skies, grading, and what falls or drifts in front of the subject."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from catalog.demo.backdrops import HORIZON
from catalog.demo.canvas import Canvas, mix
from catalog.demo.palette import GRADES, Grade

Pixels = npt.NDArray[np.uint8]
"""A picture of height x width x 3, 8 bits, RGB."""


def sky(light: str, width: float, unit: float, rng: np.random.Generator) -> Image.Image:
    """The whole sky, from the top edge of the picture to the bottom, RGB."""
    grade = GRADES[light]
    rows = max(1, round(unit))
    share = np.clip(np.linspace(0, 1 / HORIZON, rows), 0, 1)[:, None]
    column = np.asarray(grade.sky[0]) * (1 - share) + np.asarray(grade.sky[1]) * share
    columns = max(1, round(width * unit))
    picture = Image.fromarray(
        np.repeat(column[:, None, :], columns, axis=1).astype(np.uint8), "RGB"
    )
    canvas = Canvas(width, 1.0, unit=unit)
    _HEAVENS[light](canvas, width, rng)
    picture.paste(canvas.image, (0, 0), canvas.image)
    return picture


def _day(c: Canvas, width: float, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.2)
    c.ellipse(x, y, 0.085, 0.085, (255, 238, 150))
    c.ellipse(x, y, 0.066, 0.066, (255, 248, 196))
    for _ in range(4):
        _cloud(
            c,
            rng.uniform(0, width),
            rng.uniform(0.06, 0.34),
            rng.uniform(0.05, 0.09),
            (255, 255, 255),
        )


def _sunset(c: Canvas, width: float, rng: np.random.Generator) -> None:
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.34, 0.44)
    for radius, tone in ((0.2, (255, 176, 92)), (0.16, (255, 196, 104)), (0.12, (255, 226, 140))):
        c.ellipse(x, y, radius, radius, tone)
    for _ in range(6):
        x, y = rng.uniform(0, width), rng.uniform(0.06, 0.4)
        tone = (226, 96, 112) if y < 0.22 else (255, 140, 96)
        c.line([(x, y), (x + rng.uniform(0.15, 0.4), y)], rng.uniform(0.012, 0.024), tone)


def _night(c: Canvas, width: float, rng: np.random.Generator) -> None:
    for _ in range(90):
        x, y, r = rng.uniform(0, width), rng.uniform(0, 0.6), rng.uniform(0.0015, 0.005)
        c.ellipse(x, y, r, r, (236, 240, 255))
    x, y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.12, 0.2)
    c.ellipse(x, y, 0.072, 0.072, (246, 242, 214))
    behind = mix(*GRADES["night"].sky, y / HORIZON)
    c.ellipse(x + 0.034, y - 0.016, 0.062, 0.062, behind)


def _rain(c: Canvas, width: float, rng: np.random.Generator) -> None:
    for _ in range(9):
        tone = int(rng.uniform(84, 120))
        _cloud(
            c,
            rng.uniform(0, width),
            rng.uniform(0.0, 0.16),
            rng.uniform(0.1, 0.16),
            (tone, tone + 8, tone + 18),
        )


def _fog(c: Canvas, width: float, rng: np.random.Generator) -> None:
    c.ellipse(rng.uniform(0.2, 0.8) * width, 0.2, 0.07, 0.07, (236, 237, 238))


_HEAVENS = {"day": _day, "sunset": _sunset, "night": _night, "rain": _rain, "fog": _fog}


def _cloud(c: Canvas, x: float, y: float, size: float, tone: tuple[int, ...]) -> None:
    for dx, dy, r in ((-1.1, 0.15, 0.6), (-0.4, -0.2, 0.85), (0.5, -0.1, 0.75), (1.2, 0.2, 0.5)):
        c.ellipse(x + dx * size, y + dy * size, r * size, r * size * 0.8, tone)
    c.rect(
        x - 1.5 * size, y + 0.1 * size, x + 1.5 * size, y + 0.66 * size, tone, radius=0.28 * size
    )


def graded(land: Image.Image, light: str) -> Image.Image:
    """The daylight land (RGBA) under another light; the air hides the far more than the near."""
    grade: Grade = GRADES[light]
    pixels = np.asarray(land, dtype=np.float32).copy()
    colour = pixels[..., :3]
    if grade.grey:
        colour += grade.grey * (colour.mean(axis=2, keepdims=True) - colour)
    colour *= np.asarray(grade.land, dtype=np.float32)
    rows = np.linspace(0, 1, pixels.shape[0], dtype=np.float32)
    near = np.clip((rows - HORIZON) / (1 - HORIZON), 0, 1)
    share = (grade.veil_share * (1.0 - 0.55 * near))[:, None, None]
    colour += share * (np.asarray(grade.veil, dtype=np.float32) - colour)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


class Weather:
    """What moves in the air in front of the subject: streaks of rain or banks of fog."""

    def __init__(self, light: str, width: float, unit: float, rng: np.random.Generator) -> None:
        """``unit`` is the height of the picture in pixels."""
        self._light = light
        self._layer: Image.Image | None = None
        self._unit = unit
        if light == "rain":
            self._layer = _rain_layer(width, unit, rng)
        elif light == "fog":
            self._layer = _fog_layer(width, unit, rng)

    def over(self, picture: Image.Image, seconds: float) -> None:
        """Lay the weather of this moment over an RGB picture, in place."""
        if self._layer is None:
            return
        width, height = picture.size
        if self._light == "rain":
            fallen = int(seconds * 1.9 * self._unit) % height
            window = self._layer.crop((0, height - fallen, width, 2 * height - fallen))
        else:
            drifted = int(abs(math.sin(seconds * 0.25)) * (self._layer.width - width))
            window = self._layer.crop((drifted, 0, drifted + width, height))
        picture.paste(window, (0, 0), window)


def _rain_layer(width: float, unit: float, rng: np.random.Generator) -> Image.Image:
    """Streaks, twice as high as the picture and repeating after one height: they fall for ever."""
    canvas = Canvas(width, 2.0, unit=unit)
    for _ in range(130):
        x, y = rng.uniform(-0.05, width), rng.uniform(0, 1)
        length, tone = rng.uniform(0.05, 0.11), (214, 226, 240, int(rng.uniform(110, 190)))
        for top in (y, y + 1, y - 1):
            canvas.line([(x, top), (x - length * 0.22, top + length)], 0.005, tone)
    return canvas.image


def _fog_layer(width: float, unit: float, rng: np.random.Generator) -> Image.Image:
    """Soft banks, wider than the picture, so they can drift."""
    small = Canvas(width * 1.3, 1.0, unit=max(24.0, unit / 6))
    for _ in range(9):
        x, y = rng.uniform(0, width * 1.3), rng.uniform(0.45, 0.95)
        small.ellipse(x, y, rng.uniform(0.25, 0.5), rng.uniform(0.03, 0.07), (226, 229, 232, 120))
    soft = small.image.filter(ImageFilter.GaussianBlur(small.unit * 0.03))
    return soft.resize((round(width * 1.3 * unit), round(unit)), Image.Resampling.BILINEAR)
