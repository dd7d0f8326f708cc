"""Words as the queries PostgreSQL reads them as, kept: reading takes longer than finding."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, literal
from sqlalchemy.dialects.postgresql import TSQUERY

from catalog.domain.recent import Recent
from catalog.store.keys import key_of
from catalog.store.search import Keywords

_MOST = 1024
_LONGEST = 1000  # letters


class KnownWords:
    """What words were read as of late; threads may share it.

    The functions that read them are immutable, so what was read once stays so while this process
    runs; a migration may replace them, after which servers are started anew.
    """

    def __init__(self) -> None:
        self._read: Recent[Hashable, str] = Recent(_MOST)

    def of(self, words: ColumnElement[Any], *, known: bool) -> Keywords:
        """The keywords of a query, as they were read if ``known`` and if they were."""
        key = _key(words)
        read = self._read.get(key) if known and key is not None else None
        return Keywords(words if read is None else cast(literal(read, Text), TSQUERY))

    def keep(self, words: ColumnElement[Any], read: str) -> None:
        """Remember what the words were read as."""
        key = _key(words)
        if key is not None and len(read) <= _LONGEST:
            self._read.keep(key, read)


def _key(words: ColumnElement[Any]) -> Hashable:
    key = key_of(words)
    return None if key is None else (key.shape, key.values)
