"""What an expression is known by: two of one shape and the same values ask the same.

SQLAlchemy knows statements by such keys itself, so that it compiles each shape once, and its
documentation makes caches of results of them ("Dogpile Caching", examples). It has no public name
for them: this is the only place that asks for one, and tests/integration/test_keys.py tells what to
do when it goes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement

from catalog.domain.recent import Recent

_MOST = 2048


@dataclass(frozen=True, slots=True)
class Key:
    """An expression's shape, and its parameters in their order."""

    shape: Hashable
    parameters: Sequence[BindParameter[Any]]

    @property
    def values(self) -> tuple[Hashable, ...]:
        """The parameters' values; what cannot be compared equals nothing."""
        return tuple(_hashable(each.effective_value) for each in self.parameters)


def key_of(expression: ColumnElement[Any]) -> Key | None:
    """Its key; None where it has none, and each is another."""
    # Of expressions that are kept, and come again with the query that they were read of.
    known = _KNOWN.get(id(expression))
    if known is not None and known[0] is expression:
        return known[1]
    made = expression._generate_cache_key()
    key = None if made is None else Key(made.key, made.bindparams)
    _KNOWN.keep(id(expression), (expression, key))
    return key


_KNOWN: Recent[int, tuple[ColumnElement[Any], Key | None]] = Recent(_MOST)


def _hashable(value: object) -> Hashable:
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return value if isinstance(value, Hashable) else object()
