"""Cursors: where a page ended, as text that goes through a URL."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from sqlalchemy import Row

from catalog.errors import InvalidInputError
from catalog.store.search import Cursor


def write_cursor(query: str, rank: int, row: Row[Any]) -> str:
    """The cursor after ``row``; it fits no other query."""
    # The name only orders where no score does, and then it is all that orders.
    key = float(row.score) if row.name_key is None else row.name_key
    body = [_mark(query), rank, key, row.asset_id, row.clip_id or 0]
    return base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")


def read_cursor(text: str, query: str) -> Cursor:
    """The place a cursor speaks of.

    Raises
    ------
    InvalidInputError
        If it is no cursor, or one of another query.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        mark, rank, key, asset_id, clip_id = json.loads(base64.urlsafe_b64decode(padded))
        key = key if isinstance(key, str) else float(key)
        cursor = Cursor(int(rank), key, int(asset_id), int(clip_id))
    except (ValueError, TypeError, binascii.Error) as error:
        raise _unusable(text) from error
    if mark != _mark(query):
        raise _unusable(text)
    return cursor


def _unusable(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"{text!r} is no cursor of this query; expected the `next` of its page before.",
        remedy="Start again without a cursor.",
    )


def _mark(query: str) -> str:
    return hashlib.blake2b(query.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
