"""A small drawing surface in scene units, antialiased by drawing larger than needed.

Coordinates are floats; one unit is a fixed number of pixels, whatever the size of the picture, so
the same drawing code serves a 96-pixel training picture and a 1080-line frame. y grows downwards.
"""

# ruff: noqa: PLR0917  # coordinates are positional, as in every drawing library

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, ...]
Point = tuple[float, float]


class Canvas:
    """A transparent RGBA picture, measured in units; its upper left corner is at ``origin``."""

    def __init__(
        self, width: float, height: float, *, unit: float, origin: Point = (0.0, 0.0)
    ) -> None:
        """``unit`` is in pixels; oversampling is the caller's choice of a larger one."""
        self.unit = unit
        self.origin = origin
        size = (max(1, round(width * unit)), max(1, round(height * unit)))
        self.image = Image.new("RGBA", size, (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def _at(self, point: Point) -> Point:
        return ((point[0] - self.origin[0]) * self.unit, (point[1] - self.origin[1]) * self.unit)

    def poly(self, points: Iterable[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self._at(point) for point in points], fill=fill)

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled closed curve through the points."""
        self.poly(closed_curve(points), fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """A filled ellipse around (x, y)."""
        self._draw.ellipse([*self._at((x - rx, y - ry)), *self._at((x + rx, y + ry))], fill=fill)

    def ring(self, x: float, y: float, radius: float, width: float, fill: Colour) -> None:
        """A circle drawn as a line of the given width."""
        box = [*self._at((x - radius, y - radius)), *self._at((x + radius, y + radius))]
        self._draw.ellipse(box, outline=fill, width=max(1, round(width * self.unit)))

    def rect(
        self, x0: float, y0: float, x1: float, y1: float, fill: Colour, radius: float = 0.0
    ) -> None:
        """A filled rectangle, its corners rounded by ``radius``."""
        box = [*self._at((x0, y0)), *self._at((x1, y1))]
        if radius > 0:
            self._draw.rounded_rectangle(box, radius=radius * self.unit, fill=fill)
        else:
            self._draw.rectangle(box, fill=fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A line with round ends and joints."""
        pixels = [self._at(point) for point in points]
        thickness = max(1, round(width * self.unit))
        self._draw.line(pixels, fill=fill, width=thickness, joint="curve")
        radius = thickness / 2
        if radius >= 1:
            for x, y in (pixels[0], pixels[-1]):
                self._draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)

    def stroke(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """An open curve through the points, with round ends."""
        self.line(open_curve(points), width, fill)

    def pie(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour
    ) -> None:
        """A filled sector of an ellipse; angles in degrees, clockwise from three o'clock."""
        box = [*self._at((x - rx, y - ry)), *self._at((x + rx, y + ry))]
        self._draw.pieslice(box, start, end, fill=fill)


def closed_curve(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A closed Catmull-Rom curve (Catmull and Rom 1974) through the points."""
    knots = np.asarray(points, dtype=float)
    return _curve(np.roll(knots, 1, 0), knots, np.roll(knots, -1, 0), np.roll(knots, -2, 0), steps)


def open_curve(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """An open Catmull-Rom curve from the first to the last point."""
    knots = np.asarray(points, dtype=float)
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    curve = _curve(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], steps)
    return [*curve, (float(knots[-1][0]), float(knots[-1][1]))]


def _curve(
    before: np.ndarray, start: np.ndarray, end: np.ndarray, after: np.ndarray, steps: int
) -> list[tuple[float, float]]:
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    p0, p1, p2, p3 = (part[:, None, :] for part in (before, start, end, after))
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def turned(points: Iterable[Point], degrees: float, centre: Point = (0.0, 0.0)) -> list[Point]:
    """The points, turned around ``centre``; positive is clockwise, since y grows downwards."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return [
        (cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos)
        for x, y in points
    ]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``one`` with ``share`` (0 to 1) of ``other`` stirred in."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))
