"""Cursors: where a page ended, as text that goes through a URL."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import Any

from sqlalchemy import Row

from catalog.errors import InvalidInputError
from catalog.store.search import Cursor

_MOST = 2**63  # PostgreSQL's bigint


def write_cursor(query: str, rank: int, row: Row[Any], *, wide: bool = False) -> str:
    """The cursor after ``row`` of a search that was wide or not; it fits no other query."""
    key = float(row.number_key) if row.name_key is None else row.name_key
    body = [_mark(query), rank, key, row.asset_id, row.clip_id or 0, _named(row), wide]
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def read_cursor(text: str, query: str, *, by_number: bool) -> Cursor:
    """The place a cursor speaks of.

    Raises
    ------
    InvalidInputError
        If it is no cursor, or one of another query, or of this one when it was
        answered another way (``by_number``: by score, date or duration; else by name).
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        told = json.loads(base64.urlsafe_b64decode(padded))
        mark, rank, key, asset_id, clip_id, named, wide = told
    except (ValueError, TypeError, RecursionError) as error:
        raise _unusable(text) from error
    numbers = (rank, asset_id, clip_id)
    usable = (
        mark == _mark(query)
        and type(named) is type(wide) is bool
        and all(type(number) is int and 0 <= number < _MOST for number in numbers)
        and (type(key) is float if by_number else type(key) is str)
    )
    # Text that PostgreSQL takes, and a number it can compare with, were in no cursor of ours.
    if not usable or (not math.isfinite(key) if by_number else not _is_text(key)):
        raise _unusable(text)
    return Cursor(rank, key, asset_id, clip_id, named, wide)


def _named(row: Row[Any]) -> bool:
    return getattr(row, "keyword_rank", None) is not None


def _is_text(key: str) -> bool:
    return "\0" not in key and not any("\ud800" <= char <= "\udfff" for char in key)


def _unusable(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"{text!r} is no cursor of this query; expected the `next` of its page before.",
        remedy="Start again without a cursor.",
    )


def _mark(query: str) -> str:
    return hashlib.blake2b(query.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
