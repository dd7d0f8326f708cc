"""From characters to tokens.

Free text comes in any script, with any punctuation. So a character only means
something special where a term begins: ``-`` in *B-roll*, a quote in *5"* or
*צה"ל* and a colon in *12:30* are just characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from catalog.domain.query.characters import (
    CLOSE,
    OPEN,
    OPERATORS,
    QUOTES,
    enquote,
    is_space,
    is_within_word,
    read_quoted,
    stray_quote,
)
from catalog.domain.query.field import Field
from catalog.domain.query.fields import WHOLE, find_field, nearest_field
from catalog.domain.query.mistakes import mistake, quoted
from catalog.domain.query.values import Item, ValueReader
from catalog.errors import InvalidQueryError

_FIELD = re.compile(r"([^\W\d_][\w-]*)((?:\.[\w-]+)*\.?)([:：])")
# A key of metadata that is no plain word: meta."Encoded by":…
_QUOTED_KEY = re.compile(r'([^\W\d_]+)(\.)"((?:[^"\\]|\\.)+)"([:：])', re.DOTALL)


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    PHRASE = auto()
    FILTER = auto()
    WHOLE = auto()
    MINUS = auto()
    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    AND = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``field``, ``key`` and ``items`` are a filter's or an order's."""

    kind: Kind
    text: str
    start: int
    end: int
    field: Field | None = None
    key: str = ""
    items: tuple[Item, ...] = ()


def tokenize(text: str) -> list[Token]:
    """The tokens of a query; raises :class:`InvalidQueryError`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if is_space(text[position]):
            position += 1
            continue
        after_minus = bool(tokens) and tokens[-1].kind is Kind.MINUS
        token = _token_at(text, position, after_minus=after_minus)
        tokens.append(token)
        position = token.end
    return tokens


def _token_at(text: str, start: int, *, after_minus: bool) -> Token:
    char = text[start]
    if char in OPEN or char in CLOSE:
        return Token(Kind.OPEN if char in OPEN else Kind.CLOSE, char, start, start + 1)
    if char in QUOTES:
        phrase, end = read_quoted(text, start)
        return Token(Kind.PHRASE, phrase, start, end)
    if char == "-" and not after_minus and _begins_term(text, start + 1):
        return Token(Kind.MINUS, char, start, start + 1)
    return _filter_at(text, start) or _word_at(text, start, after_minus=after_minus)


def _begins_term(text: str, position: int) -> bool:
    """Whether what follows a ``-`` can be negated; else the ``-`` is punctuation."""
    following = text[position : position + 1]
    return bool(following) and not is_space(following) and following not in CLOSE + "-"


def _word_at(text: str, start: int, *, after_minus: bool) -> Token:
    end = start
    while end < len(text) and not is_space(text[end]) and text[end] not in OPEN + CLOSE:
        if text[end] == '"' and not is_within_word(text, end):
            raise stray_quote(text, end)
        end += 1
    word = text[start:end]
    # "-OR" can only mean the word: an operator is nothing one could leave out.
    kind = Kind[word] if word in OPERATORS and not after_minus else Kind.WORD
    return Token(kind, word, start, end)


# --- filters --------------------------------------------------------------------


def _filter_at(text: str, start: int) -> Token | None:
    """The ``field:value`` that begins there; None when it is a word with a colon in it."""
    found = _FIELD.match(text, start)
    if found is None:
        return _keyed_at(text, start)
    name, dotted, colon = found.groups()
    whole = next((each for each in WHOLE if each.name == name.lower()), None)
    field, key = whole or find_field(name), dotted[1:]
    if field is None or field.keyed != bool(key) or (dotted and not field.keyed):
        if colon == ":" and _looks_like_filter(text, found.end()):
            raise _unknown_field(text, start, found.end() - 1)
        return None
    items, end = ValueReader(text, found.end(), name + dotted).read()
    if not items:
        raise _empty_value(text, field, start, found.end())
    kind = Kind.FILTER if whole is None else Kind.WHOLE
    return Token(kind, text[start:end], start, end, field, key, items)


def _keyed_at(text: str, start: int) -> Token | None:
    """The filter whose key stands in quotes; None when it is something else."""
    found = _QUOTED_KEY.match(text, start)
    field = None if found is None else find_field(found[1])
    if found is None or field is None or not field.keyed:
        return None
    key, _ = read_quoted(text, found.end(2))
    items, end = ValueReader(text, found.end(), text[start : found.start(4)]).read()
    if not items:
        raise _empty_value(text, field, start, found.end())
    return Token(Kind.FILTER, text[start:end], start, end, field, key, items)


def _looks_like_filter(text: str, position: int) -> bool:
    """Whether an unknown name before a colon was meant as a field.

    Not in *note: something*, *http://…* or *std::vector*. A full-width colon is
    everyday punctuation in Chinese and Japanese and is never held against anybody.
    """
    following = text[position : position + 1]
    return (
        bool(following)
        and not is_space(following)
        and following not in CLOSE + ":"
        and not text.startswith("//", position)
    )


def _unknown_field(text: str, start: int, colon: int) -> InvalidQueryError:
    name = text[start:colon]
    end = colon
    meant = None
    while end < len(text) and not is_space(text[end]) and text[end] not in '()"':
        end += 1
    if name.lower().rstrip(".") == "meta":
        hint = "Name the metadata's key, like meta.camera:FX6."
    elif near := nearest_field(name):
        hint = f"Did you mean {near}{text[colon:end]}?"
        meant = text[:start] + near + text[colon:]
    else:
        hint = "catalog search --fields lists them."
    return mistake(
        text,
        f"There is no field {quoted(name)}.",
        remedy=f"{hint} To search for the text itself, quote it: {enquote(text[start:end])}.",
        start=start,
        end=colon,
        meant=meant,
    )


def _empty_value(text: str, field: Field, start: int, end: int) -> InvalidQueryError:
    return mistake(
        text,
        f"{quoted(text[start:end])} has no value after the colon: expected {field.expected}.",
        remedy=f"Write the value right after the colon, like {field.example}, "
        f"or quote the text to search for it: {enquote(text[start:end])}.",
        start=start,
        end=end,
    )
