"""Verify: read files through that were recognised, or all, and set right what was mistaken."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.file_state import FileState
from catalog.domain.paths import raw_path, shown_path
from catalog.domain.progress import Progress
from catalog.domain.results import Failure
from catalog.errors import (
    ContentAlteredError,
    FileChangedError,
    MediaError,
    UnreadableFileError,
)
from catalog.ingest.places import check_inside, enter, real_roots, settle_moves
from catalog.media.fingerprint import Identity, forget_cached, identify, look
from catalog.media.sequences import is_present, is_sequence, name_of, state_of
from catalog.store import assets, audit, locations, roots, verifying, versions
from catalog.store.locations import FileSeen, LocationState

_MIB = 1 << 20
_MOST_KEPT = 1000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Split:
    """A file that turned out to hold another asset than it was taken for."""

    path: str
    was: int
    asset_id: int

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {"path": self.path, "was": self.was, "asset": self.asset_id}


@dataclass(slots=True)
class VerifyReport:
    """What reading files through brought.

    ``confirmed`` files hold what the catalogue says; those in ``split`` are of
    another asset now, which is analysed by the next ingest; ``failures`` cannot be
    read, or changed without a trace (``content_altered``).
    """

    confirmed: int = 0
    bytes_read: int = 0
    split: list[Split] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog verify --json`` prints it."""
        return {
            "confirmed": self.confirmed,
            "bytes_read": self.bytes_read,
            "split": [split.as_json() for split in self.split],
            "failed": len(self.failures),
            "failures": [failure.as_json() for failure in self.failures],
        }


class Verifier:
    """Reads files; one that has several names is read once."""

    def __init__(
        self, database: Database, on_bytes: Callable[[int], None] = lambda _: None
    ) -> None:
        self._database = database
        self._on_bytes = on_bytes
        self._read: dict[FileState, Identity] = {}
        self._look_at_roots()
        self.bytes_read = 0

    def check_inside(self, place: LocationState) -> None:
        """Refuse a file that lies, links followed, out of every root; see `places.check_inside`."""
        if place.root not in self._roots:  # it came since
            self._look_at_roots()
        check_inside(place.file, self._real)

    def _look_at_roots(self) -> None:
        with self._database.session() as session:
            self._roots = {root: root_id for root_id, root in roots.list_roots(session)}
        self._real = real_roots(list(self._roots))

    def verify(self, place: LocationState) -> Split | None:
        """Read one location's file; the split, if it holds another asset than was thought.

        What was read through before, and is otherwise now though nobody has written to it, is read
        once more from its storage: a wrong bit on the way is no other content.

        Raises
        ------
        MediaError
            If it cannot be read, or reads otherwise each time; its location stays as it is.
        """
        self.check_inside(place)
        identity = self._identity(place.file)
        if place.verified and identity.state.written_as(place.state):
            identity = self._read_again_if_other(place, identity)
        seen = FileSeen(self._roots[place.root], place.path, identity.state)
        with self._database.session() as session:
            here = locations.find_location(session, seen.root_id, seen.path, lock=True)
            if here is None or here.asset_id is None or here.asset_id != place.asset_id:
                return None  # somebody else was here
            row = assets.get_asset(session, here.asset_id)
            if row is not None and row.fingerprint == identity.fingerprint:
                locations.confirm(session, [here.id], identity.state)
                assets.set_sample(session, here.asset_id, identity.sample)
                split = None
            else:
                split = self._split(session, seen, here, identity)
        settle_moves(
            self._database, split.asset_id if split else here.asset_id, seen, verified=True
        )
        return split

    def _read_again_if_other(self, place: LocationState, identity: Identity) -> Identity:
        with self._database.session() as session:
            row = None if place.asset_id is None else assets.get_asset(session, place.asset_id)
            expected = None if row is None else row.fingerprint
        if expected in (None, identity.fingerprint):
            return identity
        self._read.pop(identity.state, None)
        forget_cached(place.file)
        again = self._identity(place.file)
        if again.fingerprint not in (expected, identity.fingerprint):
            raise UnreadableFileError(
                f"{shown_path(place.file)} reads otherwise each time; expected the same bytes.",
                remedy="Its storage, the way to it or this machine's memory is failing: copy what"
                " can be saved, and check them.",
                path=shown_path(place.file),
            )
        if again.fingerprint == expected:
            _log.warning("read_wrong_once", extra={"path": shown_path(place.file)})
        return again

    def _split(
        self,
        session: Session,
        seen: FileSeen,
        here: LocationState,
        identity: Identity,
    ) -> Split:
        assert here.asset_id is not None  # noqa: S101  # looked at by the caller
        asset_id, new = assets.ensure_asset(
            session,
            fingerprint=identity.fingerprint,
            sample=identity.sample,
            size=identity.state.size,
            name=name_of(here.file),
            collection=None,
        )
        guessed = not here.verified and identity.state.written_as(here.state)
        why = versions.MISTAKEN if guessed else versions.CHANGED
        enter(session, seen, asset_id, new=new, verified=True, why=why)
        if here.verified and identity.state.written_as(here.state):
            told = f"It is not what it was: asset {here.asset_id}, without a trace of a change."
            verifying.note_error(session, seen.root_id, raw_path(seen.path), told)
            audit.note(session, "altered", [here.asset_id, asset_id], path=shown_path(here.file))
        return Split(shown_path(here.file), here.asset_id, asset_id)

    def _identity(self, file: Path) -> Identity:
        if (known := self._read_before(file)) is not None:
            return known

        def read(so_far: int) -> None:
            more, told[0] = so_far - told[0], so_far
            self._on_bytes(more)

        told = [0]
        try:
            identity = identify(file, progress=read)
        finally:
            self.bytes_read += told[0]
        if len(self._read) < _MOST_KEPT:
            self._read[identity.state] = identity
        return identity

    def _read_before(self, file: Path) -> Identity | None:
        """What was read under another of the file's names.

        Some network and FUSE file systems number files alike that are not the same: only a file
        that says that it has several names is believed to be one that was met.
        """
        try:
            names = file.stat().st_nlink
            return self._read.get(state_of(file)) if names > 1 else None
        except OSError:  # also a sequence: its pattern is no file
            return None


def verify_locations(
    database: Database, asset_ids: Sequence[int] | None, *, everything: bool, progress: Progress
) -> VerifyReport:
    """Read the files through that were only recognised, or (``everything``) every file."""
    with database.session() as session:
        places = locations.to_verify(session, asset_ids, everything=everything)
    report = VerifyReport()
    progress.begin("verify", sum(place.state.size for place in places) / _MIB, "MiB")
    verifier = Verifier(database, lambda count: progress.advance("verify", count / _MIB))
    for place in places:
        try:
            split = verifier.verify(place)
        except MediaError as error:
            report.failures.append(Failure.of(shown_path(place.file), error))
            continue
        if split is None:
            report.confirmed += 1
            continue
        report.split.append(split)
        if fault := altered(place):
            report.failures.append(Failure.of(split.path, fault))
    report.bytes_read = verifier.bytes_read
    progress.end("verify")
    return report


def altered(place: LocationState) -> ContentAlteredError | None:
    """What to say of a file that had been read, and holds something else without a trace of it."""
    if not place.verified:
        return None
    try:
        now = state_of(place.file)
    except OSError:
        return None
    if not now.written_as(place.state):
        return None
    return ContentAlteredError(
        f"{shown_path(place.file)} is not what it was, though its size and time of writing are:"
        " expected the content it had when it was last read.",
        remedy="Its storage may be failing, or a program set the time back: compare it with a"
        " backup. What it held is kept as the version before.",
        path=shown_path(place.file),
    )


def file_is_there(path: Path) -> bool:
    """Whether there is a file, or a frame of a sequence, at the path."""
    return path.is_file() or (is_sequence(path) and is_present(path))


def usable_files(
    database: Database,
    asset_id: int,
    on_bytes: Callable[[int], None] = lambda _: None,
    *,
    known: Sequence[Path] | None = None,
) -> list[Path]:
    """A file of the asset's whose content is certain; else all, none of which is there.

    One that was only recognised, or was touched since it was read, is read first: ``on_bytes``
    hears of each piece, and may break that off by raising. ``known`` are all roots, if they have
    been asked for just now.

    Raises
    ------
    FileChangedError
        If it has no file left, for what lay there was written to, as one that is still recorded.
    """
    with database.session() as session:
        places = locations.of_assets(session, [asset_id])
        known = known or [root for _, root in roots.list_roots(session)]
    there = [place for place in places if file_is_there(place.file)]
    for place in there:
        if place.verified and look(place.file).untouched_since(place.state):
            check_inside(place.file, real_roots(known))
            return [place.file]
    verifier = Verifier(database, on_bytes)
    for place in there:
        if verifier.verify(place) is None:
            return [place.file]
    elsewhere = [place.file for place in places if place not in there]
    if not elsewhere:
        _check_unchanged(database, asset_id)
    return elsewhere


def _check_unchanged(database: Database, asset_id: int) -> None:
    with database.session() as session:
        path = versions.changed_file(session, asset_id)
    if path is not None:
        raise FileChangedError(
            f"{shown_path(path)} was written to since it was registered; expected a file that"
            f" nobody is writing, and what asset {asset_id} holds.",
            remedy="Wait until it is written completely, and ingest it again: what it holds then"
            " is the next version.",
            path=shown_path(path),
        )
