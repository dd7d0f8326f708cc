"""The places where scenes happen, in daylight; :mod:`catalog.demo.light` grades them for the rest.

A backdrop is drawn on a canvas one unit high and as wide as the picture's aspect ratio. The sky is
not part of it. ``glow`` is a second canvas for what shines by itself (lit windows), composited
after grading, at night only.
"""

# ruff: noqa: ARG001, PLR0917  # every place takes the same arguments, though few of them glow

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from catalog.demo.canvas import Canvas, Colour, Point, mix

HORIZON = 0.6
LAMP: Colour = (255, 214, 120)


def beach(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Sea, sand, palms and shells."""
    c.rect(0, HORIZON - 0.02, width, 0.8, (30, 120, 190))
    for k in range(6):
        y = HORIZON + 0.01 + k * 0.024
        tone = mix((30, 120, 190), (120, 210, 220), k / 6)
        c.rect(0, y, width, 0.8, tone)
    for _ in range(16):
        x, y = rng.uniform(0, width), rng.uniform(HORIZON, 0.72)
        c.line([(x, y), (x + rng.uniform(0.03, 0.1), y)], 0.005, (210, 240, 246))
    shore = _ridge(width, 0.745, 0.012, rng, 5)
    _ground(c, [(x, y - 0.012) for x, y in shore], width, (244, 252, 250))
    _ground(c, shore, width, (240, 216, 158))
    _ground(c, _ridge(width, 0.88, 0.02, rng, 4), width, (228, 198, 134))
    for _ in range(12):
        x, y = rng.uniform(0, width), rng.uniform(0.82, 0.98)
        c.ellipse(x, y, 0.012, 0.006, (250, 238, 214))
    for x in (rng.uniform(0.04, 0.2) * width, rng.uniform(0.84, 0.97) * width):
        _palm(c, x, 0.86, rng.uniform(0.42, 0.56), 1 if x < width / 2 else -1)


def mountains(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Two ranges of peaks with snow on them over a green valley."""
    for base, height, rock, count in (
        (0.66, 0.5, (132, 148, 182), 4),
        (0.72, 0.38, (96, 106, 134), 5),
    ):
        for k in range(count):
            x = (k + rng.uniform(0.2, 0.8)) * width / count
            _peak(c, x, base, height * rng.uniform(0.7, 1.0), rock, rng)
    _ground(c, _ridge(width, 0.7, 0.03, rng, 5), width, (92, 142, 84))
    for _ in range(26):
        x = rng.uniform(0, width)
        _fir(c, x, 0.74 + rng.uniform(-0.02, 0.03), rng.uniform(0.06, 0.1), (44, 96, 66))
    _ground(c, _ridge(width, 0.79, 0.02, rng, 4), width, (118, 168, 92))
    for _ in range(9):
        x, y = rng.uniform(0, width), rng.uniform(0.84, 0.98)
        c.ellipse(x, y, 0.03, 0.016, (150, 152, 156))


def forest(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Firs behind firs, and a mossy floor with mushrooms."""
    c.rect(0, 0.36, width, 1, (86, 128, 92))
    for y, size, tone, count in (
        (0.64, 0.5, (86, 134, 98), 13),
        (0.7, 0.6, (56, 106, 70), 10),
        (0.78, 0.74, (34, 80, 50), 7),
    ):
        for k in range(count):
            x = (k + rng.uniform(0.1, 0.9)) * width / count
            _fir(c, x, y, size * rng.uniform(0.75, 1.05), tone)
    _ground(c, _ridge(width, 0.76, 0.025, rng, 6), width, (62, 98, 46))
    _ground(c, _ridge(width, 0.88, 0.02, rng, 5), width, (78, 116, 52))
    for _ in range(8):
        x, y = rng.uniform(0, width), rng.uniform(0.84, 0.97)
        c.rect(x - 0.006, y, x + 0.006, y + 0.03, (240, 230, 210))
        c.pie(x, y + 0.004, 0.024, 0.026, 180, 360, (196, 60, 50))


def city(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Towers with windows behind a street with kerb and lane marks."""
    for tone, low, high, step in (
        ((150, 164, 188), 0.12, 0.34, 0.13),
        ((98, 110, 136), 0.26, 0.5, 0.17),
    ):
        x = -rng.uniform(0, step)
        while x < width:
            wide = step * rng.uniform(0.8, 1.25)
            _tower(
                c,
                glow,
                x,
                rng.uniform(low, high),
                wide,
                mix(tone, (190, 140, 120), rng.uniform(0, 0.3)),
                rng,
            )
            x += wide + 0.008
    c.rect(0, 0.745, width, 0.79, (172, 172, 170))
    c.rect(0, 0.785, width, 1, (82, 84, 90))
    for k in range(8):
        x = k * width / 7 - 0.1
        c.poly(
            [(x, 0.93), (x + 0.12, 0.93), (x + 0.11, 0.948), (x - 0.012, 0.948)], (232, 226, 200)
        )
    for x in (0.12 * width, 0.9 * width):
        c.line([(x, 0.78), (x, 0.46), (x + 0.06, 0.44)], 0.012, (50, 54, 62))
        c.ellipse(x + 0.065, 0.448, 0.022, 0.014, (240, 236, 214))
        glow.ellipse(x + 0.065, 0.45, 0.1, 0.1, (*LAMP, 46))
        glow.ellipse(x + 0.065, 0.448, 0.03, 0.02, LAMP)


def desert(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Red dunes, rock towers and cacti."""
    for _ in range(3):
        x, wide, top = rng.uniform(0, width), rng.uniform(0.16, 0.34), rng.uniform(0.38, 0.5)
        c.poly(
            [
                (x - wide / 2, 0.7),
                (x - wide * 0.34, top),
                (x + wide * 0.36, top),
                (x + wide / 2, 0.7),
            ],
            (196, 112, 74),
        )
        c.poly(
            [
                (x + wide * 0.1, 0.7),
                (x + wide * 0.16, top),
                (x + wide * 0.36, top),
                (x + wide / 2, 0.7),
            ],
            (164, 86, 58),
        )
        c.rect(x - wide * 0.34, top + 0.05, x + wide * 0.36, top + 0.065, (216, 136, 92))
    for y, tone in ((0.64, (232, 170, 98)), (0.72, (222, 150, 78)), (0.82, (236, 176, 100))):
        ridge = _ridge(width, y, 0.045, rng, 3)
        _ground(c, ridge, width, tone)
        _ground(
            c,
            [(x, yy + 0.03 + 0.02 * math.sin(x * 4)) for x, yy in ridge],
            width,
            mix(tone, (190, 110, 50), 0.25),
        )
    for x in (rng.uniform(0.03, 0.2) * width, rng.uniform(0.8, 0.97) * width):
        _cactus(c, x, rng.uniform(0.76, 0.84), rng.uniform(0.22, 0.34))


def snow(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """White hills, snowed-in firs and a snowman."""
    for y, tone in ((0.58, (206, 220, 238)), (0.66, (224, 234, 246))):
        _ground(c, _ridge(width, y, 0.05, rng, 4), width, tone)
    for _ in range(13):
        x, y = rng.uniform(0, width), rng.uniform(0.68, 0.76)
        size = rng.uniform(0.16, 0.28)
        _fir(c, x, y, size, (92, 130, 132))
        _fir(c, x, y - size * 0.1, size * 0.84, (240, 246, 252))
    _ground(c, _ridge(width, 0.76, 0.03, rng, 4), width, (240, 245, 251))
    _ground(c, _ridge(width, 0.9, 0.03, rng, 3), width, (226, 234, 246))
    x = rng.choice([0.08, 0.92]) * width
    for y, r in ((0.82, 0.07), (0.72, 0.052), (0.64, 0.038)):
        c.ellipse(x, y, r + 0.006, r + 0.006, (176, 194, 220))
        c.ellipse(x, y, r, r, (252, 253, 255))
    c.poly([(x, 0.636), (x + 0.05, 0.646), (x, 0.654)], (244, 130, 40))
    c.ellipse(x - 0.014, 0.628, 0.006, 0.006, (30, 30, 36))
    c.ellipse(x + 0.014, 0.628, 0.006, 0.006, (30, 30, 36))


def meadow(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """Rolling green hills, a fence and many flowers."""
    for y, tone in ((0.56, (150, 202, 112)), (0.64, (124, 188, 84)), (0.72, (104, 176, 66))):
        _ground(c, _ridge(width, y, 0.05, rng, 3), width, tone)
    for _ in range(5):
        x, y, r = rng.uniform(0, width), rng.uniform(0.58, 0.68), rng.uniform(0.03, 0.05)
        c.ellipse(x, y - r, r, r, (70, 140, 62))
        c.rect(x - 0.006, y - r, x + 0.006, y + r * 0.6, (110, 80, 50))
    for k in range(12):
        x = (k + 0.3) * width / 12
        c.rect(x, 0.68, x + 0.02, 0.79, (240, 234, 222))
    for y in (0.705, 0.745):
        c.rect(0, y, width, y + 0.012, (240, 234, 222))
    _ground(c, _ridge(width, 0.79, 0.015, rng, 5), width, (88, 162, 56))
    petals: tuple[Colour, ...] = (
        (250, 240, 110),
        (248, 120, 150),
        (252, 252, 252),
        (176, 120, 220),
    )
    for k in range(60):
        x, y = rng.uniform(0, width), rng.uniform(0.82, 0.99)
        c.line([(x, y), (x, y + 0.02)], 0.005, (50, 120, 44))
        c.ellipse(x, y, 0.011, 0.011, petals[k % 4])
        c.ellipse(x, y, 0.004, 0.004, (236, 170, 40))


def castle(c: Canvas, glow: Canvas, width: float, rng: np.random.Generator) -> None:
    """A castle of grey stone with flags on its towers."""
    stone, shade, roof = (186, 180, 172), (150, 144, 140), (84, 96, 140)
    _ground(c, _ridge(width, 0.62, 0.04, rng, 4), width, (112, 156, 92))
    middle = width * rng.uniform(0.44, 0.56)
    half = width * 0.4
    c.rect(middle - half, 0.42, middle + half, 0.8, stone)
    merlons = 19
    for k in range(merlons):
        x = middle - half + k * 2 * half / merlons
        c.rect(x, 0.385, x + half / merlons, 0.43, stone)
    for k in range(70):
        x, y = rng.uniform(middle - half, middle + half - 0.04), 0.44 + 0.028 * (k % 12)
        c.rect(x, y, x + 0.036, y + 0.012, (170, 164, 158))
    for share, top, wide in (
        (-1.0, 0.2, 0.13),
        (-0.45, 0.12, 0.12),
        (0.45, 0.12, 0.12),
        (1.0, 0.2, 0.13),
    ):
        x = middle + share * half
        c.rect(x - wide / 2, top, x + wide / 2, 0.8, stone)
        c.rect(x + wide * 0.2, top, x + wide / 2, 0.8, shade)
        c.poly(
            [(x - wide * 0.68, top + 0.01), (x, top - 0.17), (x + wide * 0.68, top + 0.01)], roof
        )
        c.poly([(x, top - 0.2), (x, top - 0.15), (x + 0.07, top - 0.175)], (210, 60, 60))
        for y in (top + 0.08, top + 0.24):
            for surface, tone in ((c, (70, 66, 74)), (glow, LAMP)):
                surface.rect(x - 0.014, y, x + 0.014, y + 0.055, tone, radius=0.012)
    _ground(c, _ridge(width, 0.78, 0.012, rng, 4), width, (102, 150, 78))
    c.poly(
        [(middle - 0.12, 0.78), (middle + 0.12, 0.78), (middle + 0.5, 1), (middle - 0.5, 1)],
        (206, 188, 150),
    )


BACKDROPS: dict[str, Callable[[Canvas, Canvas, float, np.random.Generator], None]] = {
    "beach": beach,
    "mountains": mountains,
    "forest": forest,
    "city": city,
    "desert": desert,
    "snow": snow,
    "meadow": meadow,
    "castle": castle,
}


def _ridge(
    width: float, y: float, swing: float, rng: np.random.Generator, waves: int
) -> list[Point]:
    """A rolling line from the left to the right edge."""
    xs = np.linspace(-0.02, width + 0.02, 40)
    phases = rng.uniform(0, 2 * math.pi, 2)
    swell = np.sin(xs / width * waves * 2.1 + phases[0]) + 0.5 * np.sin(
        xs / width * waves * 4.7 + phases[1]
    )
    return [(float(x), float(v)) for x, v in zip(xs, y + swing * swell / 1.5, strict=True)]


def _ground(c: Canvas, ridge: list[Point], width: float, fill: Colour) -> None:
    c.poly([*ridge, (width + 0.02, 1.02), (-0.02, 1.02)], fill)


def _peak(
    c: Canvas, x: float, base: float, height: float, rock: Colour, rng: np.random.Generator
) -> None:
    half, top = height * rng.uniform(0.6, 0.8), base - height
    c.poly([(x - half, base), (x, top), (x + half, base)], rock)
    c.poly([(x, top), (x + half, base), (x + half * 0.1, base)], mix(rock, (30, 36, 66), 0.25))
    cap = [(x - half * 0.34, top + height * 0.34), (x, top), (x + half * 0.34, top + height * 0.34)]
    teeth = [
        (x + half * 0.16, top + height * 0.27),
        (x, top + height * 0.37),
        (x - half * 0.16, top + height * 0.28),
    ]
    c.poly([*cap, *teeth], (246, 249, 253))


def _fir(c: Canvas, x: float, foot: float, height: float, tone: Colour) -> None:
    c.rect(
        x - height * 0.03,
        foot - height * 0.14,
        x + height * 0.03,
        foot,
        mix(tone, (70, 44, 26), 0.6),
    )
    for k, (low, wide) in enumerate(((0.1, 0.25), (0.34, 0.2), (0.58, 0.14))):
        top = foot - height * (low + 0.42)
        bottom = foot - height * low
        fill = mix(tone, (255, 255, 255), 0.05 * k)
        c.poly([(x - height * wide, bottom), (x, top), (x + height * wide, bottom)], fill)


def _palm(c: Canvas, x: float, foot: float, height: float, lean: int) -> None:
    crown = (x + lean * 0.1, foot - height)
    c.stroke([(x, foot), (x + lean * 0.02, foot - height * 0.5), crown], 0.026, (138, 98, 60))
    for k in range(7):
        angle = math.pi * (0.05 + k * 0.15)
        dx, dy = 0.17 * math.cos(angle), -0.1 * math.sin(angle)
        tip = (crown[0] + dx, crown[1] + dy + 0.07)
        arch = (crown[0] + dx * 0.55, crown[1] + dy * 1.1 - 0.01)
        c.stroke([crown, arch, tip], 0.022, (46, 140, 72) if k % 2 else (62, 160, 80))


def _cactus(c: Canvas, x: float, foot: float, height: float) -> None:
    tone, wide = (66, 134, 82), height * 0.17
    c.line([(x, foot), (x, foot - height)], wide, tone)
    for side, low in ((-1, 0.42), (1, 0.56)):
        elbow = (x + side * height * 0.26, foot - height * low)
        c.line(
            [(x, foot - height * low), elbow, (elbow[0], elbow[1] - height * 0.26)],
            wide * 0.75,
            tone,
        )
    c.line(
        [(x - wide * 0.15, foot - 0.01), (x - wide * 0.15, foot - height)],
        wide * 0.18,
        (98, 164, 108),
    )


def _tower(
    c: Canvas,
    glow: Canvas,
    x: float,
    top: float,
    wide: float,
    tone: Colour,
    rng: np.random.Generator,
) -> None:
    c.rect(x, top, x + wide, 0.76, tone)
    c.rect(x + wide * 0.82, top, x + wide, 0.76, mix(tone, (20, 24, 50), 0.22))
    columns = 3
    pane = wide * 0.8 / columns
    lit = rng.random((24, columns)) < 0.6
    for row in range(int((0.72 - top) / 0.055)):
        y = top + 0.03 + row * 0.055
        for column in range(columns):
            left = x + wide * 0.05 + column * pane
            box = (left, y, left + pane * 0.62, y + 0.03)
            c.rect(*box, mix(tone, (214, 234, 246), 0.7))
            if lit[row, column]:
                glow.rect(*box, LAMP)
