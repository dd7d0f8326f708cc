"""Counting values: what a query's candidates have, field by field."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import and_

from catalog.db.engine import Database
from catalog.domain.facets import FacetName, Facets, FacetValue, facet_value
from catalog.domain.query import parse
from catalog.errors import InvalidInputError
from catalog.store import filters
from catalog.store.facets import countable, facet_statement
from catalog.store.visibility import visible_to

MAX_VALUES = 1000
USUAL = (
    "kind", "collection", "tag", "codec", "lang", "roll", "duration", "recorded", "year", "root",
)  # fmt: skip


def count_values(
    database: Database,
    query: str = "",
    *,
    fields: Sequence[str] = (),
    prefix: str = "",
    limit: int = 20,
) -> Facets:
    """The values of each field among what the query lets through, with their numbers.

    Raises
    ------
    InvalidQueryError
        If the query does not parse.
    InvalidInputError
        If a field is unknown or cannot be counted, or the limit is not usable.
    """
    if not 1 <= limit <= MAX_VALUES:
        raise InvalidInputError(
            f"A limit of {limit} was asked for; expected 1 to {MAX_VALUES} values of each field.",
            remedy="Give a prefix to see others.",
        )
    if "\0" in prefix or any("\ud800" <= char <= "\udfff" for char in prefix):
        raise InvalidInputError(
            "The prefix holds a character that no text has.", remedy="Take it out."
        )
    names = list(dict.fromkeys(_named(each) for each in fields or USUAL))
    root = parse(query, sounds=True).root
    statement = facet_statement(
        and_(filters.condition(root), filters.versions_wanted(root), visible_to(database.actor)),
        names,
        flagged=filters.asks_for_flagged(root),
        prefix=prefix,
        limit=limit + 1,
    )
    with database.session() as session:
        rows = session.execute(statement).all()
    values: dict[str, list[FacetValue]] = {name.text: [] for name in names}
    by_text = {name.text: name for name in names}
    for facet, value, assets, shots in rows:
        found = facet_value(by_text[facet], value, assets, shots)
        # By itself it asks for former versions too, which were not counted.
        if found.filter == "is:missing" and not filters.asks_for_former(root):
            found = replace(found, filter="is:missing -is:superseded")
        values[facet].append(found)
    more = frozenset(name for name, each in values.items() if len(each) > limit)
    return Facets(query, {name: each[:limit] for name, each in values.items()}, more)


def _named(text: str) -> FacetName:
    name, known = FacetName.of(text), countable()
    if name is not None and (name.text in known or name.key):
        return name
    near = difflib.get_close_matches(text.lower(), known, n=1)
    raise InvalidInputError(
        f"{text[:60]!r} is nothing whose values are counted; expected one of "
        f"{', '.join(known)} or meta.KEY.",
        remedy=f"Did you mean {near[0]}?" if near else "`catalog search --fields` tells of each.",
    )
