"""Register: which content is this file, and has the catalogue met it before?"""

from __future__ import annotations

import stat as file_mode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.file_state import FileState
from catalog.domain.media import SamplingPolicy
from catalog.domain.paths import full_path, shown_path
from catalog.domain.root_settings import sampling_at
from catalog.domain.sequences import parse_pattern, possible_patterns
from catalog.errors import (
    CatalogError,
    FileChangedError,
    MediaError,
    NoMediaError,
    OutsideRootError,
    PathNotFoundError,
)
from catalog.ingest.places import check_inside, enter, real_roots, settle_moves
from catalog.ingest.recognise import recognise
from catalog.ingest.strangers import Strangers
from catalog.media.files import check_readable, find_media
from catalog.media.fingerprint import check_still, identify, look
from catalog.media.sequences import (
    Grouping,
    PolicyOf,
    frames_of,
    is_present,
    is_sequence,
    look_for,
    name_of,
    state_of,
    usual_policy,
)
from catalog.store import assets, locations, roots, versions
from catalog.store.locations import FileSeen, LocationState

OnNew = Callable[[Session, int], None]


@dataclass(frozen=True, slots=True)
class Registration:
    """A file and the asset it holds.

    ``new`` if the content was not known; ``verified`` if all of it was read, now
    or before, else the file was recognised, see `catalog.ingest.recognise`.
    """

    path: Path
    asset_id: int
    new: bool
    verified: bool = True


def sequence_policy(database: Database, policy: SamplingPolicy | None = None) -> PolicyOf:
    """Which files of a folder may be frames of a sequence: as ``policy`` says, else its root."""

    @cache
    def said() -> list[tuple[Path, dict[str, Any]]]:
        with database.session() as session:
            return roots.sampling_settings(session)

    return lambda folder: (policy or sampling_at(folder, said())).sequences


def find_files(
    paths: Sequence[Path], policy_of: PolicyOf = usual_policy, strangers: Strangers | None = None
) -> Iterator[Path | tuple[Path, CatalogError]]:
    """Every file to attempt below the paths; what cannot be, with its error.

    A folder's files are chosen by their suffix; a file named by itself is
    attempted whatever it is called. A frame of an image sequence stands for all of it.
    ``strangers`` counts what folders hold beside media.
    """
    strangers = strangers or Strangers()
    grouping = Grouping(policy_of)
    for path in paths:
        absolute = full_path(path)
        if not is_there(absolute):
            yield absolute, path_not_found(path)
        elif absolute.is_dir():
            yield from _folder(absolute, policy_of, strangers)
        else:
            yield grouping.of(absolute)


def _folder(
    folder: Path, policy_of: PolicyOf, strangers: Strangers
) -> Iterator[Path | tuple[Path, CatalogError]]:
    found = False
    try:
        for file in find_media(folder, policy_of, strangers.note):
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
    """Whether something is at the path: a file, a sequence, or a link that leads nowhere."""
    try:
        look_for(path)
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
    """Registers files below roots, reading each new one once.

    With ``verify`` every file is read that is not as it was; without, a large one
    that was only moved is recognised (`catalog.ingest.recognise`).
    """

    def __init__(
        self, database: Database, folders: Sequence[Path], *, verify: bool = False
    ) -> None:
        self._database = database
        self._verify = verify
        # Innermost first: a file belongs to the deepest root above it, so
        # that nested roots never hold it twice.
        with database.session() as session:
            self._roots = roots.list_roots(session)
        # Files named one by one have one folder, again and again.
        named = dict.fromkeys(folders)
        new = [f for f in named if not any(f.is_relative_to(r) for _, r in self._roots)]
        if new:
            with database.session() as session:
                for folder in new:
                    roots.ensure_root(session, folder)
                self._roots = roots.list_roots(session)
        self._real = real_roots([root for _, root in self._roots])

    def register(
        self,
        path: Path,
        *,
        collection: str | None = None,
        on_new: OnNew | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Registration:
        """Enter one file: its content's asset, and this place of it.

        A file nobody has written to since it was last seen is not read again.
        ``progress`` is told the bytes read so far of one that is. ``on_new`` is
        called with a new asset's id in the transaction that enters it.

        Raises
        ------
        MediaError
            If the file cannot be read or identified; the reason is kept with its location.
        """
        root_id, below = self._place(path)
        with self._database.session() as session:
            known = locations.find_location(session, root_id, below)
        try:
            check_inside(path, self._real)
            if known is not None and (same := self._unchanged(path, root_id, known)):
                return same
            try:
                return self._enter(path, (root_id, below), collection, on_new, progress)
            except FileChangedError:
                if (same := self._entered_meanwhile(path, root_id, below)) is None:
                    raise
                return same
        except MediaError as error:
            self._remember_failure(path, root_id, below, error)
            raise

    def _unchanged(self, path: Path, root_id: int, known: LocationState) -> Registration | None:
        try:
            state = state_of(path)
        except OSError:
            return None
        if known.asset_id is None or not state.untouched_since(known.state):
            return None
        if self._verify and not known.verified:
            return None
        with self._database.session() as session:
            locations.mark_online(session, root_id, known.path, state=state)
        return Registration(path, known.asset_id, new=False, verified=known.verified)

    def _entered_meanwhile(self, path: Path, root_id: int, below: Path) -> Registration | None:
        """What another registered of a file that changed while this one read it."""
        with self._database.session() as session:
            known = locations.find_location(session, root_id, below)
        return None if known is None else self._unchanged(path, root_id, known)

    def _enter(
        self,
        path: Path,
        place: tuple[int, Path],
        collection: str | None,
        on_new: OnNew | None,
        progress: Callable[[int], None] | None,
    ) -> Registration:
        root_id, below = place
        if not self._verify and (found := self._recognised(path, root_id, below)):
            return found
        identity = identify(path, progress=progress)
        seen = FileSeen(root_id, below, identity.state)
        with self._database.session() as session:
            asset_id, new = assets.ensure_asset(
                session,
                fingerprint=identity.fingerprint,
                sample=identity.sample,
                size=identity.state.size,
                name=name_of(path),
                collection=collection,
            )
            enter(session, seen, asset_id, new=new, verified=True)
            check_still(path, seen.state)
            _take_in(session, path, seen, asset_id)
            if new and on_new is not None:
                on_new(session, asset_id)
        if not new:
            settle_moves(self._database, asset_id, seen, verified=True)
        self._take_in_again(path, seen, asset_id)
        return Registration(path, asset_id, new)

    def _recognised(self, path: Path, root_id: int, below: Path) -> Registration | None:
        if not is_sequence(path):
            check_readable(path)
        state = look(path)
        asset_id = recognise(self._database, path, state)
        if asset_id is None:
            return None
        seen = FileSeen(root_id, below, state)
        with self._database.session() as session:
            enter(session, seen, asset_id, new=False, verified=False)
            check_still(path, seen.state)
            _take_in(session, path, seen, asset_id)
        settle_moves(self._database, asset_id, seen, verified=False)
        return Registration(path, asset_id, new=False, verified=False)

    def _take_in_again(self, path: Path, seen: FileSeen, asset_id: int) -> None:
        """Look whether a frame, or its sequence, was entered at the same time as this.

        Both look once they are entered for good, so one of them sees the other.
        """
        if is_sequence(path):
            with self._database.session() as session:
                _take_in(session, path, seen, asset_id)
            return
        folder = seen.path.parent
        wholes = [folder / str(each) for each in possible_patterns(path.name, "auto")]
        if not wholes:
            return
        with self._database.session() as session:
            known = locations.at_paths(session, seen.root_id, wholes)
        whole = next((each for each in known if _is_frame(path, each)), None)
        if whole is None or whole.asset_id is None:
            return
        if sequence_policy(self._database)(path.parent) == "off":
            return  # it is meant to be an asset, whatever it was taken for before
        with self._database.session() as session:
            versions.taken_in(session, seen.root_id, [seen.path], whole.asset_id)

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
            state = _state_of_failed(path, error)
        except OSError:
            return  # nothing there to speak of; the error itself is reported
        if state is None:
            return
        seen = FileSeen(root_id, below, state)
        with self._database.session() as session:
            before = locations.find_location(session, root_id, below, lock=True)
            if before is not None and before.asset_id is not None:
                if error.retryable and seen.state.written_as(before.state):
                    return  # as one whose permissions were taken away: it is what it was
                versions.keep_in_history(session, [before.id], versions.CHANGED)
            locations.save_location(
                session, seen, asset_id=None, error_code=error.code, error_message=str(error)
            )


def _state_of_failed(path: Path, error: MediaError) -> FileState | None:
    """What is seen of a file that could not be registered; None of a folder."""
    if is_sequence(path):
        return state_of(path)
    # Of a link that leads out of the root the link itself is seen, and nothing beyond.
    stat = path.lstat() if isinstance(error, OutsideRootError) else path.stat()
    return None if file_mode.S_ISDIR(stat.st_mode) else FileState.of(stat)


def _is_frame(path: Path, whole: LocationState) -> bool:
    """Whether a file is a frame of a sequence that the catalogue knows, as it lies there now."""
    pattern = parse_pattern(whole.path.name)
    fits = pattern is not None and pattern.number_of(path.name) is not None
    return fits and whole.asset_id is not None and is_present(whole.file)


def _take_in(session: Session, path: Path, seen: FileSeen, asset_id: int) -> None:
    """Frames that were assets of their own before are the sequence's now."""
    if is_sequence(path):
        names = [seen.path.parent / frame.path.name for frame in frames_of(path)]
        versions.taken_in(session, seen.root_id, names, asset_id)


def root_folder(path: Path) -> Path:
    """The folder that becomes a root when ``path`` lies in none: itself, or its parent."""
    absolute = full_path(path)
    return absolute if absolute.is_dir() else absolute.parent
