"""From a script to shots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.api.base import OpenCatalog, StrPath
from catalog.errors import InvalidInputError
from catalog.maintain import bins
from catalog.maintain.bins import BinReference

if TYPE_CHECKING:
    from catalog.domain.recommended import Pick, Recommendation


class RecommendVerbs(OpenCatalog):
    """The verb that plans a script."""

    def recommend(
        self,
        script: StrPath | None = None,
        *,
        text: str | None = None,
        content: tuple[str, bytes] | None = None,
        kind: str | None = None,
        words_per_minute: float | None = None,
        filter: str = "",  # as the option is called
        bins_used: Sequence[BinReference] = (),
        take: int = 3,
        locks: Sequence[str | Pick] = (),
        avoid: Sequence[str | int | Pick] = (),
        bin: str | None = None,  # as the option is called
    ) -> Recommendation:
        """Shots for each line of a script: A-roll that says it, B-roll that shows it.

        The same catalogue and the same arguments give the same plan. No clip is proposed
        twice; neighbouring lines get pictures that differ, of different assets first.

        Parameters
        ----------
        script:
            A file: plain text, Fountain, ``.docx``, ``.srt`` or ``.vtt``.
        text:
            The script itself, in the place of a file.
        content:
            A file's name and bytes, in the place of a file.
        kind:
            ``text`` or ``fountain``; None: the name or the text tells.
        words_per_minute:
            How fast it is read, for the length of each line; None is 150. Cues of subtitles
            have their own length.
        filter:
            Filters and phrases of the query language: only what they keep is proposed.
        bins_used:
            Bins whose clips are used already: nothing that lies over them is proposed.
        take:
            Proposals per line and roll, 1 to 20.
        locks:
            ``"LINE=CLIP"``, or `Pick`: this clip is the line's, and all else is planned
            around it. Speech and A-roll shots are the line's A-roll, others its B-roll.
        avoid:
            Clips not to be proposed: ``CLIP`` anywhere, ``"LINE=CLIP"`` for one line.
        bin:
            Also make a bin of this name with the first proposals: what is in ``bin`` then.

        Raises
        ------
        InvalidInputError, InvalidQueryError, TooLargeError
            If script, filter, or a number cannot be used.
        PathNotFoundError, NotFoundError
            If the file, a bin or a locked clip is not there.
        ConflictError
            If there is a bin of that name.
        EncoderUnavailableError
            If the lines need an encoder whose weights are not to be had.
        """
        from catalog.domain.recommended import Pick, avoided_of, lock_of
        from catalog.recommend import Planner, Wish, script_from

        wish = Wish(
            script_from(
                None if script is None else Path(os.fspath(script)),
                text,
                content,
                kind=kind,
                words_a_minute=words_per_minute,
            ),
            filter=filter,
            bins_used=tuple(bins_used),
            take=take,
            locks=[each if isinstance(each, Pick) else lock_of(each) for each in locks],
            avoid=[each if isinstance(each, Pick) else avoided_of(str(each)) for each in avoid],
        )
        planned = Planner(self.database, self._encoders.load, self._known_phrases).plan(wish)
        return planned if bin is None else replace(planned, bin=self._binned(planned, bin))

    def _binned(self, planned: Recommendation, name: str) -> dict[str, Any]:
        items = planned.items()
        if not items:
            raise InvalidInputError(
                "Nothing is proposed for any line, so there is nothing to put into a bin.",
                remedy="Loosen the filter, or take in footage first.",
            )
        return bins.create(self.database, name, None, items)
