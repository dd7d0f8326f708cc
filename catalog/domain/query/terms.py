"""A query cut into what must all hold, as it was typed: so that one can be taken out or put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from catalog.domain.query.lexer import Kind, Token, tokenize
from catalog.domain.query.parser import parse
from catalog.errors import InvalidQueryError


@dataclass(frozen=True, slots=True)
class Term:
    """One of the parts of a query that all must hold."""

    text: str
    """As it was typed, with the ``-`` before it."""
    is_filter: bool = False
    """Whether it is one ``field:value``, wanted or not."""


def terms(text: str) -> tuple[Term, ...]:
    """The parts of a query that all must hold, in order; their texts joined by blanks say the same.

    Alternatives are one part, in parentheses. A query that cannot be read is cut at its blanks.
    """
    try:
        parse(text, sounds=True)
        tokens = tokenize(text)
    except InvalidQueryError:
        return tuple(Term(word) for word in text.split())
    wholes = [Term(token.text) for token in tokens if token.kind is Kind.WHOLE]
    rest = [token for token in tokens if token.kind is not Kind.WHOLE]
    parts = list(_parts(rest))
    if any(part[0].kind is Kind.OR for part in parts):
        return (Term(f"({_typed(text, rest)})"), *wholes)
    return (
        *(
            Term(_typed(text, part), part[-1].kind is Kind.FILTER)
            for part in parts
            if part[0].kind is not Kind.AND
        ),
        *wholes,
    )


def _parts(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Runs of tokens that belong together: a term with its ``-``, or an operator."""
    first = depth = 0
    for at, token in enumerate(tokens):
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if depth <= 0 and token.kind is not Kind.MINUS:
            yield tokens[first : at + 1]
            first = at + 1
    if first < len(tokens):
        yield tokens[first:]


def _typed(text: str, tokens: Sequence[Token]) -> str:
    """The tokens as they were typed, without what stands between those that are left."""
    typed = text[tokens[0].start : tokens[0].end]
    for before, token in pairwise(tokens):
        apart = " " if token.start > before.end else ""
        typed += apart + text[token.start : token.end]
    return typed
