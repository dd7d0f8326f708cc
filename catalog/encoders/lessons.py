"""What a model is taught, and how: plain values. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

OpenPicture = Callable[[], "Image.Image"]
"""Gives a picture, decoded; raises `CatalogError` or `OSError` where there is none."""


class Method(StrEnum):
    """Which weights learn.

    ``head``: the two projections into the common space alone. ``lora``: a matrix of low rank
    beside every weight of attention, MLP and convolution (Hu et al. 2021, arXiv:2106.09685).
    ``full``: every weight but the temperature.
    """

    HEAD = "head"
    LORA = "lora"
    FULL = "full"


RATES = {Method.HEAD: 1e-3, Method.LORA: 3e-3, Method.FULL: 1e-4}
"""Highest learning rates, where none is given."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture, by its place, and a text that says what it shows."""

    picture: int
    text: str


@dataclass(frozen=True, slots=True)
class Lessons:
    """What there is to learn from.

    ``pictures`` are those that pairs speak of. ``learn`` is learned from; ``held`` is kept from
    learning and says when to stop. ``library`` are pictures nobody said anything of, and
    ``anchors`` texts of no picture in particular: on both the model is to stay as it was, and
    both are what a pair is told apart from.
    """

    pictures: Sequence[OpenPicture]
    learn: Sequence[Pair]
    held: Sequence[Pair]
    library: Sequence[OpenPicture]
    anchors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Course:
    """How to teach.

    Attributes
    ----------
    steps:
        At most; teaching ends before where held-out pairs gain nothing more.
    batch:
        Pairs of a step; as many library pictures and anchors again are held fast in each.
    rate:
        Highest learning rate; None: the method's own.
    keep:
        What staying as it was counts for, against learning (learning without forgetting: Li and
        Hoiem 2016, arXiv:1606.09282).
    rank:
        Of the matrices of ``lora``.
    check_every, patience:
        After how many steps the held-out pairs are asked, and how many such checks without gain
        end it.
    precision:
        ``auto``, ``fp32`` or ``bf16`` (mixed).
    """

    method: Method = Method.LORA
    steps: int = 200
    batch: int = 32
    rate: float | None = None
    keep: float = 4.0
    rank: int = 8
    check_every: int = 10
    patience: int = 6
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """Where teaching stood after a step: means since the check before, and of held-out pairs.

    ``drift`` is the mean cosine distance of library and anchors from where the parent has them.
    ``score`` is what is to be small: ``held_loss``, and drift by what it counts for. With
    six captions held out the loss alone says little, and says it too early.
    """

    step: int
    loss: float
    drift: float
    held_loss: float
    score: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Learnt:
    """How teaching went. ``best`` is the step whose weights were taken; 0: none was better."""

    checks: Sequence[Checked]
    best: int
    steps: int
    precision: str
    weights: int
    """How many numbers could change."""
