"""What expressions are known by. SQLAlchemy has no public name for it."""

from __future__ import annotations

import gc

from sqlalchemy import ColumnElement, and_

from catalog.db.models import Asset
from catalog.store.keys import Key, key_of

GONE = """
    SQLAlchemy's ClauseElement._generate_cache_key (in its documentation: "Dogpile Caching") is gone
    or tells something else. catalog/store/keys.py is the only place that calls it. In its stead the
    text and the values of `expression.compile(dialect=…)` make a key of the same use, at some
    0.3 ms for each expression that is new.
"""


def asked(collection: str, width: int = 100) -> ColumnElement[bool]:
    return and_(Asset.collection == collection, Asset.width > width)


def test_equal_expressions_have_equal_keys_and_their_values_in_order():
    news, sport = (key_of(asked(name)) for name in ("News", "Sport"))
    assert isinstance(news, Key), GONE
    assert isinstance(sport, Key), GONE
    assert news.shape == sport.shape, GONE
    assert (news.values, sport.values) == (("News", 100), ("Sport", 100)), GONE
    other = key_of(and_(Asset.collection == "News", Asset.height > 100))
    assert other is not None
    assert other.shape != news.shape, GONE
    listed = key_of(Asset.id.in_([1, 2]))
    assert listed is not None
    assert listed.values == ((1, 2),), GONE
    assert any(each.expanding for each in listed.parameters), GONE


def test_a_kept_expression_has_its_key_once():
    expression = asked("News")
    assert key_of(expression) is key_of(expression)
    # A place in memory that is another's by now tells nothing of it.
    for number in range(100):
        made = key_of(asked(f"News {number}", number))
        gc.collect(0)
        assert made is not None
        assert made.values == (f"News {number}", number)
