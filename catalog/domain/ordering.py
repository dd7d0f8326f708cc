"""How hits are put in order: what each ranking weighs, and by what else they can be sorted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import InvalidInputError

_MOST = 1000.0
# Most queries say what a picture should show: what is said comes behind the best of those.
SPEECH = 0.8
# Whether the greatest comes first where nothing else is said.
_DESCENDING = {"relevance": True, "date": True, "name": False, "duration": True}


@dataclass(frozen=True, slots=True)
class Weights:
    """What a place counts for in the score: of pictures, of keyword matches, of what is said."""

    meaning: float = 1.0
    words: float = 1.0
    speech: float = SPEECH

    @classmethod
    def of(cls, given: str | Mapping[str, float] | Weights | None) -> Weights:
        """Read ``meaning=1,words=0.5`` (or a mapping); what is not named counts as usual.

        Raises
        ------
        InvalidInputError
            If a name is none of the three, or a weight is no number from 0 to 1000, or all are 0.
        """
        if isinstance(given, Weights):
            return given
        try:
            pairs = (
                [each.split("=") for each in given.split(",")]
                if isinstance(given, str)
                else list((given or {}).items())
            )
            # PostgreSQL has no numbers so small that a share of them would be none.
            values = {str(name).strip(): round(float(value), 9) for name, value in pairs}
            # Pictures and words at 0 ask for speech alone, which is to be said.
            given_up = not any(values.get(name, 1) for name in ("meaning", "words"))
            weights = cls(**({"speech": 0.0} if given_up else {}) | values)
        except (TypeError, ValueError, AttributeError) as error:
            raise _no_weights(given) from error
        numbers = (weights.meaning, weights.words, weights.speech)
        if not all(math.isfinite(n) and 0 <= n <= _MOST for n in numbers) or not any(numbers):
            raise _no_weights(given)
        return weights


@dataclass(frozen=True, slots=True)
class Sort:
    """By what hits are sorted: ``relevance``, ``date``, ``name`` or ``duration``."""

    by: str
    descending: bool

    @property
    def text(self) -> str:
        """What `of` reads, without the direction where it is the usual one."""
        usual = self.descending == _DESCENDING[self.by]
        return self.by if usual else f"{self.by}:{'desc' if self.descending else 'asc'}"

    @classmethod
    def of(cls, text: str) -> Sort:
        """Read ``date``, ``date:asc``, ``name:desc``, …

        Raises
        ------
        InvalidInputError
            If it is none of these.
        """
        by, _, way = text.lower().partition(":")
        if by not in _DESCENDING or way not in ("", "asc", "desc") or text.endswith(":"):
            raise InvalidInputError(
                f"{text[:40]!r} is no order; expected one of {', '.join(_DESCENDING)}, "
                "with :asc or :desc behind it or not.",
                remedy="Write --sort date, or --sort date:asc.",
            )
        if by == "relevance" and way == "asc":
            raise InvalidInputError(
                "Hits go from the most relevant down; expected relevance or relevance:desc.",
                remedy="Leave :asc out.",
            )
        return cls(by, way == "desc" if way else _DESCENDING[by])


def _no_weights(given: object) -> InvalidInputError:
    return InvalidInputError(
        f"{str(given)[:60]!r} are no weights; expected meaning=…,words=…,speech=… "
        "with numbers from 0 to 1000, not all 0.",
        remedy="Write --weights meaning=1,words=0.5,speech=0.5.",
    )
