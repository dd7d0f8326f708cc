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
from catalog.search.packing import pack, unpack
from catalog.store.search import Cursor, Meaning
from catalog.store.search.passed import Passed

# A cursor of another make is none of ours.
_MAKE = 3
_MOST = 2**63  # PostgreSQL's bigint
By = Literal["place", "number", "name"]
AnsweredBy = tuple[int | None, ...]


def answered_by(*meanings: Meaning | None) -> AnsweredBy:
    """Ids of the encoders that rank by meaning; None where nothing does."""
    ids = (None if meaning is None else meaning.encoder_id for meaning in meanings)
    return tuple(each if isinstance(each, int) else None for each in ids)


def write_cursor(
    query: str,
    rank: int,
    row: Row[Any],
    *,
    wide: bool = False,
    passed: Sequence[Passed] = (),
    encoders: AnsweredBy = (),
    speech_floor: float | None = None,
) -> str:
    """The cursor after ``row`` of a search that was wide or not; it fits no other query.

    ``passed``: of a list by score, what was shown so far; ``encoders``: whose cosines those are;
    ``speech_floor``: from which on lines were taken.
    """
    key = None if passed else float(row.number_key) if row.name_key is None else row.name_key
    place = (rank, key, row.asset_id, row.clip_id or 0)
    head = [_MAKE, _mark(query), *place, wide, encoders, speech_floor]
    # JSON escapes NUL.
    written = json.dumps(head, separators=(",", ":")).encode() + b"\0" + pack(passed)
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def read_cursor(
    text: str,
    query: str,
    *,
    by: By,
    ranked_by: Sequence[str] = (),
    encoders: AnsweredBy = (),
) -> Cursor:
    """The place a cursor speaks of.

    ``by`` is what the list goes by: ``place`` in the rankings, then ``ranked_by`` so many values,
    cosines of these ``encoders``; a ``number`` as a date or duration; or the ``name``.

    Raises
    ------
    InvalidInputError
        If it is no cursor, or one of another query, or of this one when it was
        answered another way.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        head, _, packed = base64.urlsafe_b64decode(padded).partition(b"\0")
        make, mark, rank, key, asset_id, clip_id, wide, ranking, floor = json.loads(head)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unusable(text) from error
    if make != _MAKE or mark != _mark(query):
        raise _unusable(text)
    if ranking != list(encoders):
        raise InvalidInputError(
            "Another encoder answers by now than when the page before was shown, and ranks"
            " otherwise; expected a cursor of its own list.",
            remedy="Start again without a cursor.",
        )
    try:
        passed = unpack(packed, len(ranked_by))
    except ValueError as error:
        raise _unusable(text) from error
    usable = (
        type(wide) is bool
        and all(_is_id(number) for number in (rank, asset_id, clip_id))
        and (bool(passed) if by == "place" else not passed)
        and _is_key(key, by)
        and (floor is None or (by == "place" and type(floor) is float and math.isfinite(floor)))
    )
    if not usable:
        raise _unusable(text)
    return Cursor(rank, key, asset_id, clip_id, wide, passed, floor)


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


def _is_text(key: str) -> bool:
    return "\0" not in key and not any("\ud800" <= char <= "\udfff" for char in key)


def _unusable(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"{text!r} is no cursor of this query; expected the `next` of its page before.",
        remedy="Start again without a cursor.",
    )


def _mark(query: str) -> str:
    return hashlib.blake2b(query.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
