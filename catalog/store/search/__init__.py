"""The search statement: filters, keywords and meaning in one SELECT; `statement` puts it together.

Reciprocal rank fusion after Cormack, Clarke and Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009:
a clip's score is the sum, over the rankings that hold it, of 1 / (60 + rank).
"""

from __future__ import annotations

from catalog.store.search.asked import Asked
from catalog.store.search.opening import Opening, opened
from catalog.store.search.parts import (
    Background,
    Cursor,
    Ground,
    Keywords,
    Meaning,
    Nearest,
    Rough,
    SearchParts,
    Speech,
    everything,
)
from catalog.store.search.statement import asked_for, search_statement

__all__ = [
    "Asked",
    "Background",
    "Cursor",
    "Ground",
    "Keywords",
    "Meaning",
    "Nearest",
    "Opening",
    "Rough",
    "SearchParts",
    "Speech",
    "asked_for",
    "everything",
    "opened",
    "search_statement",
]
