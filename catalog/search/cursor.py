"""Cursors: where a page ended, as text that goes through a URL."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Row

from catalog.errors import InvalidInputError
from catalog.store.search import Cursor
from catalog.store.search.passed import Passed

# A cursor of another make is none of ours.
_MAKE = 2
_MOST = 2**63  # PostgreSQL's bigint
By = Literal["place", "number", "name"]


def write_cursor(
    query: str,
    rank: int,
    row: Row[Any],
    *,
    wide: bool = False,
    passed: Sequence[Passed] = (),
) -> str:
    """The cursor after ``row`` of a search that was wide or not; it fits no other query.

    ``passed``: of a list by score, what was shown so far.
    """
    key = None if passed else float(row.number_key) if row.name_key is None else row.name_key
    told = [[*one.values, one.asset_id, one.clip_id] for one in passed]
    body = [_MAKE, _mark(query), rank, key, row.asset_id, row.clip_id or 0, wide, told]
    written = json.dumps(body, separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(text: str, query: str, *, by: By, ranked_by: Sequence[str] = ()) -> Cursor:
    """The place a cursor speaks of.

    ``by`` is what the list goes by: ``place`` in the rankings, then ``ranked_by`` so many values;
    a ``number`` as a date or duration; or the ``name``.

    Raises
    ------
    InvalidInputError
        If it is no cursor, or one of another query, or of this one when it was
        answered another way.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        told = json.loads(base64.urlsafe_b64decode(padded))
        make, mark, rank, key, asset_id, clip_id, wide, shown = told
        passed = tuple(Passed(tuple(values), asset, clip) for *values, asset, clip in shown)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unusable(text) from error
    numbers = (rank, asset_id, clip_id)
    usable = (
        make == _MAKE
        and mark == _mark(query)
        and type(wide) is bool
        and all(_is_id(number) for number in numbers)
        and (bool(passed) if by == "place" else not passed)
        and all(_is_passed(one, len(ranked_by)) for one in passed)
        and _is_key(key, by)
    )
    if not usable:
        raise _unusable(text)
    return Cursor(rank, key, asset_id, clip_id, wide, passed)


def _is_id(number: object) -> bool:
    return type(number) is int and 0 <= number < _MOST


def _is_key(key: object, by: By) -> bool:
    """Text that PostgreSQL takes, or a number it can compare with: others were in none of ours."""
    match key:
        case None:
            return by == "place"
        case float():
            return by == "number" and math.isfinite(key)
        case str():
            return by == "name" and _is_text(key)
    return False


def _is_passed(one: Passed, count: int) -> bool:
    # A vector of zeros has no cosine, and is shown with NaN.
    values = all(
        each is None or (type(each) is float and not math.isinf(each)) for each in one.values
    )
    return values and len(one.values) == count and _is_id(one.asset_id) and _is_id(one.clip_id)


def _is_text(key: str) -> bool:
    return "\0" not in key and not any("\ud800" <= char <= "\udfff" for char in key)


def _unusable(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"{text!r} is no cursor of this query; expected the `next` of its page before.",
        remedy="Start again without a cursor.",
    )


def _mark(query: str) -> str:
    return hashlib.blake2b(query.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
