"""A or B: how likely somebody speaks in a shot, told from what is known of it. Plain numbers.

What is known are up to three things: which share of the shot speech lies over, what the pictures
look like to the active encoder, and how long the shot is. `chance_of_a` adds their evidence as
log-odds; `catalog.store.rolls` does the same in SQL for whole libraries. Where each
number is from stands in docs/roll.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["A", "B"]

VERSION = "2"
"""Goes up when the same shot would be told otherwise: then all are told anew."""
SCALE = 100.0
"""What cosines are multiplied by before the softmax: the largest temperature that CLIP allowed
itself in training, and where its descendants ended (Radford et al., "Learning transferable
visual models from natural language supervision", 2021, section 2.5)."""
TELLS_APART = 0.85
"""Share of wordings whose nearest other wording is on their own side, of an encoder that knows
what they say. One to which they are mere noise has about half of them so."""

SUREST = 0.999
"""No shot is told with more confidence: only a person is sure."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something a picture may show, in two wordings that share no word that matters."""

    side: Side
    wordings: tuple[str, str]


CUES: tuple[Cue, ...] = (
    Cue("A", ("a television presenter speaking to the camera", "an anchorwoman reads the news")),
    Cue("A", ("an interview, head and shoulders", "a guest answers a journalist's questions")),
    Cue(
        "A", ("a talking head before a plain wall", "close-up of somebody's face while explaining")
    ),
    Cue("A", ("a news desk in a television studio", "hosts sitting on the set of a broadcast")),
    Cue("A", ("a reporter with a microphone", "a correspondent doing a stand-up outdoors")),
    Cue("A", ("a speaker's name in a lower third", "name and job title captioned under a person")),
    Cue("A", ("a politician speaking at a lectern", "an official holds a press conference")),
    Cue("A", ("two people in conversation", "a man and a woman talking across a table")),
    Cue("B", ("a wide landscape without people", "mountains, fields and sky")),
    Cue("B", ("traffic on a city street", "cars passing buildings in a town")),
    Cue("B", ("a still life of an object", "a product lying on a surface, seen closely")),
    Cue("B", ("hands at work, no face in sight", "fingers operating a tool")),
    Cue("B", ("a crowd seen from afar", "many pedestrians in the distance")),
    Cue("B", ("an aerial view from a drone", "the ground from high above")),
    Cue("B", ("an animal in nature", "wildlife: birds, a dog, a horse")),
    Cue("B", ("an empty room", "the inside of a house with furniture and nobody there")),
    Cue("B", ("a chart or a map", "a diagram, graphics on a plain background")),
    Cue("B", ("athletes doing sports", "a match, a race or a dance in full swing")),
)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each thing counts, as log-odds of A.

    ``heard`` and ``share`` apply where it is known when somebody speaks, ``unheard`` where it
    is not, ``mute`` where there is no sound in which anybody could be heard. ``picture`` is
    taken times the log-odds of the softmax over the cues, which are held within ``most``;
    ``length`` times the natural logarithm of how often a shot is as long as ``usual`` seconds,
    held within ``shortest`` and ``longest``.
    """

    heard: float
    share: float
    unheard: float
    mute: float
    picture: float
    most: float
    length: float
    usual: float
    shortest: float
    longest: float


WEIGHTS = Weights(
    heard=-7.0,
    share=12.8,
    unheard=-0.5,
    mute=-2.5,
    picture=0.35,
    most=10.0,
    length=0.35,
    usual=4.0,
    shortest=0.5,
    longest=60.0,
)


def chance_of_a(
    *,
    share: float | None,
    picture: float | None,
    seconds: float,
    mute: bool = False,
    weights: Weights = WEIGHTS,
) -> float:
    """How likely the shot is A-roll.

    Parameters
    ----------
    share
        Of the shot, over which somebody speaks, in [0, 1]; None: not known.
    picture
        Log-odds that the pictures show somebody speaking, as `evidence` gives them; None: not
        known, or the encoder does not know such pictures.
    seconds
        How long the shot is; 0 of a still.
    mute
        Whether it is of a film without a sound track; counts where the share is not known.
    """
    w = weights
    untold = w.mute if mute else w.unheard
    odds = untold if share is None else w.heard + w.share * share
    if picture is not None:
        odds += w.picture * max(-w.most, min(w.most, picture))
    if seconds > 0:
        odds += w.length * math.log(max(w.shortest, min(w.longest, seconds)) / w.usual)
    # tanh does not overflow.
    return max(1 - SUREST, min(SUREST, 0.5 * (1 + math.tanh(odds / 2))))


def evidence(cosines: list[tuple[Side, float]]) -> float:
    """Log-odds of A against B by the softmax over cues, given as many of each side.

    ``cosines``: of a shot's pictures with each cue, on average. Zero-shot classification
    as CLIP's paper does it, with the scores of each side's cues added up.
    """
    sides: dict[Side, list[float]] = {"A": [], "B": []}
    for side, cosine in cosines:
        sides[side].append(math.exp(SCALE * (cosine - 1)))
    mean = {side: sum(values) / len(values) for side, values in sides.items()}
    return math.log(mean["A"]) - math.log(mean["B"])
