"""What is refused before anything is asked: a page of nothing, a query of nothing."""

from __future__ import annotations

from catalog.domain.examples import Examples
from catalog.domain.query import Query, parse
from catalog.errors import InvalidInputError, InvalidQueryError

MAX_LIMIT = 1000


def check_limit(limit: int) -> None:
    """Refuse a page of nothing, or of more than a page can be.

    Raises
    ------
    InvalidInputError
        If the limit is not from 1 to 1000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInputError(
            f"A limit of {limit} was asked for; expected 1 to {MAX_LIMIT}.",
            remedy="Page on with the cursor in `next` for more.",
        )


def parsed_query(query: str, examples: Examples) -> Query:
    """The query's tree, which may be empty only where there are examples.

    Raises
    ------
    InvalidQueryError
        If it does not parse, or is empty.
    """
    parsed = parse(query)
    check_not_empty(parsed, examples)
    return parsed


def check_not_empty(parsed: Query, examples: Examples) -> None:
    """Refuse a query of nothing, unless there are examples.

    Raises
    ------
    InvalidQueryError
        If it is empty.
    """
    if parsed.root is None and not examples:
        raise InvalidQueryError(
            'The query is empty; expected words, a "phrase" or a field:value filter.',
            remedy="Say what the picture should show, or list all with `catalog assets`.",
            position=0,
            length=0,
            query=parsed.text,
        )
