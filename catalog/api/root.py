"""The verbs of ``catalog root``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalog.api.base import StrPath
from catalog.db.engine import Database
from catalog.domain.paths import given_path
from catalog.domain.watching import clean_watch
from catalog.maintain import roots
from catalog.maintain.roots import Fate
from catalog.media.frame_store import FrameStore


class RootVerbs:
    """``catalog.root.add(path)``, ``.list()``, ``.set(…)``, ``.watch(…)``, ``.remove(path)``.

    The settings of sampling are those of `catalog.domain.media.SamplingPolicy`;
    what a root does not set, the root above it says, and at last the default.
    ``proxy`` is ``"always"`` or ``"never"``: whether proxies are made unasked.
    """

    def __init__(self, database: Database, store: FrameStore) -> None:
        self._database = database
        self._store = store

    def list(self) -> list[dict[str, Any]]:
        """Every root, by path: what is ``set`` for it, what ``sampling`` holds, what lies in it."""
        return roots.list_all(self._database)

    def add(
        self,
        path: StrPath,
        *,
        sampling_interval: float | None = None,
        similarity: float | None = None,
        picture_edge: int | None = None,
        min_shot: float | None = None,
        decode: str | None = None,
        sequences: str | None = None,
        sequence_rate: float | None = None,
        proxy: str | None = None,
    ) -> dict[str, Any]:
        """Enter a folder as a root; nothing in it is read yet. One that is there gets the settings.

        Files of a root above it that lie in it are its own from now on.

        Raises
        ------
        PathNotFoundError
            If there is no such folder.
        InvalidInputError
            If it is no folder, or a setting cannot be used.
        """
        sampling = {
            "interval": sampling_interval,
            "similarity": similarity,
            "picture_edge": picture_edge,
            "min_shot": min_shot,
            "decode": decode,
            "sequences": sequences,
            "sequence_rate": sequence_rate,
        }
        return roots.add(self._database, given_path(path), sampling, proxy)

    def set(
        self,
        path: StrPath,
        *,
        sampling_interval: float | None = None,
        similarity: float | None = None,
        picture_edge: int | None = None,
        min_shot: float | None = None,
        decode: str | None = None,
        sequences: str | None = None,
        sequence_rate: float | None = None,
        proxy: str | None = None,
        unset: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Change what holds for a root, for what is analysed from now on.

        ``unset`` names settings to be left to the root above, or the default, again.

        Raises
        ------
        NotFoundError
            If there is no such root.
        InvalidInputError
            If a setting cannot be used, or nothing is to be changed.
        """
        sampling = {
            "interval": sampling_interval,
            "similarity": similarity,
            "picture_edge": picture_edge,
            "min_shot": min_shot,
            "decode": decode,
            "sequences": sequences,
            "sequence_rate": sequence_rate,
        }
        return roots.change(self._database, given_path(path), sampling, unset, proxy)

    def watch(
        self,
        path: StrPath,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        collection: str | None = None,
        tags: Sequence[str] = (),
        settle: float | None = None,
        poll: str | None = None,
        accept: bool = False,
        off: bool = False,
    ) -> dict[str, Any]:
        """Have a folder watched by ``catalog watch``, like this and no longer as before.

        See `catalog.domain.watching.WatchSettings` for what can be set. A folder that
        is no root becomes one. ``accept`` takes the folder as it is now, where another
        was before and the root is paused for that; ``off`` ends the watching.

        Raises
        ------
        PathNotFoundError, NotFoundError
            If there is no such folder, or (``off``) no such root.
        InvalidInputError
            If it is no folder, or a setting cannot be used.
        """
        if off:
            return roots.unwatch(self._database, given_path(path))
        settings = clean_watch(
            include=include,
            exclude=exclude,
            collection=collection,
            tags=tags,
            settle=settle,
            poll=poll,
        )
        return roots.watch(self._database, given_path(path), settings, accept=accept)

    def unwatch(self, path: StrPath) -> dict[str, Any]:
        """Have a root watched no more; what is known of its files stays.

        Raises
        ------
        NotFoundError
            If there is no such root.
        """
        return roots.unwatch(self._database, given_path(path))

    def holding(self, path: StrPath) -> Path:
        """The path, if a root of the catalogue holds it, all links followed.

        For whoever is asked to read what somebody else names.

        Raises
        ------
        OutsideRootError
            If it is no absolute path, or lies, links followed, below no root.
        """
        return roots.holding(self._database, path)

    def remove(self, path: StrPath, *, assets: Fate | None = None) -> dict[str, Any]:
        """Forget a root; no file is touched. The answer says what became of its assets.

        Within another root its files become that one's. Else, of assets that have no file
        elsewhere, ``assets`` says whether to ``"keep"`` them, without a file, or to ``"forget"``
        them.

        Raises
        ------
        NotFoundError
            If there is no such root.
        InvalidInputError
            If there are such assets and nothing was said of them.
        """
        return roots.forget(self._database, self._store, given_path(path), assets)
