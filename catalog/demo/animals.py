"""Subjects that live. See :mod:`catalog.demo.subjects` for the box they are drawn in."""

from __future__ import annotations

from catalog.demo.canvas import Canvas, turned
from catalog.demo.palette import INK, Paint

_BEAK = (250, 176, 40)


def cat(c: Canvas, p: Paint) -> None:
    """A cat sitting up, its tail behind it."""
    c.stroke([(-0.42, 0.88), (-0.94, 0.84), (-1.02, 0.4), (-0.78, 0.14)], 0.17, p.main)
    c.blob(
        [(-0.5, 0.96), (-0.52, 0.4), (-0.2, -0.1), (0.24, -0.12), (0.44, 0.4), (0.42, 0.98)], p.main
    )
    c.rect(-0.02, 0.3, 0.16, 1.0, p.bright, radius=0.08)
    c.rect(0.24, 0.3, 0.42, 1.0, p.main, radius=0.08)
    c.ellipse(-0.28, 0.82, 0.28, 0.18, p.dark)
    for x in (-0.16, 0.46):
        lean = 0.1 if x > 0 else -0.1
        c.poly([(x - 0.2, -0.56), (x + lean, -1.04), (x + 0.24, -0.56)], p.main)
        c.poly([(x - 0.08, -0.62), (x + lean * 0.8, -0.9), (x + 0.12, -0.62)], (240, 160, 160))
    c.ellipse(0.16, -0.4, 0.5, 0.41, p.main)
    for x in (0.04, 0.42):
        c.ellipse(x, -0.46, 0.09, 0.11, (236, 240, 160))
        c.ellipse(x + 0.02, -0.46, 0.035, 0.1, INK)
    c.poly([(0.18, -0.28), (0.32, -0.28), (0.25, -0.2)], (240, 140, 150))
    for dy in (-0.03, 0.06):
        c.line([(0.34, -0.22 + dy), (0.72, -0.26 + 2 * dy)], 0.018, p.dark)
        c.line([(0.14, -0.22 + dy), (-0.24, -0.26 + 2 * dy)], 0.018, p.dark)


def elephant(c: Canvas, p: Paint) -> None:
    """An elephant with its trunk lifted."""
    for x in (-0.52, 0.36):
        c.rect(x - 0.02, 0.3, x + 0.24, 0.98, p.dark, radius=0.07)
    c.stroke([(-0.86, -0.14), (-1.06, 0.1), (-1.04, 0.42)], 0.06, p.dark)
    c.ellipse(-0.2, 0.04, 0.74, 0.54, p.main)
    for x in (-0.78, 0.08):
        c.rect(x, 0.24, x + 0.27, 1.0, p.main, radius=0.08)
        c.rect(x, 0.9, x + 0.27, 1.0, p.bright, radius=0.05)
    c.stroke([(0.78, -0.1), (0.98, 0.36), (1.14, 0.3), (1.16, 0.06)], 0.17, p.main)
    c.ellipse(0.6, -0.26, 0.42, 0.4, p.main)
    c.blob(
        [(0.5, -0.66), (0.16, -0.78), (-0.1, -0.4), (0.08, 0.08), (0.42, 0.02), (0.52, -0.3)],
        p.dark,
    )
    c.blob([(0.46, -0.56), (0.18, -0.64), (0.0, -0.36), (0.12, -0.04), (0.36, -0.06)], p.bright)
    c.poly([(0.74, 0.04), (0.9, 0.1), (1.0, 0.0), (0.98, 0.2), (0.76, 0.16)], (250, 248, 236))
    c.ellipse(0.76, -0.36, 0.06, 0.07, (250, 250, 250))
    c.ellipse(0.78, -0.35, 0.035, 0.045, INK)


def fish(c: Canvas, p: Paint) -> None:
    """A plump fish, as in an aquarium."""
    c.blob([(-0.5, 0.0), (-1.16, -0.58), (-0.98, 0.0), (-1.16, 0.58)], p.dark)
    c.blob([(-0.3, -0.4), (0.0, -0.84), (0.42, -0.66), (0.4, -0.36)], p.dark)
    c.blob([(-0.16, 0.4), (-0.04, 0.74), (0.26, 0.62), (0.24, 0.4)], p.dark)
    c.blob(
        [
            (1.1, 0.04),
            (0.66, -0.42),
            (0.1, -0.52),
            (-0.5, -0.2),
            (-0.66, 0.0),
            (-0.5, 0.2),
            (0.1, 0.52),
            (0.7, 0.42),
        ],
        p.main,
    )
    for x in (-0.3, 0.04, 0.36):
        c.stroke([(x, -0.36), (x + 0.12, 0.0), (x, 0.36)], 0.07, p.bright)
    c.blob([(0.36, 0.04), (0.0, 0.1), (-0.08, 0.32), (0.26, 0.26)], p.dark)
    c.ellipse(0.76, -0.12, 0.14, 0.14, (250, 250, 250))
    c.ellipse(0.8, -0.11, 0.075, 0.075, INK)
    c.stroke([(1.06, 0.12), (0.96, 0.17), (0.88, 0.15)], 0.035, p.dark)


def duck(c: Canvas, p: Paint) -> None:
    """A duck."""
    for x in (-0.2, 0.2):
        c.line([(x, 0.7), (x, 0.96), (x + 0.16, 0.97)], 0.07, _BEAK)
    c.blob(
        [
            (-1.1, 0.0),
            (-0.66, 0.14),
            (0.0, 0.04),
            (0.48, 0.0),
            (0.66, 0.42),
            (0.2, 0.8),
            (-0.5, 0.78),
            (-0.94, 0.42),
        ],
        p.main,
    )
    c.blob([(0.1, 0.3), (0.22, -0.3), (0.62, -0.3), (0.66, 0.36)], p.main)
    c.blob([(0.92, -0.58), (1.24, -0.46), (1.2, -0.36), (0.86, -0.34)], _BEAK)
    c.ellipse(0.56, -0.54, 0.42, 0.4, p.main)
    c.rect(0.16, -0.16, 0.72, -0.04, p.bright, radius=0.05)
    c.blob([(-0.7, 0.26), (-0.3, 0.12), (0.22, 0.2), (0.16, 0.5), (-0.3, 0.58)], p.dark)
    c.stroke([(-0.52, 0.34), (-0.2, 0.4), (0.08, 0.34)], 0.05, p.bright)
    c.ellipse(0.68, -0.62, 0.085, 0.085, (250, 250, 250))
    c.ellipse(0.7, -0.61, 0.05, 0.05, INK)


def butterfly(c: Canvas, p: Paint) -> None:
    """A butterfly seen with open wings."""
    for side in (-1, 1):
        upper = [
            (0.04, -0.1),
            (0.3, -0.72),
            (0.86, -0.96),
            (1.12, -0.62),
            (0.92, -0.14),
            (0.4, 0.06),
        ]
        lower = [(0.04, 0.06), (0.56, 0.06), (0.9, 0.32), (0.78, 0.76), (0.4, 0.86), (0.14, 0.46)]
        for wing in (lower, upper):
            c.blob([(side * x, y) for x, y in wing], p.dark)
            inner = [(side * (0.5 + (x - 0.5) * 0.8), (y + 0.0) * 0.84 - 0.03) for x, y in wing]
            c.blob(inner, p.main)
        c.ellipse(side * 0.74, -0.54, 0.15, 0.15, p.bright)
        c.ellipse(side * 0.56, 0.44, 0.12, 0.12, p.bright)
        c.stroke([(side * 0.03, -0.5), (side * 0.12, -0.84), (side * 0.3, -1.0)], 0.035, INK)
    c.rect(-0.08, -0.56, 0.08, 0.66, INK, radius=0.08)
    c.ellipse(0, -0.56, 0.11, 0.11, INK)


def snail(c: Canvas, p: Paint) -> None:
    """A snail; the shell has the colour."""
    skin, shade = (222, 190, 144), (190, 152, 106)
    c.stroke([(0.74, 0.2), (0.8, -0.16), (0.86, -0.34)], 0.06, skin)
    c.stroke([(0.92, 0.22), (1.04, -0.1), (1.1, -0.26)], 0.06, skin)
    c.ellipse(0.86, -0.36, 0.075, 0.075, INK)
    c.ellipse(1.11, -0.28, 0.075, 0.075, INK)
    c.blob(
        [
            (-1.2, 0.98),
            (-0.7, 0.7),
            (0.4, 0.62),
            (0.6, 0.2),
            (0.94, 0.1),
            (1.14, 0.36),
            (1.0, 0.9),
            (0.4, 1.0),
        ],
        skin,
    )
    c.line([(-1.0, 0.96), (0.8, 0.96)], 0.06, shade)
    c.ellipse(-0.16, 0.1, 0.76, 0.72, p.main)
    c.ellipse(-0.12, 0.14, 0.58, 0.55, p.dark)
    c.ellipse(-0.16, 0.1, 0.47, 0.45, p.main)
    c.ellipse(-0.1, 0.16, 0.32, 0.3, p.dark)
    c.ellipse(-0.14, 0.12, 0.21, 0.2, p.bright)
    c.line(turned([(0.98, 0.56), (1.1, 0.56)], -12, (1.0, 0.56)), 0.035, shade)
