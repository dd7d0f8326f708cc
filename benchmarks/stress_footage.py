"""Footage that nobody tuned to, for `benchmarks.shot_stress`.

Photographs under a moving camera and pieces of real film, joined as editors join them, disturbed as
the world disturbs them, and written as cameras and stations write them. What is where is known. A
kind is a way of joining, what happens within its shots, how it is graded, and how it is written.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.shot_footage import Transition
from benchmarks.stress_files import Form, form_of, write
from benchmarks.stress_joins import JOINS, Dice, Floats, Take
from benchmarks.stress_sources import PIECES, TALKING, credits_of, ken_burns, photo, piece
from benchmarks.stress_within import WITHIN, shaken, zoomed


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of film.

    Attributes
    ----------
    group:
        What it is a test of: ``hard``, ``disturbed`` (hard cuts among what is none), ``gradual`` or
        ``format``.
    joins:
        The ways its shots are joined, by turns: ``cut`` or a name of `JOINS`.
    pictures:
        How many pictures a gradual join takes, least and most.
    within, grade, form:
        Names of `WITHIN`, of `_GRADES` and of `benchmarks.stress_files.Form`; empty for nothing.
    """

    group: str
    joins: tuple[str, ...] = ("cut",)
    pictures: tuple[int, int] = (10, 40)
    within: str = ""
    grade: str = ""
    form: str = ""


_DISTURBANCES = [
    "flash",
    "lightning",
    "explosion",
    "stage",
    "strobe",
    "shake",
    "whip",
    "zoom",
    "captions",
    "inset",
    "credits",
    "crossing",
    "focus",
    "exposure",
]
_WRITTEN = [
    "hevc",
    "mpeg2",
    "vp9",
    "prores",
    "mjpeg",
    "av1",
    "tff",
    "bff",
    "pulldown",
    "variable",
    "pq",
    "hlg",
    "rotated",
    "portrait",
    "pillarbox",
    "50",
    "60",
    "24",
    "intra",
    "longgop",
    "transport",
]
KINDS: dict[str, Kind] = {
    "plain": Kind("hard"),
    "similar": Kind("hard", within="similar"),
    "jump": Kind("hard", within="jump"),
    "dark": Kind("hard", grade="dark"),
    "log": Kind("hard", grade="log"),
    "mono": Kind("hard", grade="mono"),
    "grain": Kind("hard", grade="grain"),
    "dark grain": Kind("hard", grade="dark grain"),
    "low bitrate": Kind("hard", form="low bitrate"),
    "handheld": Kind("hard", within="handheld"),
    "threes": Kind("hard", within="threes"),
    **{name: Kind("disturbed", within=name) for name in _DISTURBANCES},
    "dissolve 4-8": Kind("gradual", ("dissolve",), (4, 8)),
    "dissolve 9-25": Kind("gradual", ("dissolve",), (9, 25)),
    "dissolve 26-60": Kind("gradual", ("dissolve",), (26, 60)),
    "dissolve handheld": Kind("gradual", ("dissolve",), (10, 40), within="handheld"),
    "dissolve dark": Kind("gradual", ("dissolve",), (10, 40), grade="dark"),
    "dissolve log": Kind("gradual", ("dissolve",), (10, 40), grade="log"),
    "dissolve similar": Kind("gradual", ("dissolve",), (10, 40), within="similar"),
    "fade black": Kind("gradual", ("black",), (8, 40)),
    "fade white": Kind("gradual", ("white",), (8, 40)),
    "fade colour": Kind("gradual", ("colour",), (8, 40)),
    "dip": Kind("gradual", ("black", "white"), (4, 8)),
    "wipe": Kind("gradual", ("edge",), (8, 40)),
    "soft wipe": Kind("gradual", ("soft",), (8, 40)),
    "iris wipe": Kind("gradual", ("iris",), (8, 40)),
    "clock wipe": Kind("gradual", ("clock",), (8, 40)),
    "push": Kind("gradual", ("push",), (6, 25)),
    "slide": Kind("gradual", ("slide",), (6, 25)),
    "swish": Kind("gradual", ("swish",), (6, 12)),
    **{name: Kind("format", ("cut", "dissolve"), (12, 30), form=name) for name in _WRITTEN},
}
GROUPS = ("hard", "disturbed", "gradual", "format")


@dataclass(frozen=True, slots=True)
class Film:
    """A file to be written: of a kind, from a seed."""

    name: str
    seed: int
    shots: int

    @property
    def kind(self) -> Kind:
        """The kind's description."""
        return KINDS[self.name]

    @property
    def suffix(self) -> str:
        """The name's end."""
        return form_of(self.kind.form).suffix

    def write(self, path: Path) -> list[Transition]:
        """Encode it; what is where, in numbers of decoded pictures."""
        form, dice = form_of(self.kind.form), np.random.default_rng(self.seed)
        truth: list[Transition] = []
        pictures = _graded(_joined(self, form, dice, truth), self.kind.grade, self.seed)
        write(path, pictures, form, dice)
        return [Transition(t.kind, *(form.decoded(at) for at in (t.first, t.last))) for t in truth]


def films(seed: int, per_kind: int, shots: int, names: Iterable[str]) -> Iterator[Film]:
    """The films of one run."""
    for name in names:
        for at in range(per_kind):
            yield Film(name, seed * 100_000 + at * 1000 + list(KINDS).index(name), shots)


# --- joining ------------------------------------------------------------------


def _joined(film: Film, form: Form, dice: Dice, truth: list[Transition]) -> Iterator[Floats]:
    kind = film.kind
    joins = itertools.cycle(kind.joins)
    takes = itertools.islice(_takes(kind, form, dice), film.shots)
    held: Take = []
    done = 0
    for take in takes:
        if not held:
            held = take
            continue
        name = next(joins)
        if name == "cut":
            yield from held
            done += len(held)
            truth.append(Transition("cut", done, done))
            held = take
            continue
        asked = int(dice.integers(kind.pictures[0], kind.pictures[1] + 1))
        length = min(asked, min(len(held), len(take)) // 3)
        between = JOINS[name](held[-length:], take[:length], dice)
        yield from held[:-length]
        done += len(held) - length
        truth.append(Transition(name, done, done + len(between)))
        yield from between
        done += len(between)
        held = take[length:]
    yield from held


# --- shots ----------------------------------------------------------------------


def _takes(kind: Kind, form: Form, dice: Dice) -> Iterator[Take]:
    last: Any = None
    for number in itertools.count():
        length = round(dice.uniform(1.6, 3.6) * float(form.rate))
        shake = 0.012 if kind.within == "handheld" else float(dice.uniform(0, 0.002))
        if kind.within == "similar":
            last = int(dice.integers(1000)) if number % 3 == 0 else last
            take = ken_burns(photo(last), form, length, dice, shake, close=True)
        elif kind.within == "jump":
            if number % 3 == 0:
                last = piece(TALKING[int(dice.integers(len(TALKING)))], form.size)
            start = number % 3 * len(last) // 3
            way = itertools.cycle([*last[start:], *last[start - 1 : 0 : -1], *last[:start]])
            take = [next(way).astype(np.float32) for _ in range(length)]
            scale = (1.0, 1.3, 1.0)[number % 3] * float(dice.uniform(1.0, 1.1))
            take = [zoomed(picture, scale) for picture in take]
        elif kind.within == "credits" and number % 2:
            take = credits_of(form, length, dice)
        elif number % 2:
            seen = piece(PIECES[int(dice.integers(len(PIECES)))], form.size)
            way = itertools.cycle([*seen, *seen[-2:0:-1]])
            take = [next(way).astype(np.float32) for _ in range(length)]
            if kind.within == "handheld":
                take = shaken(take, dice, 0.012)
        else:
            take = ken_burns(photo(int(dice.integers(1000))), form, length, dice, shake)
        effect = WITHIN.get(kind.within)
        take = effect(take, dice, float(form.rate)) if effect else take
        level = np.float32(dice.uniform(0.7, 1.1))
        yield [np.clip(picture * level, 0, 255) for picture in take]


# --- grading ----------------------------------------------------------------------


def _graded(pictures: Iterator[Floats], grade: str, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    dice = np.random.default_rng(seed + 1)
    strength = dice.uniform(10, 18) if "grain" in grade else dice.uniform(0.5, 3)
    level = dice.uniform(0.1, 0.25)
    noise: list[Floats] = []
    for picture in pictures:
        if not noise:
            noise = [dice.normal(0, strength, picture.shape).astype(np.float32) for _ in range(5)]
        seen = picture
        if "dark" in grade:
            seen = seen * np.float32(level) + 4
        elif grade == "log":
            seen = seen * np.float32(0.3) + 90
        elif grade == "mono":
            seen = np.repeat(seen.mean(2, keepdims=True), 3, axis=2)
        grain = noise[int(dice.integers(len(noise)))]
        if grade == "dark grain":
            grain = grain * np.float32(0.5)
        yield np.clip(seen + grain, 0, 255).astype(np.uint8)
