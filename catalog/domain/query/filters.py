"""From a filter's token to its typed values."""

from __future__ import annotations

import re
from datetime import datetime

from catalog.domain.query.characters import enquote, needs_quotes
from catalog.domain.query.dates import read_dates, spell_dates
from catalog.domain.query.field import Field
from catalog.domain.query.field_types import FieldType, Op
from catalog.domain.query.lexer import Token
from catalog.domain.query.mistakes import SpellingError, mistake, quoted
from catalog.domain.query.nodes import (
    Circle,
    DateRange,
    Filter,
    NumberRange,
    Span,
    TextMatch,
    Value,
)
from catalog.domain.query.places import read_circle, spell_circle
from catalog.domain.query.scalars import read_numbers, spell_numbers
from catalog.domain.query.values import Item

_TIMECODE = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{2,3}")


def read_filter(token: Token, query: str, now: datetime) -> Filter:
    """The filter a token spells; raises :class:`InvalidQueryError` at the value that is wrong."""
    if token.field is None:
        raise ValueError("only a filter's token has a field")
    if token.field.op is Op.NEAR:
        return _read_near(token, token.field, query)
    values = []
    for item in token.items:
        try:
            values.append(_read_value(token.field, item, now))
        except SpellingError as error:
            start, end = _place(query, item)
            raise mistake(
                query,
                _complaint(token.field, item, str(error)),
                remedy=_remedy(token.field, item),
                start=start,
                end=end,
            ) from error
    return Filter(token.field, tuple(values), token.key, Span(token.start, token.end))


def _read_near(token: Token, field: Field, query: str) -> Filter:
    """Places of several parts, which commas separate as elsewhere values; OR between places."""
    places: list[list[Item]] = []
    for item in token.items:
        if item.after_or or not places:
            places.append([])
        places[-1].append(item)
    circles = []
    for parts in places:
        try:
            circles.append(read_circle([item.text for item in parts]))
        except SpellingError as error:
            because = str(error) or f"expected {field.expected}"
            alone = len(places) == 1
            raise mistake(
                query,
                f"{quoted(','.join(item.text for item in parts))} is no place: {because}.",
                remedy=f"Write it like {field.example}.",
                start=token.start if alone else parts[0].start,
                end=token.end if alone else parts[-1].end,
            ) from error
    return Filter(field, tuple(circles), token.key, Span(token.start, token.end))


def spell_filter(node: Filter) -> str:
    """The filter's text, with the field's canonical name."""
    values = [_spell_value(node.field, value) for value in node.values]
    if node.op is Op.NEAR and len(values) > 1:
        # A place has commas of its own.
        return f"{node.name}:({' OR '.join(values)})"
    return f"{node.name}:" + ",".join(values)


def _place(query: str, item: Item) -> Span:
    """Where to point: at the item, or where there is none at the comma beside it."""
    if item.start < item.end:
        return Span(item.start, item.end)
    comma = item.start if query[item.start : item.start + 1] == "," else item.start - 1
    return Span(comma, comma + 1)


def _complaint(field: Field, item: Item, reason: str) -> str:
    if not item.text:
        return f"A value of {field.name} is empty: expected {field.expected}."
    because = reason or f"expected {field.expected}"
    return f"{quoted(item.text)} is no value for {field.name}: {because}."


def _remedy(field: Field, item: Item) -> str:
    if item.text:
        return f"Write it like {field.example}."
    if field.type is FieldType.TEXT and not field.keyed and item.pieces:
        return f"For those without any write -{field.name}:*."
    return f"Write it like {field.example}; no spaces around commas."


def _read_value(field: Field, item: Item, now: datetime) -> Value:
    if not item.text:
        raise SpellingError
    match field.op:
        case Op.MATCHES:
            return _read_text(field, item)
        case Op.IS:
            return _read_choice(field, item.text)
        case Op.BETWEEN:
            return read_numbers(field, item.text)
        case Op.DURING:
            return read_dates(item.text, now)
        case Op.NEAR:
            return read_circle([item.text])


def _spell_value(field: Field, value: Value) -> str:
    match value:
        case TextMatch(parts=parts):
            return "*".join(
                enquote(part) if part and needs_quotes(part) else part for part in parts
            )
        case NumberRange():
            return spell_numbers(field, value)
        case DateRange():
            return spell_dates(value)
        case Circle():
            return spell_circle(value)
        case choice:
            return choice.lower()


def _read_choice(field: Field, text: str) -> str:
    wanted = field.synonyms.get(text.lower(), text).lower()
    for choice in field.choices:
        if choice.lower() == wanted:
            return choice
    raise SpellingError


def _read_text(field: Field, item: Item) -> TextMatch:
    first = item.pieces[0]
    if first.bare and first.text[0] in "<>=":
        raise SpellingError("a text that begins with < > or = must be quoted")
    match = TextMatch(_literal_parts(item))
    if field.type is FieldType.TIMECODE:
        return _checked_timecode(match)
    if field.type is FieldType.WORDS:
        return _checked_words(match)
    if match.exact is None:
        return match
    if field.type is FieldType.PATH:
        return TextMatch((match.exact.rstrip("/") or match.exact,))
    return TextMatch((field.synonyms.get(match.exact.lower(), match.exact),))


def _literal_parts(item: Item) -> tuple[str, ...]:
    """The texts between the wildcards; neighbouring wildcards are one."""
    parts = [""]
    for piece in item.pieces:
        first, *others = re.split(r"\*+", piece.text) if piece.bare else [piece.text]
        parts[-1] += first
        parts.extend(others)
    # Wildcards on both sides of a quote that holds nothing leave an empty part between.
    inner = [part for part in parts[1:-1] if part]
    return (parts[0], *inner, parts[-1]) if len(parts) > 1 else (parts[0],)


def _checked_words(match: TextMatch) -> TextMatch:
    """A word, a phrase, the beginning of a word, or any words: an index of words knows no more."""
    if match.exact is None and not match.anything:
        first, *others = match.parts
        if others != [""] or not first or len(first.split()) != 1:
            raise SpellingError("a * may stand only at the end of one word")
    elif match.exact is not None and not match.exact.strip():
        raise SpellingError
    return match


def _checked_timecode(match: TextMatch) -> TextMatch:
    """Drop-frame or not is the essence's business: the separator is always a colon here."""
    parts = tuple(re.sub(r"[;.]", ":", part) for part in match.parts)
    if len(parts) == 1 and not _TIMECODE.fullmatch(parts[0]):
        raise SpellingError
    if not all(re.fullmatch(r"[0-9:]*", part) for part in parts):
        raise SpellingError
    return TextMatch(parts)
