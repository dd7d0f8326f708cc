"""What stands under the cursor of the query box: the beginning of a field, or of a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.domain.query.field import Field
from catalog.domain.query.fields import FIELDS, SORT, WHOLE, find_field

_ORDERS = ("date", "date:asc", "duration", "duration:asc", "name", "name:desc", "relevance")


@dataclass(frozen=True, slots=True)
class Begun:
    """A term that is being typed, from ``start`` to ``end`` (characters of the query).

    ``head`` is what stands before the part that can be completed, ``word`` that part;
    ``field`` is None where no field is named yet. ``rest`` is the query without the term.
    """

    start: int
    end: int
    head: str
    word: str
    field: Field | None
    rest: str

    @classmethod
    def at(cls, query: str, cursor: int) -> Begun:
        """The term that ends at the cursor."""
        cursor = max(0, min(cursor, len(query)))
        start = _start_of_term(query[:cursor])
        term = query[start:cursor]
        minus = "-" if term.startswith("-") else ""
        name, colon, value = term.removeprefix("-").partition(":")
        whole = next((each for each in WHOLE if each.name == name.lower()), None)
        field = whole or find_field(name.partition(".")[0])
        rest = f"{query[:start]} {query[cursor:]}".strip()
        if not colon or field is None:
            return cls(start, cursor, minus, term.removeprefix("-"), None, rest)
        done, comma, word = value.rpartition(",")
        head = f"{minus}{name}:{done}{comma}"
        return cls(start, cursor, head, word.lstrip('"'), field, rest)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the term can become. ``open``: it goes on from there (``tag:``), no blank follows."""

    text: str
    about: str = ""
    shots: int | None = None
    open: bool = False

    def as_json(self) -> dict[str, object]:
        """JSON form: ``text``, ``about``, ``shots``, ``open``."""
        return {"text": self.text, "about": self.about, "shots": self.shots, "open": self.open}


def fields_begun(begun: Begun) -> Sequence[Suggestion]:
    """The fields whose name, or other name, begins so."""
    word = begun.word.lower()
    return [
        Suggestion(f"{begun.head}{field.name}:", field.about, open=True)
        for field in (*FIELDS, *WHOLE)
        if word and any(name.startswith(word) for name in (field.name, *field.aliases))
    ]


def choices_begun(begun: Begun) -> Sequence[Suggestion]:
    """The values that the field itself has, whatever is in the catalogue."""
    field = begun.field
    if field is None:
        return []
    values = _ORDERS if field is SORT else tuple(choice.lower() for choice in field.choices)
    word = begun.word.lower()
    return [Suggestion(f"{begun.head}{value}") for value in values if value.startswith(word)]


def _start_of_term(before: str) -> int:
    """Where the term begins: behind the last blank or parenthesis that is not within quotes."""
    start, quoted = 0, False
    for at, char in enumerate(before):
        if char == '"' and not before[:at].endswith("\\"):
            quoted = not quoted
        elif not quoted and (char.isspace() or char in "(（"):
            start = at + 1
    return start
