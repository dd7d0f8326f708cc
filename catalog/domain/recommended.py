"""What is proposed for a script: plain values with one JSON form each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.domain.results import Notice
from catalog.domain.script import Line, Script
from catalog.errors import InvalidInputError

Roll = Literal["A", "B"]
MOST_TAKEN = 20
"""Proposals per line and roll, at most."""

_PAIR = re.compile(r"\s*([0-9]{1,6})\s*=\s*([0-9]{1,18})\s*")
_CLIP = re.compile(r"\s*([0-9]{1,18})\s*")


@dataclass(frozen=True, slots=True)
class Pick:
    """A clip of a line, or (``line`` None) of all lines."""

    clip: int
    line: int | None = None

    def __str__(self) -> str:
        return str(self.clip) if self.line is None else f"{self.line}={self.clip}"


def lock_of(text: str) -> Pick:
    """A lock as it is written: ``LINE=CLIP``.

    Raises
    ------
    InvalidInputError
        If it is none.
    """
    found = _PAIR.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            f"{text[:40]!r} is no lock; expected LINE=CLIP, such as 3=117.",
            remedy="Lines and clips have their numbers in the plan.",
        )
    return Pick(int(found[2]), int(found[1]))


def avoided_of(text: str) -> Pick:
    """What is not to be proposed as it is written: ``CLIP``, or ``LINE=CLIP`` for one line.

    Raises
    ------
    InvalidInputError
        If it is neither.
    """
    alone = _CLIP.fullmatch(text)
    if alone is not None:
        return Pick(int(alone[1]))
    if _PAIR.fullmatch(text) is None:
        raise InvalidInputError(
            f"{text[:40]!r} names nothing to avoid; expected CLIP or LINE=CLIP, such as 3=117.",
            remedy="Lines and clips have their numbers in the plan.",
        )
    return lock_of(text)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A clip for a line, and why.

    ``score`` is how well it fits, in [0, 1], of what there is for this line, less what looks
    like it nearby. ``cosine`` compares the line with its picture (B) or with what is said (A);
    ``confidence`` says how far that stands out of the library. ``words`` are the line's words
    that its texts or its speech have. ``use`` is what of the asset to take.
    """

    rank: int
    score: float
    clip: Mapping[str, Any]
    use: Mapping[str, Any]
    reason: str
    cosine: float | None = None
    confidence: float | None = None
    words: tuple[str, ...] = ()
    long_enough: bool = True
    locked: bool = False

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "rank": self.rank,
            "score": self.score,
            "cosine": self.cosine,
            "confidence": self.confidence,
            "words": list(self.words),
            "long_enough": self.long_enough,
            "locked": self.locked,
            "reason": self.reason,
            "use": dict(self.use),
            "clip": dict(self.clip),
        }


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line and what is proposed for it, best first."""

    line: Line
    a_roll: tuple[Proposal, ...] = ()
    b_roll: tuple[Proposal, ...] = ()

    def of(self, roll: Roll) -> tuple[Proposal, ...]:
        """The proposals of one roll."""
        return self.a_roll if roll == "A" else self.b_roll

    def as_json(self) -> dict[str, Any]:
        """JSON form: the line's own, with ``a_roll`` and ``b_roll``."""
        return {
            **self.line.as_json(),
            "a_roll": [each.as_json() for each in self.a_roll],
            "b_roll": [each.as_json() for each in self.b_roll],
        }


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What is proposed for a whole script.

    The first proposal of each line and roll is the plan; the others are there to choose from.
    """

    script: Script
    lines: tuple[PlannedLine, ...]
    encoder: str | None
    took_ms: float
    notices: tuple[Notice, ...] = ()
    bin: Mapping[str, Any] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog recommend --json`` prints it."""
        body: dict[str, Any] = {
            "kind": self.script.kind,
            "seconds": self.script.seconds,
            "encoder": self.encoder,
            "took_ms": round(self.took_ms, 2),
            "lines": [each.as_json() for each in self.lines],
            "notices": [each.as_json() for each in self.notices],
        }
        if self.bin is not None:
            body["bin"] = {key: self.bin[key] for key in ("id", "name")}
        return body

    def items(self) -> list[dict[str, Any]]:
        """The plan as items of a bin, in order: what says each line, then what shows it."""
        return [
            {
                "clip": first.clip["id"],
                "note": _note(planned.line, first),
                "roll": roll,
                "line": planned.line.number,
                **_used(roll, first),
            }
            for planned in self.lines
            for roll in ("A", "B")
            for first in planned.of(roll)[:1]
        ]


def _used(roll: str, proposal: Proposal) -> dict[str, Any]:
    """In and out, where they are not the clip's own."""
    still = proposal.clip["asset"]["kind"] == "still"
    if roll == "A" or still or not proposal.use.get("trimmed"):
        return {}
    return {"start": proposal.use["start"], "end": proposal.use["end"]}


def _note(line: Line, proposal: Proposal) -> str:
    text = line.text if len(line.text) <= 400 else f"{line.text[:399]}…"
    return f"{line.number}. {text} ({proposal.score:.2f})"


def check_picks(picks: Sequence[Pick], lines: int, what: str) -> None:
    """Refuse what speaks of a line that there is not.

    Raises
    ------
    InvalidInputError
        If one does.
    """
    for pick in picks:
        if pick.line is not None and not 1 <= pick.line <= lines:
            raise InvalidInputError(
                f"{pick} {what} a clip of line {pick.line}; the script has {lines} lines.",
                remedy="Take the number from the plan; it changes when the script does.",
            )
