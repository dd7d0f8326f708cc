"""Queries as they were read, kept: whoever pages on or comes back asks the same text again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_

from catalog.domain.query import Query, parse
from catalog.domain.recent import Recent
from catalog.store import filters
from catalog.store.said import said_query

_MOST = 512
_NOW = partial(datetime.now, UTC)


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A query's tree, and what it asks of the database, for whoever may see all."""

    query: Query
    where: ColumnElement[bool]
    """What its filters, phrases and what is negated keep."""
    versions: ColumnElement[bool]
    kept: ColumnElement[bool]
    """Both of them: one expression, whose key is known after the first time."""
    meant: str
    """The words whose meaning is searched."""
    flagged: bool
    words: ColumnElement[Any] | None
    said: ColumnElement[Any] | None

    @classmethod
    def of(cls, text: str, now: datetime) -> ReadQuery:
        """Read it; raises `InvalidQueryError`."""
        query = parse(text, now=now)
        where, versions = filters.condition(query.root), filters.versions_wanted(query.root)
        return cls(
            query,
            where,
            versions,
            and_(where, versions),
            query.words,
            filters.asks_for_flagged(query.root),
            filters.keyword_query(query.root),
            said_query(query.root),
        )


class KnownQueries:
    """Queries this process has read of late; threads may share it.

    What a text asks hangs on nothing but the day, for ``recorded:7d``: see `parse`.
    """

    def __init__(self, clock: Callable[[], datetime] = _NOW) -> None:
        self._clock = clock
        self._read: Recent[tuple[str, int], ReadQuery] = Recent(_MOST)

    def read(self, text: str) -> ReadQuery:
        """The query as it reads today.

        Raises
        ------
        InvalidQueryError
            If it does not parse.
        """
        now = self._clock()
        key = (text, now.toordinal())
        known = self._read.get(key)
        if known is None:
            known = ReadQuery.of(text, now)
            self._read.keep(key, known)
        return known
