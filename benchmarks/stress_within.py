"""What happens within the shots of `benchmarks.stress_footage`, and is no cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.stress_joins import Dice, Floats, Take
from benchmarks.stress_sources import PIECES, piece


def _moments(take: Take, dice: Dice, number: int, length: int) -> Iterator[int]:
    """Where something begins that lasts so long."""
    part = (len(take) - 20 - length) // number
    for each in range(number):
        if part > 0:
            yield 10 + each * part + int(dice.integers(0, max(1, part - length - 4)))


def _flash(take: Take, dice: Dice, _: float) -> Take:
    lit = list(take)
    for at in _moments(take, dice, 2, 4):
        for k in range(int(dice.integers(1, 5))):
            lit[at + k] = take[at + k] * np.float32(0.3) + np.float32(dice.uniform(120, 200))
    return lit


def _lightning(take: Take, dice: Dice, _: float) -> Take:
    lit = [picture * np.float32(0.3) for picture in take]
    for at in _moments(take, dice, 2, 12):
        k = 0
        for _stroke in range(int(dice.integers(1, 4))):
            for gain in (dice.uniform(2.5, 5), dice.uniform(1.2, 2.5))[: int(dice.integers(1, 3))]:
                lit[at + k] = np.minimum(lit[at + k] * np.float32(gain) + 25, 255)
                k += 1
            k += int(dice.integers(1, 4))
    return lit


def _explosion(take: Take, dice: Dice, rate: float) -> Take:
    height, width = take[0].shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shown = list(take)
    for at in _moments(take, dice, 1, round(rate)):
        cx, cy = dice.uniform(0.2, 0.8) * width, dice.uniform(0.3, 0.8) * height
        away = np.hypot(x - cx, y - cy) / width
        cloud = 1 + 0.3 * np.sin(x / 9 + cx) * np.cos(y / 7 + cy)
        grows, fades = int(dice.integers(2, 6)), int(dice.integers(8, 20))
        colour = np.array([255, dice.uniform(150, 230), dice.uniform(60, 150)], np.float32)
        for k in range(grows + fades):
            reach = min(1.0, (k + 1) / grows) * dice.uniform(0.75, 0.85)
            strength = 1.0 if k < grows else 1 - (k - grows) / fades
            fire = np.clip((reach - away * cloud) * 6, 0, 1)[..., None] * strength
            shown[at + k] = shown[at + k] * (1 - fire) + colour * fire
            if k < grows:
                shown[at + k] = shown[at + k] + 40
    return shown


def _stage(take: Take, dice: Dice, rate: float) -> Take:
    """A light of another colour every half second or so, at once or within a few pictures."""
    shown, k = [], 0
    light, after = dice.uniform(0.15, 1.1, 3), dice.uniform(0.15, 1.1, 3)
    change = int(dice.integers(1, 6))
    for picture in take:
        if k >= change + rate * 0.3 and dice.random() < 0.12:
            light, after, k = after, dice.uniform(0.15, 1.1, 3), 0
            change = int(dice.integers(1, 6))
        s = min(1.0, k / change)
        shown.append(picture * (light * (1 - s) + after * s).astype(np.float32))
        k += 1
    return shown


def _strobe(take: Take, dice: Dice, rate: float) -> Take:
    shown = list(take)
    for at in _moments(take, dice, 1, round(rate)):
        on, off = int(dice.integers(1, 4)), int(dice.integers(1, 5))
        for k in range(round(rate)):
            if k % (on + off) >= on:
                shown[at + k] = take[at + k] * np.float32(0.08)
    return shown


def shaken(take: Take, dice: Dice, much: float) -> Take:
    """As from a hand that is not still: by this share of the width, about."""
    import cv2  # noqa: PLC0415

    height, width = take[0].shape[:2]
    shown = []
    x = y = 0.0
    for picture in take:
        x, y = 0.7 * x + dice.normal(0, much) * width, 0.7 * y + dice.normal(0, much) * width
        move = np.array([[1, 0, x], [0, 1, y]], np.float32)
        shown.append(cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT))
    return shown


def _shake(take: Take, dice: Dice, rate: float) -> Take:
    shown = list(take)
    for at in _moments(take, dice, 1, round(rate)):
        shown[at : at + round(rate)] = shaken(take[at : at + round(rate)], dice, 0.05)
    return shown


def _whip(take: Take, dice: Dice, _: float) -> Take:
    """The camera is swung over twice the picture's width, in 6 to 14 pictures."""
    import cv2  # noqa: PLC0415

    shown = list(take)
    for at in _moments(take, dice, 1, 15):
        length = int(dice.integers(6, 15))
        width = take[0].shape[1]
        for k in range(len(take) - at):
            picture = take[at + k]
            wide = np.concatenate([picture, picture[:, ::-1], picture], axis=1)
            s = min(1.0, (k + 1) / length)
            x = round((0.5 - 0.5 * np.cos(np.pi * s)) * 2 * width)
            speed = np.pi * np.sin(np.pi * s) * width / length
            seen = wide[:, x : x + width]
            shown[at + k] = cv2.blur(seen, (max(1, round(speed * 0.5)), 1)) if s < 1 else seen
    return shown


def zoomed(picture: Floats, scale: float) -> Floats:
    """The middle of a picture, so many times as large."""
    import cv2  # noqa: PLC0415

    height, width = picture.shape[:2]
    move = np.array(
        [[1 / scale, 0, width / 2 * (1 - 1 / scale)], [0, 1 / scale, height / 2 * (1 - 1 / scale)]],
        np.float32,
    )
    seen = cv2.warpAffine(
        picture,
        move,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen, np.float32)


def _zoom(take: Take, dice: Dice, _: float) -> Take:
    shown = list(take)
    for at in _moments(take, dice, 1, 30):
        length, most = int(dice.integers(6, 24)), dice.uniform(1.8, 3.0)
        for k in range(len(take) - at):
            scale = 1 + (most - 1) * min(1.0, (k + 1) / length)
            shown[at + k] = zoomed(take[at + k], scale)
    return shown


def _captions(take: Take, dice: Dice, rate: float) -> Take:
    import cv2  # noqa: PLC0415

    height, width = take[0].shape[:2]
    shown = list(take)
    for at in _moments(take, dice, 1, round(1.2 * rate)):
        tall = round(height * dice.uniform(0.25, 0.5))
        top = int(dice.choice([height - tall, 0, (height - tall) // 2]))
        box = np.zeros((tall, width, 3), np.uint8) + dice.integers(0, 256, 3).astype(np.uint8)
        colour = tuple(float(255 * (box.mean() < 128)) for _ in "rgb")
        for line in range(int(dice.integers(1, 4))):
            cv2.putText(
                box,
                "Breaking News Today"[int(dice.integers(5)) :],
                (width // 12, 22 + 28 * line),
                cv2.FONT_HERSHEY_SIMPLEX,
                height / 200,
                colour,
                2,
                cv2.LINE_AA,
            )
        opaque = np.float32(dice.choice([0.7, 1.0]))
        for k in range(round(dice.uniform(0.5, 1.1) * rate)):
            picture = take[at + k].copy()
            picture[top : top + tall] = picture[top : top + tall] * (1 - opaque) + box * opaque
            shown[at + k] = picture
    return shown


def _inset(take: Take, dice: Dice, rate: float) -> Take:
    import cv2  # noqa: PLC0415

    height, width = take[0].shape[:2]
    shown = list(take)
    for at in _moments(take, dice, 1, round(1.2 * rate)):
        share = dice.uniform(0.3, 0.55)
        size = round(width * share), round(height * share)
        film = piece(PIECES[int(dice.integers(len(PIECES)))], (width, height))
        x, y = (
            int(dice.integers(0, whole - part))
            for whole, part in zip((width, height), size, strict=True)
        )
        for k in range(round(dice.uniform(0.6, 1.1) * rate)):
            picture = take[at + k].copy()
            small = cv2.resize(film[k % len(film)], size, interpolation=cv2.INTER_AREA)
            picture[y : y + size[1], x : x + size[0]] = small
            shown[at + k] = picture
    return shown


def _crossing(take: Take, dice: Dice, _: float) -> Take:
    """Something large goes by close to the camera, not sharp."""
    import cv2  # noqa: PLC0415

    height, width = take[0].shape[:2]
    shown = list(take)
    for at in _moments(take, dice, 1, 25):
        thing = dice.uniform(0, 160, (height, round(width * dice.uniform(0.4, 0.9)), 3))
        thing = cv2.blur(thing.astype(np.float32), (31, 61)) * 1.2 - 10
        pace = width * dice.uniform(0.08, 0.25)
        for k in range(len(take) - at):
            left = round(k * pace) - thing.shape[1]
            lo, hi = max(0, left), min(width, left + thing.shape[1])
            if lo < hi:
                shown[at + k] = take[at + k].copy()
                shown[at + k][height // 12 :, lo:hi] = thing[height // 12 :, lo - left : hi - left]
    return shown


def _focus(take: Take, dice: Dice, _: float) -> Take:
    import cv2  # noqa: PLC0415

    shown = list(take)
    for at in _moments(take, dice, 1, 40):
        length = int(dice.integers(15, 40))
        for k in range(length):
            soft = 8 * np.sin(np.pi * (k + 1) / (length + 1))
            shown[at + k] = cv2.GaussianBlur(take[at + k], (0, 0), max(0.1, soft))
    return shown


def _exposure(take: Take, dice: Dice, rate: float) -> Take:
    ends = dice.permutation([dice.uniform(0.2, 0.5), 1.1])
    length = dice.uniform(0.1, 0.8) * rate
    start = len(take) / 3
    gains = np.interp(np.arange(len(take)), [start, start + length], ends)
    return [picture * np.float32(gain) for picture, gain in zip(take, gains, strict=True)]


def _threes(take: Take, *_: Any) -> Take:  # noqa: ANN401
    """As animation is drawn: each picture three times."""
    return [take[k // 3 * 3] for k in range(len(take))]


WITHIN: dict[str, Callable[[Take, Dice, float], Take]] = {
    "flash": _flash,
    "lightning": _lightning,
    "explosion": _explosion,
    "stage": _stage,
    "strobe": _strobe,
    "shake": _shake,
    "whip": _whip,
    "zoom": _zoom,
    "captions": _captions,
    "inset": _inset,
    "crossing": _crossing,
    "focus": _focus,
    "exposure": _exposure,
    "threes": _threes,
}
