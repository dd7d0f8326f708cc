"""Measures an encoder on drawn scenes: does the caption find its picture among all the others?"""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from catalog.demo.captions import caption, languages, query, topics
from catalog.demo.render import render
from catalog.demo.world import Scene

if TYPE_CHECKING:
    from catalog.encoders.protocol import Encoder


def photographed(
    scenes: Sequence[Scene], *, seed: int, size: tuple[int, int] = (640, 360), quality: int = 90
) -> list[Image.Image]:
    """One picture of each scene at a random moment of its motion, as a JPEG gives it back."""
    rng = random.Random(seed)  # noqa: S311  # reproducible, not secret
    pictures: list[Image.Image] = []
    for scene in scenes:
        drawn = render(scene, size=size, time=rng.random(), seed=10**9 + seed)
        coded = io.BytesIO()
        Image.fromarray(drawn).save(coded, "JPEG", quality=quality)
        picture = Image.open(coded)
        picture.load()
        pictures.append(picture)
    return pictures


def ranks(
    encoder: Encoder,
    scenes: Sequence[Scene],
    pictures: npt.NDArray[np.float32],
    *,
    codes: Sequence[str] | None = None,
    variant: int = 0,
) -> dict[str, npt.NDArray[np.int64]]:
    """For each language, the rank (1 is first) of each caption's own picture among all.

    Parameters
    ----------
    encoder
        What encodes the captions; ``pictures`` must be its vectors.
    scenes
        What the first pictures show, in order. There may be more pictures than scenes.
    pictures
        Unit vectors, pictures x dimensions.
    codes
        Languages; all of them unless given.
    variant
        Which wording of the captions, see :func:`catalog.demo.captions.caption`.
    """
    found = {}
    for code in codes or languages():
        texts = encoder.encode_texts([caption(scene, code, variant) for scene in scenes])
        cosines = texts @ pictures.T
        own = np.take_along_axis(cosines, np.arange(len(scenes))[:, None], axis=1)
        # Ties count against the encoder: equal vectors for all would otherwise be perfect.
        found[code] = (cosines >= own).sum(axis=1)
    return found


def recall(ranked: Mapping[str, npt.NDArray[np.int64]], at: int = 1) -> dict[str, float]:
    """The share of captions, by language, whose picture is among the first ``at``."""
    return {code: float((positions <= at).mean()) for code, positions in ranked.items()}


def query_precision(
    encoder: Encoder,
    shown: Sequence[Scene],
    pictures: npt.NDArray[np.float32],
    *,
    count: int = 200,
    seed: int = 0,
    codes: Sequence[str] | None = None,
) -> dict[str, float]:
    """How often the first picture for a short query ("red car at night") has all that was asked.

    Parameters
    ----------
    encoder
        What encodes the queries; ``pictures`` must be its vectors.
    shown
        What every picture shows. Each query is about one of them, so it can be met.
    pictures
        Unit vectors, pictures x dimensions.
    count, seed
        How many queries to a language, and which.
    codes
        Languages; all of them unless given.
    """
    found = {}
    for code in codes or languages():
        rng = random.Random(f"{code}{seed}")  # noqa: S311  # reproducible, not secret
        asked = [(rng.choice(shown), rng.choice(topics())) for _ in range(count)]
        asked = [(s, t) for s, t in asked if not ("motion" in t and s.motion == "still")]
        texts = encoder.encode_texts([query(scene, code, rng, topic) for scene, topic in asked])
        first = (texts @ pictures.T).argmax(axis=1)
        hits = [
            all(getattr(shown[best], field) == getattr(scene, field) for field in topic)
            for (scene, topic), best in zip(asked, first, strict=True)
        ]
        found[code] = sum(hits) / len(hits)
    return found
