"""Subjects that stand about. See :mod:`catalog.demo.subjects` for the box they are drawn in."""

from __future__ import annotations

import math

from catalog.demo.canvas import Canvas, turned
from catalog.demo.palette import GLASS, INK, METAL, Paint

_WOOD = (128, 84, 46)


def house(c: Canvas, p: Paint) -> None:
    """A house with a gable, a door and a chimney."""
    c.rect(0.36, -0.92, 0.6, -0.3, (150, 84, 66))
    c.poly([(-0.86, -0.1), (0.86, -0.1), (0.86, 1.0), (-0.86, 1.0)], p.main)
    c.poly([(-1.12, -0.02), (0.0, -1.0), (1.12, -0.02)], p.dark)
    c.poly([(-1.12, -0.02), (0.0, -1.0), (0.1, -0.91), (-0.92, -0.02)], p.bright)
    c.ellipse(0.0, -0.4, 0.15, 0.15, GLASS)
    c.rect(-0.18, 0.36, 0.2, 1.0, _WOOD, radius=0.03)
    c.ellipse(0.12, 0.7, 0.035, 0.035, (240, 210, 120))
    for x in (-0.7, 0.36):
        c.rect(x, 0.24, x + 0.36, 0.62, (250, 248, 240))
        c.rect(x + 0.04, 0.28, x + 0.32, 0.58, GLASS)
        c.rect(x + 0.16, 0.28, x + 0.2, 0.58, (250, 248, 240))
    c.rect(-0.92, 0.92, 0.92, 1.0, p.dark)


def tree(c: Canvas, p: Paint) -> None:
    """A tree with a round crown."""
    c.blob([(-0.16, 0.2), (0.14, 0.2), (0.16, 0.7), (0.34, 1.0), (-0.34, 1.0), (-0.16, 0.7)], _WOOD)
    c.stroke([(0.0, 0.4), (0.3, 0.1), (0.4, -0.1)], 0.09, _WOOD)
    lumps = (
        (-0.52, -0.02, 0.4),
        (0.54, -0.04, 0.4),
        (-0.36, -0.5, 0.42),
        (0.38, -0.52, 0.42),
        (0.0, -0.66, 0.38),
    )
    for x, y, r in lumps:
        c.ellipse(x + 0.03, y + 0.07, r, r, p.dark)
    for x, y, r in (*lumps, (0.0, -0.2, 0.48)):
        c.ellipse(x, y, r * 0.94, r * 0.94, p.main)
    for x, y, r in (
        (-0.46, -0.6, 0.15),
        (0.06, -0.78, 0.14),
        (0.4, -0.3, 0.13),
        (-0.5, -0.1, 0.12),
        (0.0, -0.3, 0.12),
    ):
        c.ellipse(x, y, r, r * 0.8, p.bright)


def umbrella(c: Canvas, p: Paint) -> None:
    """An open umbrella with a hooked handle."""
    c.line([(0.0, -1.0), (0.0, 0.74)], 0.07, METAL)
    c.stroke([(0.0, 0.66), (0.04, 0.92), (0.22, 0.96), (0.34, 0.76)], 0.1, _WOOD)
    dome = [
        (1.14 * math.cos(math.radians(a)), -0.02 - 0.86 * math.sin(math.radians(a)))
        for a in range(0, 181, 6)
    ]
    edge = [
        (x, -0.02 - 0.14 * abs(math.sin((x + 1.14) / 2.28 * 4 * math.pi)))
        for x in [-1.14 + k * 2.28 / 32 for k in range(33)]
    ]
    c.poly([*dome, *edge], p.main)
    for x0, x1, tone in ((-0.57, 0.0, p.dark), (0.0, 0.57, p.bright)):
        rib = [
            (x0 + (0 - x0) * (1 - t), -0.02 - 0.86 * (1 - t) ** 0.5)
            for t in (1, 0.8, 0.6, 0.4, 0.2, 0)
        ]
        other = [
            (x1 + (0 - x1) * (1 - t), -0.02 - 0.86 * (1 - t) ** 0.5)
            for t in (0, 0.2, 0.4, 0.6, 0.8, 1)
        ]
        c.poly([*rib, *other, ((x0 + x1) / 2, -0.15)], tone)


def chair(c: Canvas, p: Paint) -> None:
    """A kitchen chair seen from the side."""
    for x, y in ((0.5, 0.16), (-0.34, 0.2)):
        c.line([(x - 0.06, y), (x, 0.96)], 0.11, p.dark)
    c.line([(-0.56, -0.98), (-0.6, 0.96)], 0.15, p.main)
    c.poly([(-0.62, -1.0), (-0.28, -0.92), (-0.28, -0.1), (-0.58, -0.04)], p.main)
    c.poly([(-0.52, -0.84), (-0.36, -0.8), (-0.36, -0.22), (-0.52, -0.18)], p.bright)
    c.poly([(-0.66, 0.1), (0.56, 0.06), (0.8, 0.2), (-0.5, 0.26)], p.bright)
    c.poly([(-0.66, 0.1), (-0.5, 0.26), (0.8, 0.2), (0.8, 0.36), (-0.54, 0.42)], p.main)
    c.line([(0.68, 0.3), (0.74, 0.96)], 0.13, p.main)
    c.line([(-0.56, 0.66), (0.68, 0.62)], 0.07, p.dark)


def guitar(c: Canvas, p: Paint) -> None:
    """An acoustic guitar, leaning."""
    lean, foot = 24.0, (0.0, 0.2)

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return turned(points, lean, foot)

    c.poly(at((-0.08, -0.3), (0.08, -0.3), (0.07, -1.06), (-0.07, -1.06)), (96, 60, 36))
    c.poly(at((-0.14, -1.0), (0.14, -1.0), (0.17, -1.3), (-0.17, -1.3)), INK)
    body = ((0.0, -0.42), (0.34, -0.32), (0.3, 0.02), (0.52, 0.4), (0.36, 0.86), (0.0, 0.96))
    mirrored = [(-x, y) for x, y in body[-2:0:-1]]
    c.blob(at(*[(x * 1.08, y * 1.05) for x, y in (*body, *mirrored)]), p.dark)
    c.blob(at(*body, *mirrored), p.main)
    (x, y), (bx, by) = at((0.0, 0.06), (0.0, 0.56))
    c.ellipse(x, y, 0.19, 0.19, p.bright)
    c.ellipse(x, y, 0.14, 0.14, INK)
    c.line(at((-0.18, 0.56), (0.18, 0.56)), 0.08, INK)
    for dx in (-0.035, 0.035):
        c.line(at((dx, -1.0), (dx, 0.56)), 0.014, (236, 226, 200))
    c.ellipse(bx, by, 0.02, 0.02, METAL)


def cup(c: Canvas, p: Paint) -> None:
    """A cup of coffee with its handle and steam."""
    for x in (-0.3, 0.1):
        c.stroke(
            [(x, -0.62), (x + 0.1, -0.76), (x - 0.02, -0.88), (x + 0.08, -1.02)],
            0.05,
            (226, 226, 230),
        )
    c.ring(0.66, 0.14, 0.38, 0.16, p.main)
    c.blob(
        [
            (-0.8, -0.42),
            (-0.78, 0.2),
            (-0.5, 0.74),
            (-0.1, 0.84),
            (0.3, 0.74),
            (0.58, 0.2),
            (0.6, -0.42),
        ],
        p.main,
    )
    c.rect(-0.8, -0.5, 0.6, -0.2, p.main)
    c.ellipse(-0.1, -0.46, 0.71, 0.15, p.bright)
    c.ellipse(-0.1, -0.44, 0.6, 0.11, (84, 50, 28))
    c.ellipse(-0.1, 0.9, 0.92, 0.1, p.dark)
    c.stroke([(-0.62, -0.1), (-0.58, 0.2), (-0.44, 0.5)], 0.08, p.bright)


def windmill(c: Canvas, p: Paint) -> None:
    """A windmill with four sails. Not of the world: see :mod:`catalog.demo.newcomer`."""
    c.poly([(-0.34, -0.4), (0.34, -0.4), (0.56, 1.0), (-0.56, 1.0)], p.main)
    c.poly([(0.12, -0.4), (0.34, -0.4), (0.56, 1.0), (0.2, 1.0)], p.dark)
    c.poly([(-0.42, -0.36), (0.0, -0.78), (0.42, -0.36)], p.dark)
    c.rect(-0.15, 0.56, 0.15, 1.0, _WOOD, radius=0.03)
    for y in (-0.06, 0.26):
        c.rect(-0.11, y, 0.11, y + 0.18, GLASS)
    hub = (0.0, -0.38)
    for angle in (32.0, 122.0, 212.0, 302.0):

        def at(*points: tuple[float, float], angle: float = angle) -> list[tuple[float, float]]:
            return turned([(x, y + hub[1]) for x, y in points], angle, hub)

        c.poly(at((0.05, -0.2), (0.26, -0.2), (0.26, -0.98), (0.05, -0.98)), p.bright)
        c.line(at((0.05, 0.0), (0.05, -1.0)), 0.06, INK)
        for y in (-0.2, -0.46, -0.72, -0.98):
            c.line(at((0.05, y), (0.26, y)), 0.03, INK)
    c.ellipse(*hub, 0.1, 0.1, METAL)
