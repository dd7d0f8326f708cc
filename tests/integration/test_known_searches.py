"""What a process keeps of searches from one to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import true

from catalog.db.models import Asset
from catalog.domain.query import parse
from catalog.errors import InvalidQueryError
from catalog.search.known_filters import KnownFilters, Looked, filters_of
from catalog.search.known_queries import KnownQueries
from catalog.store.search import Meaning, SearchParts

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


def test_a_query_is_read_once_a_day():
    now = [NOON]
    known = KnownQueries(lambda: now[0])
    first = known.read("storm recorded:7d")
    now[0] += timedelta(hours=11)
    assert known.read("storm recorded:7d") is first
    assert known.read("storm") is not first
    now[0] += timedelta(hours=2)
    tomorrow = known.read("storm recorded:7d").query
    assert tomorrow == parse("storm recorded:7d", now=now[0])
    assert tomorrow != first.query
    with pytest.raises(InvalidQueryError):
        known.read("storm (")


def parts(where) -> SearchParts:
    return SearchParts(where=where, keywords=None, meaning=None, limit=10)


def test_filters_are_known_by_what_they_ask():
    news, sport = (filters_of(parts(Asset.collection == name), 1) for name in ("News", "Sport"))
    assert news == filters_of(parts(Asset.collection == "News"), 1)
    assert len({news, sport, filters_of(parts(Asset.collection == "News"), 2)}) == 3
    assert news != filters_of(parts(true()), 1)


def test_what_filters_keep_is_believed_for_a_while():
    now = [100.0]
    known = KnownFilters(lambda: now[0])
    one, other = (Meaning(1, np.full(3, value, np.float32)) for value in (1, 2))
    looked = Looked(kept=500, nearby=0.5)
    known.keep("filters", one, 1000, looked)
    assert known.of("filters", one, 1000) is looked
    assert known.of("filters", other, 1000) is None
    assert known.is_wide("filters", 1000)
    assert not known.is_wide("others", 1000)
    assert not known.is_wide("filters", 1001), "the library has grown"
    now[0] += 31
    assert known.of("filters", one, 1000) is None
    assert not known.is_wide("filters", 1000)


def test_a_count_holds_for_any_query():
    now = [100.0]
    known = KnownFilters(lambda: now[0])
    one, other = (Meaning(1, np.full(3, value, np.float32)) for value in (1, 2))
    counted = Looked(kept=500)
    known.keep_counted("filters", 1000, counted)
    assert known.of("filters", one, 1000) is known.of("filters", other, 1000) is counted
    assert known.of("others", one, 1000) is None
    assert known.of("filters", one, 1001) is None, "the library has grown"
    assert not known.is_wide("filters", 1000), "a count says nothing of that"
    now[0] += 31
    assert known.of("filters", one, 1000) is None
