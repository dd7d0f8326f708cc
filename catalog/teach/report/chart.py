"""Line charts: from figures to places in a box, as the template draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 12.0, 30.0
_TICKS = 5
_Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over x; its ``series`` is its colour. Points that are no number are left out."""

    label: str
    series: int
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, and what stands beside it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as SVG has it: ``path`` is its points, ``dots`` each with what a pointer is told."""

    label: str
    series: int
    path: str
    dots: Sequence[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in a box of `WIDTH` by `HEIGHT`.

    ``mark`` is where a line stands upright, with ``mark_text`` beside it; ``floor`` where one
    lies, None: nowhere.
    """

    label: str
    lines: Sequence[Drawn]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    x_text: str
    mark: float
    mark_text: str
    floor: float | None
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def chart(
    label: str,
    lines: Sequence[Line],
    *,
    x_text: str,
    mark: float,
    mark_text: str,
    floor: float | None = None,
) -> Chart:
    """Lay lines out over each other, on axes that hold all of them."""
    points = [p for line in lines for p in line.points if math.isfinite(p[1])]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_ticks = ticks(min(xs), max(xs))
    y_ticks = ticks(min([*ys, *(() if floor is None else (floor,))]), max(ys))

    def across(x: float) -> float:
        return _placed(x, x_ticks, _LEFT, WIDTH - _RIGHT)

    def down(y: float) -> float:
        return _placed(y, y_ticks, HEIGHT - _BOTTOM, _TOP)

    return Chart(
        label,
        [_drawn(line, across, down) for line in lines],
        [Tick(across(x), f"{x:g}") for x in x_ticks],
        [Tick(down(y), f"{y:g}") for y in y_ticks],
        x_text,
        across(mark),
        mark_text,
        None if floor is None else down(floor),
    )


def ticks(least: float, most: float) -> list[float]:
    """About five round numbers, evenly apart, that hold all from least to most."""
    span = most - least or max(abs(most), 1.0)
    raw = span / _TICKS
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * m for m in (1, 2, 2.5, 5, 10) if magnitude * m >= raw * (1 - 1e-9))
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [round(at * step, 10) for at in range(first, max(last, first + 1) + 1)]


def _placed(value: float, axis: Sequence[float], begin: float, end: float) -> float:
    return round(begin + (value - axis[0]) / (axis[-1] - axis[0]) * (end - begin), 1)


def _drawn(line: Line, across: _Place, down: _Place) -> Drawn:
    seen = [(x, y) for x, y in line.points if math.isfinite(y)]
    dots = [(across(x), down(y), f"{line.label} at {x:g}: {y:.4g}") for x, y in seen]
    return Drawn(line.label, line.series, " ".join(f"{x},{y}" for x, y, _ in dots), dots)
