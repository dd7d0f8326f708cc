"""The verbs of ``catalog bin``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.db.engine import Database
from catalog.maintain import bins
from catalog.maintain.bins import BinReference
from catalog.maintain.clips import Moment

_KEEP = object()


class BinVerbs:
    """``catalog.bin.create(name)``, ``.add(bin, clips)``, …; a bin is named by id or by name.

    A bin is ``{"id", "name", "note", "created_at", "changed_at", "items": [{"id", "position",
    "note", "roll", "line", "trimmed", "start", "end", "timecode_in", "timecode_out", "clip"}],
    "next"}``; items keep their ids when they are moved, and their ``start`` and ``end`` say what
    of the asset is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> list[dict[str, Any]]:
        """Every bin by name; ``items`` is how many it has."""
        return bins.list_all(self._database)

    def show(
        self, bin_: BinReference, *, limit: int | None = None, after: int = -1
    ) -> dict[str, Any]:
        """A bin with its items in order, from behind position ``after`` on.

        Raises
        ------
        NotFoundError
            If there is no such bin.
        """
        return bins.show(self._database, bin_, limit=limit, after=after)

    def create(
        self,
        name: str,
        *,
        note: str | None = None,
        clips: Sequence[int] = (),
        notes: Mapping[int, str] | None = None,
        items: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Make a bin, with these clips in it; ``notes`` by clip.

        ``items`` say more of a clip each: ``{"clip", "note", "start", "end", "roll", "line"}``,
        where all but the clip may be left out. ``start`` to ``end`` is what of the asset is
        used (`trim`); ``roll`` A is laid on V1 with its sound, B on V2 without; clips of one
        ``line`` of a script lie over each other.

        Raises
        ------
        ConflictError
            If there is one of that name.
        NotFoundError, InvalidInputError
            If a clip is not there, or name or note cannot be kept.
        """
        return bins.create(self._database, name, note, [*_items(clips, notes), *items])

    def rename(
        self, bin_: BinReference, name: str | None = None, *, note: object = _KEEP
    ) -> dict[str, Any]:
        """Give a bin another name, or another note (None: none).

        Raises
        ------
        ConflictError
            If there is one of that name.
        NotFoundError, InvalidInputError
            If there is no such bin, or name or note cannot be kept.
        """
        if note is _KEEP:
            return bins.rename(self._database, bin_, name)
        return bins.rename(self._database, bin_, name, note)

    def delete(self, bin_: BinReference) -> int:
        """Forget a bin; the clips stay. Its id.

        Raises
        ------
        NotFoundError, ForbiddenError
            If there is no such bin, or it holds what whoever asks does not see.
        """
        return bins.delete(self._database, bin_)

    def add(
        self,
        bin_: BinReference,
        clips: Sequence[int] = (),
        *,
        notes: Mapping[int, str] | None = None,
        items: Sequence[Mapping[str, Any]] = (),
    ) -> dict[str, Any]:
        """Put clips at a bin's end; ``notes`` by clip. The new items' ids, under ``items``.

        ``items`` say more of a clip each, as in `create`.

        Raises
        ------
        NotFoundError, InvalidInputError
            If bin or clip is not there, or a note cannot be kept.
        """
        return bins.add(self._database, bin_, [*_items(clips, notes), *items])

    def move(
        self, bin_: BinReference, items: Sequence[int], *, before: int | None = None
    ) -> dict[str, Any]:
        """Put items, in this order, before another one, or at the bin's end.

        Raises
        ------
        NotFoundError
            If there is no such bin, or an item is none of its.
        """
        return bins.move(self._database, bin_, items, before)

    def note(self, bin_: BinReference, item: int, note: str | None) -> dict[str, Any]:
        """Set what an item remarks; None: nothing.

        Raises
        ------
        NotFoundError, InvalidInputError
            If bin or item is not there, or the note cannot be kept.
        """
        return bins.remark(self._database, bin_, item, note)

    def trim(
        self,
        bin_: BinReference,
        item: int,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> dict[str, Any]:
        """Set in and out of an item: seconds, or timecodes of the essence.

        None is the clip's own; without both the clip is used as it is. The clip itself, and
        other bins it lies in, stay as they are; what is used may reach beyond the clip.

        Raises
        ------
        NotFoundError
            If there is no such bin, or the item is none of its.
        InvalidInputError
            If the range is not within the asset, or no range.
        """
        return bins.trim(self._database, bin_, item, start, end)

    def remove(self, bin_: BinReference, items: Sequence[int]) -> dict[str, Any]:
        """Take items out of a bin.

        Raises
        ------
        NotFoundError
            If there is no such bin, or an item is none of its.
        """
        return bins.take_out(self._database, bin_, items)


def _items(clips: Sequence[int], notes: Mapping[int, str] | None) -> Sequence[Mapping[str, Any]]:
    said = notes or {}
    return [{"clip": clip, "note": said.get(clip)} for clip in clips]
