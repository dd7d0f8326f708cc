"""Walk a watched folder: its media files with their states, in no order, folder by folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePath

from catalog.domain.file_state import FileState
from catalog.domain.sequences import split_number
from catalog.domain.watching import WatchSettings
from catalog.media.camera_cards import repeats_clips
from catalog.media.files import is_passed_over, looks_like_media
from catalog.media.sequences import gather, state_of
from catalog.media.sidecars import looks_like_sidecar

BATCH = 1000
"""Files that are looked at together."""
_MOST_TROUBLES = 1000


class Walk:
    """One walk over a root, or over a folder in it.

    Links are followed to files, and to folders within the root, each folder once, so
    that a loop ends. Other roots within this one are passed over. ``policy`` says which
    files may be frames of image sequences, of which each is one. ``enter`` is told of every
    folder; ``beside`` of every sidecar: its folder, and when it last changed.

    Attributes
    ----------
    troubles:
        What cannot be listed or looked at, and why; the first thousand.
    devices:
        The file systems the walk was on.
    """

    def __init__(
        self,
        root: Path,
        settings: WatchSettings,
        *,
        inner: frozenset[str] = frozenset(),
        policy: str = "auto",
        enter: Callable[[str], None] = lambda _: None,
        beside: Callable[[str, int], None] = lambda _folder, _changed_ns: None,
    ) -> None:
        self._root = str(root)
        self._real = os.path.realpath(root)
        self._settings = settings
        self._inner = inner
        self._policy = policy
        self._enter = enter
        self._beside = beside
        self._seen: set[tuple[int, int]] = set()
        self.troubles: list[tuple[str, OSError]] = []
        self.devices: set[int] = set()

    def files(self, top: str | None = None) -> Iterator[tuple[str, FileState]]:
        """Absolute path and state of every file that is wanted; of all, or below ``top``."""
        folders = [self._root if top is None else top]
        while folders:
            folder = folders.pop()
            try:
                if not self._first_time(folder):
                    continue
                listing = os.scandir(folder)
            except OSError as error:
                self._trouble(folder, error)
                continue
            self._enter(folder)
            numbered: list[str] = []
            with listing:
                yield from self._entries(folder, listing, folders, numbered)
            yield from self._numbered(folder, numbered)

    def _entries(
        self,
        folder: str,
        listing: Iterator[os.DirEntry[str]],
        folders: list[str],
        numbered: list[str],
    ) -> Iterator[tuple[str, FileState]]:
        while True:
            try:
                entry = next(listing, None)
            except OSError as error:  # in the middle of a folder, as storage does that goes
                self._trouble(folder, error)
                return
            if entry is None:
                return
            if is_passed_over(entry.name):
                continue
            try:
                if entry.is_dir():
                    if self._walks_into(entry):
                        folders.append(entry.path)
                elif self._wants(entry):
                    yield from self._file(entry, numbered)
                elif looks_like_sidecar(entry.name):
                    self._beside(folder, entry.stat().st_ctime_ns)
            except OSError as error:
                self._trouble(entry.path, error)

    def _file(
        self, entry: os.DirEntry[str], numbered: list[str]
    ) -> Iterator[tuple[str, FileState]]:
        """A file and its state; what may be a frame is noted instead, for the whole folder."""
        if split_number(entry.name, self._policy) is None:
            yield entry.path, FileState.of(entry.stat())
        else:
            numbered.append(entry.name)

    def _numbered(self, folder: str, names: list[str]) -> Iterator[tuple[str, FileState]]:
        """Files that may be frames: sequences, and those that are of none."""
        for name in gather(names, self._policy):
            path = f"{folder.rstrip('/')}/{name}"
            try:
                yield path, state_of(Path(path))
            except OSError as error:
                self._trouble(path, error)

    def _first_time(self, folder: str) -> bool:
        state = os.stat(folder)  # noqa: PTH116  # a hundred thousand Paths are slow
        self.devices.add(state.st_dev)
        identity = (state.st_dev, state.st_ino)
        if identity in self._seen:
            return False
        self._seen.add(identity)
        return True

    def _walks_into(self, entry: os.DirEntry[str]) -> bool:
        if entry.path in self._inner or self._settings.leaves_out(self._below(entry.path)):
            return False
        if repeats_clips(PurePath(entry.path)):
            return False
        if not entry.is_symlink():
            return True
        return is_within(os.path.realpath(entry.path), self._real)

    def _wants(self, entry: os.DirEntry[str]) -> bool:
        return looks_like_media(Path(entry.name)) and self._settings.wants(self._below(entry.path))

    def _below(self, path: str) -> str:
        return path[len(self._root.rstrip("/")) + 1 :]

    def _trouble(self, path: str, error: OSError) -> None:
        if len(self.troubles) < _MOST_TROUBLES:
            self.troubles.append((path, error))


def is_within(path: str, folder: str) -> bool:
    """Whether a path is the folder, or lies in it; of the names alone."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def batches(files: Iterator[tuple[str, FileState]]) -> Iterator[list[tuple[str, FileState]]]:
    """The files, so many at a time."""
    while batch := list(islice(files, BATCH)):
        yield batch
