"""Keeping in order: labels, removal, jobs and retries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog.api.base import OpenCatalog
from catalog.domain.progress import Progress, Silent
from catalog.maintain import assets as maintained
from catalog.maintain import flags, rolls
from catalog.maintain.assets import Reference
from catalog.store import jobs

if TYPE_CHECKING:
    from catalog.ingest.verify import VerifyReport


class KeepVerbs(OpenCatalog):
    """The verbs of an administrator."""

    def tag(
        self, references: Sequence[Reference], names: Sequence[str], *, remove: bool = False
    ) -> list[int]:
        """Put tags on assets, or take them off; the assets' ids."""
        return maintained.tag(self.database, references, names, remove=remove)

    def collection(self, references: Sequence[Reference], name: str | None) -> list[int]:
        """Put assets into a collection, or into none; the assets' ids."""
        return maintained.collect(self.database, references, name)

    def flag(self, clips: Sequence[int], name: str | None) -> list[int]:
        """Say that shots are bars, black, leader or slate, or (None) worth searching; their ids.

        Analysing the asset again leaves it so.

        Raises
        ------
        InvalidInputError, NotFoundError
            If there is no such flag, or one of the clips is no shot.
        """
        return flags.flag(self.database, clips, name)

    def roll(self, clips: Sequence[int], name: str | None) -> list[int]:
        """Say that shots are A-roll or B-roll, or (None) as it is told; their ids.

        Analysing the asset again leaves it so. What was told before a person spoke is kept
        beside it: `stats` says how often that had been right.

        Raises
        ------
        InvalidInputError, NotFoundError
            If it is neither A nor B, a shot is flagged, or one of the clips is no shot.
        """
        return rolls.set_roll(self.database, clips, name)

    def tell_rolls(
        self, references: Sequence[Reference] = (), *, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Tell A-roll from B-roll anew, of these assets or of all; what people said stays.

        A service does so by itself where something changed; see docs/roll.md.

        Returns
        -------
        dict
            ``assets`` told; ``pictures``: whether the active encoder's pictures counted, and
            if not, the ``reason``; ``a``, ``b``, ``by_person``, ``compared``, ``right``,
            ``accuracy`` and ``confusion``, as `stats` has them.

        Raises
        ------
        NotFoundError, InvalidInputError
            If a reference names no asset, or several.
        """
        return rolls.tell_again(
            self.database, references, self._encoders.active, progress or Silent()
        )

    def remove(self, references: Sequence[Reference]) -> list[int]:
        """Forget assets, with their vectors and pictures. Files are never touched."""
        return maintained.remove(self.database, self.store, references)

    def verify(
        self,
        references: Sequence[Reference] = (),
        *,
        everything: bool = False,
        progress: Progress | None = None,
    ) -> VerifyReport:
        """Read the files through that were recognised and not read: of these assets, or all.

        A file that holds something else is split off into an asset of its own.
        With ``everything`` every file that is online is read, which also finds
        those whose content changed without a trace.
        """
        from catalog.ingest.verify import verify_locations

        with self.database.session() as session:
            ids = [maintained.resolve(session, reference) for reference in references]
        return verify_locations(
            self.database, ids or None, everything=everything, progress=progress or Silent()
        )

    def duplicates(
        self, query: str = "", *, near: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Groups of assets that are versions of the same essence, and how they differ.

        Other encodings, sizes and containers, told by their pictures and cuts;
        with ``near`` also trimmed versions. ``query`` chooses among which assets.

        Returns
        -------
        dict
            ``groups``: each with ``score`` (0 to 1), ``kind`` (``duplicate`` or ``near``),
            ``differs`` (columns) and ``assets``, the best first; ``compared``: pairs looked at;
            ``left_out``: pairs that share a shot but were too many, 0 in all but odd libraries.

        Raises
        ------
        InvalidQueryError
            If the query does not parse.
        """
        from catalog.maintain.duplicates import find_duplicates

        return find_duplicates(self.database, self.store, query, progress or Silent(), near=near)

    def jobs(self, *, failed: bool = False, limit: int = 100) -> list[dict[str, Any]]:
        """Work that is due, running or failed (or only the failed), with reasons."""
        maintained.check_limit(limit)
        with self.database.session() as session:
            return jobs.list_stages(session, failed_only=failed, limit=limit)

    def retry(self, references: Sequence[Reference] = ()) -> list[int]:
        """Make failed work due again; the reconciler or the next ingest of the files does it."""
        return maintained.retry(self.database, references)
