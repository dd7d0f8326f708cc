"""What each picture cue adds, on shots whose speech is that of generated footage.

No weights of a large encoder are at hand, so the pictures are stand-ins: each shot shows one cue
of its side, and its cosines with the cues are drawn, ``OWN`` on average with its own and
``OTHER`` with the rest. What is measured is what the weights make of such cosines, and what a cue
is worth to the shots that show it; not how well any encoder sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from catalog.domain.roll import CUES, Side, chance_of_a, evidence

OWN, OTHER, SPREAD = 0.25, 0.21, 0.02
_ROUNDS = 20
WAYS = ("speech", "nobody listened", "mute")

Made = tuple[Side, float | None, float]
"""A shot: its roll, the share of it with speech over it, and its length in seconds."""


def measured(shots: Sequence[Made], seed: int) -> dict[str, Any]:
    """Accuracy with all cues, with none, and without each, by what is known of speech.

    ``cues``: of the shots that show it, with all cues and without it, where nobody listened.
    """
    rng = np.random.default_rng(seed)
    shots = list(shots) * _ROUNDS
    sides = np.array([side for side, _, _ in shots])
    shown = np.empty(len(shots), dtype=int)
    for side in ("A", "B"):
        mine = [at for at, cue in enumerate(CUES) if cue.side == side]
        shown[sides == side] = rng.choice(mine, size=int((sides == side).sum()))
    cosines = rng.normal(OTHER, SPREAD, (len(shots), len(CUES)))
    cosines[np.arange(len(shots)), shown] += OWN - OTHER

    def right(way: str, left_out: int | None) -> np.ndarray:
        cues = [at for at in range(len(CUES)) if at != left_out]
        return np.array([
            _told(shot, [(CUES[at].side, float(row[at])) for at in cues], way) == shot[0]
            for shot, row in zip(shots, cosines, strict=True)
        ])  # fmt: skip

    silent = {way: _without(shots, way) for way in WAYS}
    whole = {way: right(way, None) for way in WAYS}
    cues = []
    for at, cue in enumerate(CUES):
        mine = shown == at
        cues.append({
            "side": cue.side,
            "cue": cue.wordings[0],
            "shots": int(mine.sum()) // _ROUNDS,
            "with": round(float(whole[WAYS[1]][mine].mean()), 3),
            "without": round(float(right(WAYS[1], at)[mine].mean()), 3),
        })  # fmt: skip
    return {
        "ways": {
            way: {"pictures": round(float(whole[way].mean()), 3), "none": silent[way]}
            for way in WAYS
        },
        "cues": cues,
    }


def _told(shot: Made, cosines: list[tuple[Side, float]] | None, way: str) -> Side:
    _, share, seconds = shot
    chance = chance_of_a(
        share=share if way == WAYS[0] else None,
        picture=None if cosines is None else evidence(cosines),
        seconds=seconds,
        mute=way == WAYS[2],
    )
    return "A" if chance >= 0.5 else "B"


def _without(shots: Sequence[Made], way: str) -> float:
    return round(float(np.mean([_told(shot, None, way) == shot[0] for shot in shots])), 3)


def print_table(found: dict[str, Any]) -> None:
    """Tables as docs/roll.md has them."""
    print("| of speech is known | without pictures | with |\n|---|---|---|")
    for way, row in found["ways"].items():
        print(f"| {way} | {row['none']:.3f} | {row['pictures']:.3f} |")
    print("\n| cue | side | shots | with all cues | without this one |\n|---|---|---|---|---|")
    for row in found["cues"]:
        figures = f"{row['with']:.3f} | {row['without']:.3f}"
        print(f"| {row['cue']} | {row['side']} | {row['shots']} | {figures} |")
