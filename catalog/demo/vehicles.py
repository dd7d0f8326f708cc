"""Subjects that carry people. See :mod:`catalog.demo.subjects` for the box they are drawn in."""

from __future__ import annotations

import math

from catalog.demo.canvas import Canvas
from catalog.demo.palette import CREAM, GLASS, INK, METAL, Paint


def car(c: Canvas, p: Paint) -> None:
    """A small saloon car."""
    c.blob(
        [(-0.72, 0.34), (-0.5, -0.26), (-0.1, -0.36), (0.3, -0.3), (0.62, 0.2), (0.5, 0.4)], p.main
    )
    c.poly([(-0.56, 0.2), (-0.42, -0.16), (-0.08, -0.22), (-0.08, 0.2)], GLASS)
    c.poly([(0.02, 0.2), (0.02, -0.22), (0.26, -0.17), (0.5, 0.2)], GLASS)
    c.rect(-1.12, 0.2, 1.14, 0.74, p.main, radius=0.2)
    c.rect(-1.12, 0.56, 1.14, 0.76, p.dark, radius=0.09)
    c.rect(0.98, 0.32, 1.16, 0.46, (255, 246, 190), radius=0.05)
    c.rect(-1.14, 0.32, -1.0, 0.46, (190, 30, 30), radius=0.05)
    c.rect(-0.02, 0.3, 0.14, 0.35, p.dark)
    for x in (-0.64, 0.66):
        _tyre(c, x, 0.74, 0.27)


def bus(c: Canvas, p: Paint) -> None:
    """A town bus, higher and longer than the car."""
    c.rect(-1.2, -0.72, 1.2, 0.76, p.main, radius=0.14)
    c.rect(-1.2, 0.52, 1.2, 0.76, p.dark, radius=0.08)
    for x in (-1.06, -0.62, -0.18, 0.26):
        c.rect(x, -0.52, x + 0.36, 0.02, GLASS, radius=0.05)
    c.rect(0.74, -0.52, 1.14, 0.16, GLASS, radius=0.06)
    c.rect(-1.2, 0.14, 0.7, 0.22, p.bright)
    c.rect(1.06, 0.32, 1.22, 0.44, (255, 246, 190), radius=0.04)
    for x in (-0.72, 0.72):
        _tyre(c, x, 0.76, 0.24)


def train(c: Canvas, p: Paint) -> None:
    """A steam locomotive with its funnel and cab."""
    c.rect(0.5, -0.92, 0.74, -0.2, INK)
    c.poly([(0.4, -1.0), (0.84, -1.0), (0.76, -0.8), (0.48, -0.8)], INK)
    c.rect(-0.4, -0.3, 1.04, 0.42, p.main, radius=0.2)
    for x in (-0.1, 0.3):
        c.rect(x, -0.3, x + 0.07, 0.42, p.bright)
    c.ellipse(0.12, -0.34, 0.14, 0.12, p.dark)
    c.rect(-1.1, -0.74, -0.34, 0.5, p.main, radius=0.04)
    c.rect(-1.2, -0.86, -0.26, -0.7, p.dark, radius=0.06)
    c.rect(-0.94, -0.54, -0.5, -0.1, GLASS, radius=0.05)
    c.ellipse(1.04, 0.06, 0.1, 0.34, INK)
    c.rect(-1.14, 0.42, 1.1, 0.58, p.dark)
    c.poly([(1.06, 0.5), (1.24, 0.92), (0.96, 0.92)], METAL)
    for x, r in ((-0.74, 0.28), (-0.1, 0.28), (0.42, 0.2), (0.84, 0.2)):
        _tyre(c, x, 0.96 - r, r)
    c.line([(-0.74, 0.7), (0.42, 0.74)], 0.07, METAL)


def bicycle(c: Canvas, p: Paint) -> None:
    """A bicycle; the frame is thick, since its colour is all there is of it."""
    hub_back, hub_front, crank = (-0.66, 0.46), (0.68, 0.46), (-0.06, 0.48)
    for x, y in (hub_back, hub_front):
        for k in range(4):
            dx, dy = 0.46 * math.cos(k * math.pi / 4), 0.46 * math.sin(k * math.pi / 4)
            c.line([(x - dx, y - dy), (x + dx, y + dy)], 0.02, METAL)
        c.ring(x, y, 0.54, 0.1, INK)
        c.ring(x, y, 0.45, 0.06, p.main)
    seat, head = (-0.26, -0.28), (0.46, -0.3)
    frame = [hub_back, crank, head, seat, crank]
    c.line([hub_back, seat], 0.12, p.main)
    c.line(frame, 0.16, p.main)
    c.line([(0.4, -0.52), hub_front], 0.14, p.main)
    c.line([(-0.32, -0.5), seat], 0.09, METAL)
    c.rect(-0.58, -0.62, -0.1, -0.48, INK, radius=0.07)
    c.stroke([(0.4, -0.52), (0.5, -0.68), (0.72, -0.66), (0.74, -0.5)], 0.1, INK)
    c.ellipse(*crank, 0.13, 0.13, METAL)


def aeroplane(c: Canvas, p: Paint) -> None:
    """An airliner in the air, its nose to the right."""
    c.poly([(-0.1, -0.06), (-0.34, -0.62), (-0.14, -0.62), (0.36, -0.06)], p.dark)
    c.poly([(-1.16, -0.62), (-0.9, -0.62), (-0.52, -0.04), (-1.0, 0.04)], p.main)
    c.blob(
        [
            (-1.18, -0.06),
            (-0.6, -0.2),
            (0.6, -0.2),
            (1.08, -0.04),
            (1.18, 0.1),
            (1.0, 0.2),
            (0.3, 0.26),
            (-0.7, 0.18),
        ],
        p.main,
    )
    c.poly([(0.86, -0.1), (1.1, -0.02), (1.08, 0.04), (0.84, 0.02)], GLASS)
    for k in range(7):
        c.ellipse(-0.56 + k * 0.2, -0.01, 0.055, 0.065, GLASS)
    c.poly([(0.34, 0.1), (-0.06, 0.1), (-0.64, 0.74), (-0.4, 0.76)], p.bright)
    c.rect(-0.22, 0.36, 0.12, 0.52, METAL, radius=0.08)
    c.poly([(-0.8, 0.02), (-1.2, 0.26), (-1.04, 0.27), (-0.56, 0.08)], p.bright)


def rocket(c: Canvas, p: Paint) -> None:
    """A rocket standing upright on its fins."""
    c.poly([(-0.2, 0.34), (-0.62, 0.98), (-0.14, 0.8)], p.dark)
    c.poly([(0.2, 0.34), (0.62, 0.98), (0.14, 0.8)], p.dark)
    c.blob(
        [(0, -1.04), (0.3, -0.5), (0.34, 0.2), (0.2, 0.8), (-0.2, 0.8), (-0.34, 0.2), (-0.3, -0.5)],
        p.main,
    )
    c.poly([(0, -1.03), (0.16, -0.76), (0.25, -0.6), (-0.25, -0.6), (-0.16, -0.76)], p.bright)
    c.ellipse(0.02, -0.24, 0.2, 0.2, METAL)
    c.ellipse(0.02, -0.24, 0.14, 0.14, GLASS)
    c.rect(-0.33, 0.26, 0.33, 0.36, p.bright)
    c.poly([(-0.07, 0.5), (0.07, 0.5), (0.07, 1.0), (-0.07, 1.0)], p.dark)


def boat(c: Canvas, p: Paint) -> None:
    """A sailing boat; hull and mainsail in its colour."""
    c.line([(-0.08, 0.5), (-0.08, -1.0)], 0.06, (110, 76, 44))
    c.poly([(-0.0, -0.96), (0.0, 0.38), (0.88, 0.38)], p.main)
    c.poly([(-0.16, -0.8), (-0.16, 0.38), (-0.78, 0.38)], CREAM)
    c.poly([(-0.06, -1.0), (-0.06, -0.84), (-0.34, -0.92)], p.dark)
    c.poly([(-1.08, 0.5), (1.2, 0.46), (0.86, 0.9), (-0.76, 0.92)], p.main)
    c.poly([(-0.94, 0.72), (1.0, 0.7), (0.86, 0.9), (-0.76, 0.92)], p.dark)
    c.line([(-1.06, 0.52), (1.16, 0.48)], 0.05, p.bright)


def balloon(c: Canvas, p: Paint) -> None:
    """A hot-air balloon with its basket."""
    for x in (-0.2, 0.2):
        c.line([(x * 1.9, 0.34), (x, 0.72)], 0.025, (90, 70, 50))
    half = [(0.56, -0.86), (0.78, -0.4), (0.6, 0.06), (0.24, 0.44)]
    c.blob([(0, -1.04), *half, *((-x, y) for x, y in reversed(half))], p.main)
    stripe = [(0.06, -1.02), (0.46, -0.6), (0.44, -0.2), (0.14, 0.42), (0.16, -0.2), (0.18, -0.6)]
    for side in (-1, 1):
        c.blob(
            [(side * x, y) for x, y in stripe],
            p.bright if side < 0 else p.dark,
        )
    c.rect(-0.24, 0.68, 0.24, 1.0, (150, 104, 58), radius=0.06)
    c.rect(-0.27, 0.66, 0.27, 0.74, (112, 74, 40), radius=0.03)


def _tyre(c: Canvas, x: float, y: float, radius: float) -> None:
    c.ellipse(x, y, radius, radius, INK)
    c.ellipse(x, y, radius * 0.52, radius * 0.52, METAL)
    c.ellipse(x, y, radius * 0.2, radius * 0.2, INK)
