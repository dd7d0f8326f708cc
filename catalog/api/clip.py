"""Clips, what people write, who changed what, and files to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.api.base import OpenCatalog
from catalog.domain.renditions import RenditionKind
from catalog.domain.served import ServedFile
from catalog.errors import InvalidInputError
from catalog.maintain import clips, edits, served
from catalog.maintain.assets import Reference
from catalog.maintain.clips import Moment, show_clips

_KEEP: Any = object()


class ClipVerbs(OpenCatalog):
    """The verbs over single clips, and over single files."""

    def clip(self, clip: int) -> dict[str, Any]:
        """All of one clip: its asset, range, timecodes, text and ``frames``.

        Raises
        ------
        NotFoundError
            If there is no such clip.
        """
        return clips.show_clip(self.database, clip)

    def clips(self, clips: Sequence[int]) -> list[dict[str, Any]]:
        """Several clips, in this order; those that are not there are left out."""
        return show_clips(self.database, clips)

    def mark(
        self, reference: Reference, start: Moment, end: Moment, *, name: str | None = None
    ) -> dict[str, Any]:
        """Mark a subclip of an asset, from ``start`` up to ``end``.

        Each is seconds from the first picture, or a timecode of the essence. What it is
        called is found by searches, over the shots it lies over.

        Raises
        ------
        NotFoundError, InvalidInputError
            If there is no such asset, or the range is no part of it.
        """
        return clips.mark(self.database, reference, start, end, name)

    def change_mark(
        self,
        clip: int,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        name: str | None = _KEEP,
    ) -> dict[str, Any]:
        """Change range or name of a subclip that a person marked.

        Raises
        ------
        NotFoundError, InvalidInputError
            If it is no such subclip, or the range is no part of its asset.
        """
        if name is _KEEP:
            return clips.change(self.database, clip, start=start, end=end)
        return clips.change(self.database, clip, start=start, end=end, name=name)

    def unmark(self, clip: int) -> int:
        """Forget a subclip that a person marked, also where it is in bins; its asset's id.

        Raises
        ------
        NotFoundError, InvalidInputError
            If it is no such subclip.
        """
        return clips.unmark(self.database, clip)

    def edit(
        self,
        references: Sequence[Reference],
        *,
        title: str | None = _KEEP,
        description: str | None = _KEEP,
    ) -> list[int]:
        """Write title or description of assets (None: none); what was before is in `audit`.

        Raises
        ------
        NotFoundError, InvalidInputError
            If one is no asset, or a text cannot be kept.
        """
        given = {"title": title, "description": description}
        values = {key: value for key, value in given.items() if value is not _KEEP}
        return edits.edit(self.database, references, values)

    def audit(
        self,
        reference: Reference | None = None,
        *,
        action: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> dict[str, Any]:
        """Who changed what, the latest first: of all, or of one asset.

        Returns
        -------
        dict
            ``entries``, each with ``id``, ``at``, ``actor``, ``token_id``, ``action``,
            ``asset_ids`` and ``details``; ``next``: what to go on ``before``, or None.

        Raises
        ------
        NotFoundError, InvalidInputError
            If there is no such asset, or the limit cannot be used.
        """
        return edits.audit_trail(
            self.database, reference, action=action, limit=limit, before=before
        )

    def picture(self, frame: int) -> ServedFile:
        """The kept picture of a frame, as a file.

        Raises
        ------
        NotFoundError
            If there is no such frame, or its picture is gone.
        """
        return served.picture(self.database, self.store, frame)

    def rendition(self, reference: Reference, kind: str) -> ServedFile:
        """A rendition of an asset: ``proxy``, ``strip``, ``strip_index``, ``waveform``, ``peaks``.

        Raises
        ------
        NotFoundError
            If there is no such asset, or none was made of it.
        InvalidInputError
            If there is no such kind.
        """
        try:
            known = RenditionKind(kind)
        except ValueError:
            raise InvalidInputError(
                f"{kind[:40]!r} is no rendition; expected one of "
                f"{', '.join(each.value for each in RenditionKind)}.",
                remedy="See docs/renditions.md.",
            ) from None
        return served.rendition(self.database, self.store, reference, known)

    def original(self, reference: Reference) -> ServedFile:
        """A file of an asset, within its root.

        Raises
        ------
        NotFoundError
            If there is no such asset, or none of its files is there.
        OutsideRootError
            If the file is a link that leads out of its root.
        """
        return served.original(self.database, reference)
