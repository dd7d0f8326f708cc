"""Lines: what is said or shown while one thought lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from catalog.domain.script.pace import WORDS_A_MINUTE, reading_seconds
from catalog.domain.script.words import Term, names_of, terms_of
from catalog.errors import InvalidInputError

ScriptKind = Literal["text", "fountain", "docx", "srt"]
MOST_LINES = 500
MOST_CHARACTERS = 300_000


@dataclass(frozen=True, slots=True)
class Beat:
    """A piece of a script before it has a number.

    ``said``: it is read out or spoken, by ``speaker`` where the script names one; else it
    describes what is to be seen. ``seconds`` is None where nobody has said how long it takes.
    """

    text: str
    said: bool = True
    speaker: str | None = None
    scene: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a script: its number from 1, and how many seconds it takes."""

    number: int
    text: str
    said: bool
    speaker: str | None
    scene: str | None
    seconds: float
    names: tuple[str, ...]
    terms: tuple[Term, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "number": self.number,
            "text": self.text,
            "kind": "said" if self.said else "shown",
            "speaker": self.speaker,
            "scene": self.scene,
            "seconds": self.seconds,
            "names": list(self.names),
        }


@dataclass(frozen=True, slots=True)
class Script:
    """All lines of a script, in order; ``source`` is the text they were read of."""

    kind: ScriptKind
    lines: tuple[Line, ...]
    source: str = ""

    @property
    def seconds(self) -> float:
        """How long it takes in all."""
        return round(sum(line.seconds for line in self.lines), 2)


def numbered(
    kind: ScriptKind,
    beats: Sequence[Beat],
    words_a_minute: float = WORDS_A_MINUTE,
    *,
    source: str = "",
) -> Script:
    """The beats as lines, each with its reading time.

    Raises
    ------
    InvalidInputError
        If there are none, or too many.
    """
    if not beats:
        raise InvalidInputError(
            "The script has no line; expected sentences that are said or shown.",
            remedy="Give plain text, Fountain, a .docx or an .srt with at least one sentence.",
        )
    if len(beats) > MOST_LINES:
        raise InvalidInputError(
            f"The script has {len(beats)} lines; expected {MOST_LINES} at most.",
            remedy="Give it in parts, one story or one reel at a time.",
            limit=MOST_LINES,
        )
    lines = tuple(_line(n, beat, words_a_minute) for n, beat in enumerate(beats, 1))
    return Script(kind, lines, source)


def _line(number: int, beat: Beat, words_a_minute: float) -> Line:
    names = names_of(beat.text)
    if beat.speaker is not None:
        names = tuple(dict.fromkeys((beat.speaker, *names)))
    seconds = beat.seconds
    return Line(
        number,
        beat.text,
        beat.said,
        beat.speaker,
        beat.scene,
        reading_seconds(beat.text, words_a_minute) if seconds is None else round(seconds, 2),
        names,
        terms_of(beat.text, names),
    )
