"""Duplicates beside a brute force: every pair of films compared, without looking for candidates.

Films are made of takes whose vectors and pictures drift with time; versions are coded anew,
trimmed, excerpts, single shots, with leaders or tails. Others share a presenter, or are made of the
same takes: other cuts, other orders, other takes of the same scene.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from catalog.maintain.candidates import Shots, find_candidates
from catalog.maintain.overlay import Overlay, Pictures, overlay
from catalog.store.duplicates import MOST_SHOTS, Timeline

D = 64
RATE = 25


@dataclass(frozen=True)
class Take:
    number: int
    subject: np.ndarray = field(compare=False)
    drift: np.ndarray = field(compare=False)

    def seen(self, at: float) -> np.ndarray:
        return self.subject + self.drift * at / 10

    def picture(self, at: float) -> str:
        return f"{self.number} {min(1.0, round(float(np.abs(self.drift).mean()) * at / 20, 2))}"


class Drawn:
    """A frame store whose pictures are drawn when they are asked for."""

    def get(self, key: str) -> bytes:
        number, share = key.split()
        rng = np.random.default_rng(int(number))
        begin, end = (rng.integers(0, 256, (4, 6, 3)) for _ in range(2))
        mixed = ((1 - float(share)) * begin + float(share) * end).astype(np.uint8)
        body = io.BytesIO()
        Image.fromarray(mixed).resize((48, 32), Image.Resampling.BICUBIC).save(body, "PNG")
        return body.getvalue()


Parts = list[tuple[Take, float, float]]
"""Takes, each from one second of it to another."""


@dataclass
class Film:
    name: str
    parts: Parts
    step: float = 1.0
    noise: float = 0.02
    of: str | None = None

    @property
    def length(self) -> float:
        return sum(end - begin for _, begin, end in self.parts)

    def between(self, begin: float, end: float) -> Parts:
        found, at = [], 0.0
        for take, first, last in self.parts:
            low, high = max(begin, at), min(end, at + last - first)
            if high - low > 1 / RATE:
                found.append((take, first + low - at, first + high - at))
            at += last - first
        return found

    def timeline(self, rng: np.random.Generator) -> Timeline:
        pictures, rows, times, at = [], [], [], 0.0
        for take, first, last in self.parts:
            count = max(1, int((last - first) / self.step))
            width = (last - first) / count
            for number in range(count):
                middle = (number + 0.5) * width
                pictures.append(take.picture(first + middle))
                rows.append(take.seen(first + middle) + self.noise * rng.standard_normal(D))
                times.append((at + middle, at + number * width, at + (number + 1) * width, at))
            at += last - first
        vectors = np.array(rows) + COMMON
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ticks = np.round(np.array(times) * RATE) / RATE
        return Timeline(pictures, *ticks.T, vectors.astype(np.float32))


COMMON = 2.0 * np.random.default_rng(1).standard_normal(D)


class Library:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.presenters = [0.9 * self.rng.standard_normal(D) for _ in range(2)]
        self.takes = 0

    def take(self, subject: np.ndarray | None = None) -> Take:
        self.takes += 1
        drawn = 0.9 * self.rng.standard_normal(D)
        if subject is not None:
            drawn = subject + 0.1 * self.rng.standard_normal(D)
        drift = float(self.rng.choice([0.05, 0.3, 0.8])) * self.rng.standard_normal(D)
        return Take(self.takes, drawn, drift)

    def master(self, name: str, shots: int) -> Film:
        parts = []
        for _ in range(shots):
            length = round(float(np.clip(self.rng.lognormal(1.3, 0.6), 1, 20)) * RATE) / RATE
            presenter = self.presenters[self.rng.integers(2)] if self.rng.random() < 0.3 else None
            parts.append((self.take(presenter), 0.0, length))
        return Film(name, parts)

    def films(self) -> Iterator[Film]:
        for shots, count in ((1, 3), (2, 2), (3, 2), (6, 2), (12, 2), (80, 1)):
            for number in range(count):
                yield from self.around(self.master(f"{shots}-{number}", shots))
        for number in range(20):
            yield self.master(f"another {number}", int(self.rng.integers(1, 14)))

    def around(self, film: Film) -> Iterator[Film]:
        """A film, its versions, and films that are none although they are of the same takes."""
        parts, length = film.parts, film.length
        versions: dict[str, Parts] = {
            "anew": parts,
            "trimmed": film.between(0.13 * length, 0.9 * length),
            "leader": [(self.take(), 0.0, 5.0), *parts],
            "tail": [*parts, (self.take(), 0.0, 5.0), (self.take(), 0.0, 3.0)],
        }
        if length > 8:
            versions["excerpt"] = film.between(0.3 * length, 0.3 * length + max(3, 0.35 * length))
        take, begin, end = max(parts, key=lambda part: part[2])
        if len(parts) > 1 and end > 5:
            versions["a shot"] = [(take, begin, end)]
            versions["early in a shot"] = [(take, begin + 0.05 * end, begin + 0.55 * end)]
            versions["late in a shot"] = [(take, begin + 0.45 * end, end)]
        yield film
        for kind, these in versions.items():
            step = float(self.rng.choice([0.7, 1.0, 1.4]))
            yield Film(f"{kind} of {film.name}", these, step, of=film.name)
        if len(parts) > 2:
            yield Film(f"backwards, {film.name}", parts[::-1])
            shares = self.rng.uniform(0.4, 0.9, len(parts))
            shorter = [(t, a, a + (b - a) * f) for (t, a, b), f in zip(parts, shares, strict=True)]
            yield Film(f"cut anew, {film.name}", shorter)
        others = [(self.take(t.subject), a, b) for t, a, b in parts]
        yield Film(f"another take, {film.name}", others)


def shots_of(timelines: list[Timeline]) -> Shots:
    """As `catalog.store.duplicates.shots` reads them: the longest, by their middle frames."""
    rows, frames = [], 0
    for number, film in enumerate(timelines):
        found = []
        for cut in np.unique(film.cuts):
            of_shot = np.flatnonzero(film.cuts == cut)
            begin, end = film.starts[of_shot].min(), film.ends[of_shot].max()
            off = np.abs(film.starts[of_shot] + film.ends[of_shot] - begin - end)
            found.append((number, frames + of_shot[off.argmin()], begin, end - begin))
        rows += sorted(found, key=lambda row: (-row[3], row[2]))[:MOST_SHOTS]
        frames += len(film.at)
    assets, ids, starts, lengths = (np.array(column) for column in zip(*rows, strict=True))
    vectors = np.concatenate([film.vectors for film in timelines])[ids]
    return Shots(assets, ids, starts.astype(np.float32), lengths.astype(np.float32), vectors)


@dataclass(frozen=True)
class Judged:
    films: list[Film]
    candidates: set[tuple[int, int]]
    versions: dict[tuple[int, int], Overlay]
    """Found by comparing each film with each."""

    def named(self, pair: tuple[int, int]) -> tuple[str, str]:
        return self.films[pair[0]].name, self.films[pair[1]].name


@cache
def judged() -> Judged:
    library = Library(3)
    films = list(library.films())
    timelines = [film.timeline(library.rng) for film in films]
    shots = shots_of(timelines)
    assert len(shots.assets) > 500, "else all shots would be compared, and keys not tried"
    every = np.concatenate([film.vectors for film in timelines])
    found = find_candidates([shots], lambda ids: every[ids])
    pictures = Pictures(Drawn())  # type: ignore[arg-type]
    versions = {}
    for one, other in combinations(range(len(films)), 2):
        laid = overlay(timelines[one], timelines[other], pictures)
        if laid is not None:
            versions[one, other] = laid
    return Judged(films, set(found.pairs), versions)


def planted(films: list[Film]) -> set[tuple[int, int]]:
    number = {film.name: at for at, film in enumerate(films)}
    return {(number[film.of], at) for at, film in enumerate(films) if film.of is not None}


def test_each_version_is_one_and_is_a_candidate():
    films = judged().films
    missed = planted(films) - judged().versions.keys()
    assert not [judged().named(pair) for pair in missed]
    assert not [judged().named(pair) for pair in planted(films) - judged().candidates]


def test_what_a_brute_force_finds_beyond_is_of_one_film():
    """Nothing hangs together that does not; who looks for candidates groups as who compares all."""

    def essence(film: Film) -> str:
        return film.name.removeprefix("backwards, ").removeprefix("cut anew, ").split(" of ")[-1]

    for one, other in judged().versions:
        assert essence(judged().films[one]) == essence(judged().films[other])
        assert "another take" not in judged().films[one].name + judged().films[other].name
    # A long shot of a film turned round lies over the film's end: whether that is found is chance.
    straight = {
        pair
        for pair in judged().versions
        if not any("backwards" in name for name in judged().named(pair))
    }
    assert grouped(straight & judged().candidates) == grouped(straight)


def grouped(pairs) -> set[frozenset[int]]:
    group: dict[int, set[int]] = {}
    for one, other in pairs:
        joined = group.get(one, {one}) | group.get(other, {other})
        for each in joined:
            group[each] = joined
    return {frozenset(each) for each in group.values()}


@pytest.mark.parametrize("spread", [0.1, 0.2])
def test_versions_of_stills_are_found_in_a_series_that_is_all_alike(spread: float):
    """Hundreds of one subject, as photographers bring them: the likest is the version."""
    rng = np.random.default_rng(5)
    subjects = rng.standard_normal((4, D)) + 2
    rows = subjects[np.repeat(np.arange(4), 300)] + 2 * spread * rng.standard_normal((1200, D))
    rows = np.concatenate([rows, rows[::20] + 0.02 * rng.standard_normal((60, D))])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    order = rng.permutation(len(rows))
    place = np.argsort(order)
    rows = rows[order].astype(np.float32)
    none, ids = np.zeros(len(rows), np.float32), np.arange(len(rows))
    found = find_candidates([Shots(ids, ids, none, none, rows)], lambda wanted: rows[wanted])
    again = {tuple(sorted((int(place[20 * at]), int(place[1200 + at])))) for at in range(60)}
    assert again <= set(found.pairs)
    assert len(found.pairs) < 20 * len(rows), "although nearly all are alike"
