"""The world of the demonstration footage: every scene, and which ones training never sees.

A scene is one choice from each of five short lists. What a caption may say of a scene, a single
frame must show, since search compares captions with frames: motion therefore leaves marks (the way
the subject faces, streaks behind it, the gap between it and its shadow), so that "moving to the
left" can be read from any one frame of the shot.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

SUBJECTS: tuple[str, ...] = (
    "car", "bus", "train", "bicycle", "aeroplane", "rocket", "boat", "balloon", "house", "tree",
    "cat", "elephant", "fish", "duck", "butterfly", "snail", "umbrella", "chair", "guitar", "cup",
)  # fmt: skip
COLOURS: tuple[str, ...] = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white",
)  # fmt: skip
SETTINGS: tuple[str, ...] = (
    "beach",
    "mountains",
    "forest",
    "city",
    "desert",
    "snow",
    "meadow",
    "castle",
)
LIGHTS: tuple[str, ...] = ("day", "sunset", "night", "rain", "fog")
MOTIONS: tuple[str, ...] = ("still", "left", "right", "rising")

HELD_OUT_SHARE = 0.08
"""Share of the (subject, colour, setting, light) combinations that training never sees, whatever
the motion.
"""


@dataclass(frozen=True, slots=True, order=True)
class Scene:
    """One thing that can be filmed; each field is an entry of this module's tuple of that name."""

    subject: str
    colour: str
    setting: str
    light: str
    motion: str = "still"

    @property
    def name(self) -> str:
        """A short name that is safe in file names, such as ``red-car-beach-night-left``."""
        return "-".join((self.colour, self.subject, self.setting, self.light, self.motion))

    def as_dict(self) -> dict[str, str]:
        """The fields by name, for JSON."""
        return asdict(self)

    @property
    def is_held_out(self) -> bool:
        """Whether the combination is kept from training.

        The motion is left out of the hash: were it part of it, a held-out scene could have been
        trained on with another motion, which is nearly the same picture.
        """
        key = "/".join((self.subject, self.colour, self.setting, self.light))
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64 < HELD_OUT_SHARE


@lru_cache(maxsize=1)
def scenes() -> tuple[Scene, ...]:
    """Every scene, in a fixed order (20 x 10 x 8 x 5 combinations, each with 4 motions)."""
    return tuple(
        Scene(*fields) for fields in itertools.product(SUBJECTS, COLOURS, SETTINGS, LIGHTS, MOTIONS)
    )


@lru_cache(maxsize=1)
def training() -> tuple[Scene, ...]:
    """The scenes that the demo encoder may be trained on."""
    return tuple(scene for scene in scenes() if not scene.is_held_out)


@lru_cache(maxsize=1)
def held_out() -> tuple[Scene, ...]:
    """The scenes whose combination of subject, colour, setting and light is never trained on."""
    return tuple(scene for scene in scenes() if scene.is_held_out)


def combinations() -> int:
    """How many combinations of subject, colour, setting and light there are, motion aside."""
    return len(SUBJECTS) * len(COLOURS) * len(SETTINGS) * len(LIGHTS)


def sample(pool: Sequence[Scene], count: int, seed: int) -> list[Scene]:
    """Draw ``count`` scenes, no two of them with the same subject, colour, setting and light.

    Raises
    ------
    ValueError
        The pool has fewer combinations than asked for.
    """
    chosen = list(itertools.islice(_distinct(pool, seed), count))
    if len(chosen) < count:
        raise ValueError(
            f"asked for {count} different scenes of a pool that holds only {len(chosen)}"
        )
    return chosen


def _distinct(pool: Sequence[Scene], seed: int) -> Iterator[Scene]:
    order = list(pool)
    random.Random(seed).shuffle(order)  # noqa: S311  # reproducible, not secret
    seen: set[tuple[str, str, str, str]] = set()
    for scene in order:
        key = (scene.subject, scene.colour, scene.setting, scene.light)
        if key not in seen:
            seen.add(key)
            yield scene
