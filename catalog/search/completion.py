"""Completing what is typed into the query box, from the fields and from the data."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.engine import Database
from catalog.domain.query import FIELDS, Field, parse
from catalog.domain.query.completion import Begun, Suggestion, choices_begun, fields_begun
from catalog.errors import InvalidInputError
from catalog.search.facets import count_values
from catalog.store.facets import countable

MOST = 12
# Fields whose values are worth offering before anybody has named the field.
_OFFERED = tuple(field.name for field in FIELDS if field.name in ("tag", "collection"))
_SHORTEST = 2


def complete(database: Database, query: str, cursor: int) -> tuple[Begun, Sequence[Suggestion]]:
    """The term under the cursor, and what it can become: at most a dozen, the likeliest first."""
    begun = Begun.at(query, cursor)
    if begun.field is not None:
        found = [*choices_begun(begun)]
        if not found and begun.field.name in countable():
            found = _values(database, begun, begun.field, begun.head)
        return begun, found[:MOST]
    found = [*fields_begun(begun)]
    if len(begun.word) >= _SHORTEST and not begun.word.startswith('"'):
        for field in FIELDS:
            if field.name in _OFFERED:
                found += _values(database, begun, field, f"{begun.head}{field.name}:")
    return begun, found[:MOST]


def _values(database: Database, begun: Begun, field: Field, head: str) -> list[Suggestion]:
    try:
        parse(begun.rest, sounds=True)
        rest = begun.rest
    except InvalidInputError:
        rest = ""  # the rest is being typed as well
    found = count_values(database, rest, fields=[field.name], prefix=begun.word, limit=MOST)
    return [
        Suggestion(head + each.filter.removeprefix(f"{field.name}:"), shots=each.shots)
        for each in found.values[field.name]
    ]
