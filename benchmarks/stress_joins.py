"""How the shots of `benchmarks.stress_footage` are joined where it takes time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Take = list[Floats]
Dice = np.random.Generator
Join = Callable[[Take, Take, Dice], Take]


def _shares(length: int) -> Iterator[float]:
    return (float(each) for each in np.linspace(0, 1, length + 2)[1:-1])


def _dissolve(before: Take, after: Take, _: Dice) -> Take:
    return [
        a * np.float32(1 - s) + b * np.float32(s)
        for a, b, s in zip(before, after, _shares(len(after)), strict=True)
    ]


def _through(colour: Any) -> Join:  # noqa: ANN401
    def fade(before: Take, after: Take, dice: Dice) -> Take:
        through = np.float32(dice.uniform(20, 230, 3) if colour is None else colour)
        half = len(after) // 2
        plain = np.zeros_like(after[0]) + through
        hold = int(dice.integers(0, 6))
        out = [
            a * np.float32(1 - s) + plain * np.float32(s)
            for a, s in zip(before, np.linspace(0, 1, half + 1)[1:], strict=False)
        ]
        into = [
            a * np.float32(s) + plain * np.float32(1 - s)
            for a, s in zip(after[-half:], np.linspace(0, 1, half + 1)[:-1], strict=False)
        ]
        return [*out, *[plain] * hold, *into]

    return fade


def _masked(
    mask: Callable[[npt.NDArray[Any], npt.NDArray[Any], Dice], npt.NDArray[Any]],
    soft: float = 0.004,
) -> Join:
    """A wipe: where a point's turn (0..1) has come, the new picture stands."""

    def wipe(before: Take, after: Take, dice: Dice) -> Take:
        height, width = after[0].shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        turn = mask((x + 0.5) / width, (y + 0.5) / height, dice)
        return [
            a
            + (b - a) * np.clip((s * (1 + soft) - turn) / soft, 0, 1)[..., None].astype(np.float32)
            for a, b, s in zip(before, after, _shares(len(after)), strict=True)
        ]

    return wipe


def _edge(x: npt.NDArray[Any], y: npt.NDArray[Any], dice: Dice) -> npt.NDArray[Any]:
    ways = [x, 1 - x, y, 1 - y, (x + y) / 2, np.abs(x - 0.5) * 2, 1 - np.abs(x - 0.5) * 2]
    return ways[int(dice.integers(len(ways)))]


def _iris(x: npt.NDArray[Any], y: npt.NDArray[Any], dice: Dice) -> npt.NDArray[Any]:
    away = np.hypot((x - 0.5) * 16, (y - 0.5) * 9) / 9.18
    return away if dice.random() < 0.5 else 1 - away


def _clock(x: npt.NDArray[Any], y: npt.NDArray[Any], _: Dice) -> npt.NDArray[Any]:
    return (np.arctan2(x - 0.5, 0.5 - y) / (2 * np.pi)) % 1


def _pushed(*, both: bool, blur: bool = False) -> Join:
    def push(before: Take, after: Take, dice: Dice) -> Take:
        import cv2  # noqa: PLC0415

        axis, back, made = int(dice.integers(2)), bool(dice.random() < 0.5), []
        for a, b, s in zip(before, after, _shares(len(after)), strict=True):
            eased = 0.5 - 0.5 * np.cos(np.pi * s) if blur else s
            size = a.shape[axis]
            at = round(eased * size)
            wide = np.concatenate([b, a] if back else [a, b], axis)
            start = size - at if back else at
            seen = np.take(wide, range(start, start + size), axis)
            if not both:  # the new one slides over the old one
                seen, cover = (
                    a.copy(),
                    np.take(b, range(size - at, size) if back else range(at), axis),
                )
                part: list[Any] = [slice(None)] * 2
                part[axis] = slice(0, at) if back else slice(size - at, size)
                seen[tuple(part)] = cover
            if blur:
                reach = max(1, round(0.25 * size * np.sin(np.pi * s)))
                seen = cv2.blur(seen, (reach, 1) if axis else (1, reach))
            made.append(seen)
        return made

    return push


JOINS: dict[str, Join] = {
    "dissolve": _dissolve,
    "black": _through(0.0),
    "white": _through(255.0),
    "colour": _through(None),
    "edge": _masked(_edge),
    "soft": _masked(_edge, 0.3),
    "iris": _masked(_iris),
    "clock": _masked(_clock),
    "push": _pushed(both=True),
    "slide": _pushed(both=False),
    "swish": _pushed(both=True, blur=True),
}
