"""What a query asks of all its hits with ``sort:date`` or ``sound:…``: no part of the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.domain.ordering import Sort
from catalog.domain.query.characters import enquote
from catalog.domain.query.fields import SORT, SOUND
from catalog.domain.query.lexer import Kind, Token
from catalog.domain.query.mistakes import mistake, quoted
from catalog.errors import InvalidInputError, InvalidQueryError


@dataclass(frozen=True, slots=True)
class Whole:
    """What is asked of all hits: their order, and what is to be heard; None where nothing is."""

    sort: Sort | None = None
    sound: str | None = None
    sound_token: Token | None = field(default=None, compare=False)

    @property
    def parts(self) -> list[str]:
        """Their canonical texts."""
        sound = [] if self.sound is None else [f"{SOUND.name}:{enquote(self.sound)}"]
        return [*sound, *([] if self.sort is None else [f"{SORT.name}:{self.sort.text}"])]


def take_whole(query: str, tokens: Sequence[Token]) -> tuple[list[Token], Whole]:
    """The tokens without those that are about all hits, and what these ask.

    Raises
    ------
    InvalidQueryError
        If it is no order or no words, a second of its kind, negated, or within parentheses.
    """
    rest: list[Token] = []
    found: dict[str, Token] = {}
    depth = 0
    for token in tokens:
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.kind is not Kind.WHOLE or token.field is None:
            rest.append(token)
            continue
        name = token.field.name
        if depth > 0 or name in found or (rest and rest[-1].kind is Kind.MINUS):
            raise _misplaced(query, token)
        found[name] = token
    sort, sound = found.get(SORT.name), found.get(SOUND.name)
    return rest, Whole(
        None if sort is None else _read(query, sort),
        None if sound is None else _words(query, sound),
        sound,
    )


def refuse_sound(query: str, whole: Whole) -> None:
    """Refuse ``sound:…`` where no moments are looked for: it would do nothing.

    Raises
    ------
    InvalidQueryError
        If it is there.
    """
    token = whole.sound_token
    if token is not None:
        raise mistake(
            query,
            "Moments of sound are hits of a search alone; expected filters and words.",
            remedy="Search for it, with `catalog search` or on the page, or leave it out.",
            start=token.start,
            end=token.end,
        )


def _words(query: str, token: Token) -> str:
    text = " ".join(token.items[0].text.split())
    if len(token.items) == 1 and text:
        return text
    raise mistake(
        query,
        f"{quoted(query[token.items[0].start : token.items[-1].end])} is nothing to be heard: "
        f"expected {SOUND.expected}.",
        remedy=f"Write it like {SOUND.example}.",
        start=token.start,
        end=token.end,
    )


def _read(query: str, token: Token) -> Sort:
    start, end = token.items[0].start, token.items[-1].end
    text = token.items[0].text if len(token.items) == 1 else query[start:end]
    try:
        return Sort.of(text)
    except InvalidInputError as error:
        wrong_way = text.lower() == "relevance:asc"
        raise mistake(
            query,
            error.message
            if wrong_way
            else f"{quoted(text)} is no order: expected {SORT.expected}, "
            "with :asc or :desc behind it or not.",
            remedy=f"Write it like {SORT.example}.",
            start=start,
            end=max(end, start + 1),
        ) from error


def _misplaced(query: str, token: Token) -> InvalidQueryError:
    field = token.field or SORT
    what = "The order is one of all hits" if field is SORT else "The sound is that of all hits"
    return mistake(
        query,
        f"{what}: it stands once, outside parentheses, with no - before it.",
        remedy=f"Put it at the end of the query, like {field.example}.",
        start=token.start,
        end=token.end,
    )
