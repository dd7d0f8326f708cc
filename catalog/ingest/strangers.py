"""What a walk over folders passed over, counted by suffix, so that nobody wonders where it is."""

from __future__ import annotations

import os
from collections import Counter

from catalog.domain.paths import shown_path
from catalog.media.files import is_passed_over
from catalog.media.sidecars import looks_like_sidecar

# What systems and cameras write beside pictures: thumbnails, small copies, indexes of cards.
_BESIDE = frozenset(
    {".thm", ".lrv", ".lrf", ".cpi", ".mpl", ".bdm", ".bup", ".ifo", ".idx", ".ppn", ".bim"}
    | {".db", ".ini", ".lnk", ".url"}
)
_LONGEST, _MOST = 12, 50
_OTHER = "other"


class Strangers:
    """Counts names that are no media and speak of none."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, name: str) -> None:
        """Count a name, unless it is hidden, a sidecar's or a thumbnail's."""
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  a hundred thousand Paths are slow
        if suffix in _BESIDE or is_passed_over(name) or looks_like_sidecar(name):
            return
        suffix = shown_path(suffix)
        known = suffix in self._counts or len(self._counts) < _MOST
        self._counts[suffix if known and len(suffix) <= _LONGEST else _OTHER] += 1

    def counts(self) -> dict[str, int]:
        """How many there were of each suffix, most first; "" is none, ``other`` all further."""
        return dict(sorted(self._counts.items(), key=lambda each: (-each[1], each[0])))
