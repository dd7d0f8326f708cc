"""The order a query asks for with ``sort:date``: about all of it, and so no part of the tree."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.domain.ordering import Sort
from catalog.domain.query.fields import SORT
from catalog.domain.query.lexer import Kind, Token
from catalog.domain.query.mistakes import mistake, quoted
from catalog.errors import InvalidInputError, InvalidQueryError


def take_sort(query: str, tokens: Sequence[Token]) -> tuple[list[Token], Sort | None]:
    """The tokens without the one that says the order, and the order.

    Raises
    ------
    InvalidQueryError
        If it is no order, a second one, negated, or within parentheses.
    """
    rest: list[Token] = []
    sort: Sort | None = None
    depth = 0
    for token in tokens:
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.kind is not Kind.SORT:
            rest.append(token)
            continue
        if depth > 0 or sort is not None or (rest and rest[-1].kind is Kind.MINUS):
            raise _misplaced(query, token)
        sort = _read(query, token)
    return rest, sort


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
    return mistake(
        query,
        "The order is one of all hits: it stands once, outside parentheses, with no - before it.",
        remedy=f"Put it at the end of the query, like {SORT.example}.",
        start=token.start,
        end=token.end,
    )
