"""By what assets, or hits of them, are sorted if not by likeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    SQLColumnExpression,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    tuple_,
)

from catalog.db.models import Asset
from catalog.domain.ordering import Sort

# Beyond all dates in seconds and all durations; a number that JSON can carry.
_BEYOND = 1e15


def sort_key(sort: Sort | None) -> tuple[ColumnElement[Any], bool]:
    """The key, text or a number and never null, and whether it goes downwards.

    Where nothing else is asked for it is the name: without any ranking nothing is more relevant.
    """
    if sort is None or sort.by in ("name", "relevance"):
        down = sort is not None and sort.by == "name" and sort.descending
        return cast(func.lower(Asset.name), Text), down
    number = Asset.duration if sort.by == "duration" else func.extract("epoch", Asset.recorded)
    # What has none comes last, whichever way they go.
    last = literal(-_BEYOND if sort.descending else _BEYOND, Double)
    return func.coalesce(cast(number, Double), last, type_=Double), sort.descending


def after_key(
    key: ColumnElement[Any],
    ids: Sequence[SQLColumnExpression[int]],
    *,
    seen: ColumnElement[Any],
    seen_ids: Sequence[Any],
    descending: bool,
) -> ColumnElement[bool]:
    """What comes after the row with the key ``seen``: in key's order, then in that of ``ids``."""
    return and_(
        # Says nothing new, but is a range that an index serves; of an "or" it reads all.
        key <= seen if descending else key >= seen,
        or_(
            key < seen if descending else key > seen,
            and_(key == seen, tuple_(*ids) > tuple_(*seen_ids)),
        ),
    )
