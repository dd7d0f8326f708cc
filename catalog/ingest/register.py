"""Register: which content is this file, and has the catalogue met it before?"""

from __future__ import annotations

import stat as file_mode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.db.engine import Database
from catalog.domain.paths import full_path, shown_path
from catalog.errors import CatalogError, MediaError, NoMediaError, PathNotFoundError
from catalog.media.files import find_media
from catalog.media.fingerprint import identify
from catalog.store import assets, locations, roots
from catalog.store.locations import FileSeen


@dataclass(frozen=True, slots=True)
class Registration:
    """A file and the asset it holds; ``new`` if the content was not known."""

    path: Path
    asset_id: int
    new: bool


def find_files(paths: Sequence[Path]) -> Iterator[Path | tuple[Path, CatalogError]]:
    """Every file to attempt below the paths; what cannot be, with its error.

    A folder's files are chosen by their suffix; a file named by itself is
    attempted whatever it is called.
    """
    for path in paths:
        absolute = full_path(path)
        if not is_there(absolute):
            yield absolute, path_not_found(path)
        elif absolute.is_dir():
            yield from _folder(absolute)
        else:
            yield absolute


def _folder(folder: Path) -> Iterator[Path | tuple[Path, CatalogError]]:
    found = False
    try:
        for file in find_media(folder):
            found = True
            yield file
    except MediaError as error:  # the folder itself cannot be listed
        yield folder, error
        return
    if not found:
        yield (
            folder,
            NoMediaError(
                f"{shown_path(folder)} holds no media: no file there has a suffix of a known "
                "video, picture or sound format.",
                remedy="Name another folder, or name the file itself to have it tried anyway.",
                path=shown_path(folder),
            ),
        )


def is_there(path: Path) -> bool:
    """Whether something is at the path: a link that leads nowhere is something, too."""
    try:
        path.lstat()
    except (OSError, ValueError):  # also a name too long, or with a NUL, for any file
        return False
    return True


def path_not_found(path: Path) -> PathNotFoundError:
    """The error of a path at which nothing is."""
    return PathNotFoundError(
        f"{shown_path(path)} does not exist; expected a file or a folder.",
        remedy="Check the spelling, and that the storage is mounted.",
        path=shown_path(path),
    )


class Registrar:
    """Registers files below roots, reading each new one once."""

    def __init__(self, database: Database, folders: Sequence[Path]) -> None:
        self._database = database
        with database.session() as session:
            known = roots.list_roots(session)
            for folder in folders:
                if not any(folder.is_relative_to(root) for _, root in known):
                    roots.ensure_root(session, folder)
            # Innermost first: a file belongs to the deepest root above it, so
            # that nested roots never hold it twice.
            self._roots = roots.list_roots(session)

    def register(self, path: Path, *, collection: str | None = None) -> Registration:
        """Enter one file: its content's asset, and this place of it.

        A file whose size and modification time are as last seen is not read again.

        Raises
        ------
        MediaError
            If the file cannot be read or identified; the reason is kept with its location.
        """
        root_id, below = self._place(path)
        with self._database.session() as session:
            known = locations.find_location(session, root_id, below)
        if known is not None and known.asset_id is not None and _unchanged(path, known):
            with self._database.session() as session:
                locations.mark_online(session, root_id, below)
            return Registration(path, known.asset_id, new=False)
        try:
            identity = identify(path)
        except MediaError as error:
            self._remember_failure(path, root_id, below, error)
            raise
        seen = FileSeen(root_id, below, identity.size, identity.modified_ns)
        with self._database.session() as session:
            asset_id, new = assets.ensure_asset(
                session,
                fingerprint=identity.fingerprint,
                size=identity.size,
                name=shown_path(Path(path.name)),
                collection=collection,
            )
            locations.save_location(session, seen, asset_id=asset_id)
        return Registration(path, asset_id, new)

    def _place(self, path: Path) -> tuple[int, Path]:
        for root_id, root in self._roots:
            if path.is_relative_to(root):
                return root_id, path.relative_to(root)
        raise PathNotFoundError(
            f"{shown_path(path)} lies in no root of the catalogue.",
            remedy="Add its folder as a root.",
        )

    def _remember_failure(self, path: Path, root_id: int, below: Path, error: MediaError) -> None:
        try:
            stat = path.stat()
        except OSError:
            return  # nothing there to speak of; the error itself is reported
        if file_mode.S_ISDIR(stat.st_mode):
            return
        seen = FileSeen(root_id, below, stat.st_size, stat.st_mtime_ns)
        with self._database.session() as session:
            locations.save_location(
                session, seen, asset_id=None, error_code=error.code, error_message=str(error)
            )


def root_folder(path: Path) -> Path:
    """The folder that becomes a root when ``path`` lies in none: itself, or its parent."""
    absolute = full_path(path)
    return absolute if absolute.is_dir() else absolute.parent


def _unchanged(path: Path, known: locations.LocationState) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns) == (known.size, known.modified_ns)
