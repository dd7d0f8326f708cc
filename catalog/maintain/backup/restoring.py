"""Check a backup, and put it into an empty catalogue."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from catalog.db.availability import describe
from catalog.db.engine import Database
from catalog.db.migrate import head_revision, is_known, migrate, revision_of
from catalog.domain.paths import full_path, shown_path
from catalog.domain.progress import Progress
from catalog.errors import DatabaseUnavailableError, InvalidInputError, SchemaMismatchError
from catalog.maintain.backup.manifest import BackupError, Manifest, TableEntry
from catalog.maintain.backup.reader import BackupReader, Member, damaged
from catalog.maintain.backup.writer import FRAMES, TABLES
from catalog.media.frame_store import FrameStore
from catalog.store import copying, statistics

_MB = 1_000_000


class CatalogNotEmptyError(InvalidInputError):
    """A backup can be restored into an empty catalogue only."""

    code = "catalog_not_empty"
    http_status = 409


def open_backup(path: Path) -> BackupReader:
    """Open a backup's file, if this program can read it.

    Raises
    ------
    PathNotFoundError, InvalidInputError
        If there is no such file, or it cannot be read.
    BackupError
        If it is no backup, or was written by a newer program.
    """
    reader = BackupReader(full_path(path))
    revision = reader.header.revision
    if not is_known(revision):
        raise BackupError(
            f"{reader.shown} holds a catalogue of schema revision {revision}, which this program "
            f"does not know; it was written for {head_revision()}.",
            remedy=f"Upgrade the program; version {reader.header.program} wrote it.",
        )
    return reader


def verify_backup(reader: BackupReader, progress: Progress) -> Manifest:
    """Read it all and compare everything with its checksums; what it holds.

    Raises
    ------
    BackupError
        If anything is not as it was written.
    """
    progress.begin("verify", reader.size / _MB, "MB")
    for member in reader.members():
        progress.advance("verify", member.size / _MB, member.name)
    progress.end("verify")
    assert reader.manifest is not None  # noqa: S101  # members() ends with it
    return reader.manifest


def check_empty(database: Database) -> None:
    """Check that nothing would be lost or mixed up.

    Raises
    ------
    CatalogNotEmptyError
        If the database holds a catalogue with anything in it.
    """
    with database.session() as session:
        if not copying.is_empty(session):
            raise CatalogNotEmptyError(
                f"The {describe(database.url)} holds a catalogue that is not empty.",
                remedy="Set CATALOG_HOME to a new folder, or CATALOG_DATABASE_URL to a new "
                "database, and restore into that.",
            )


def restore_backup(
    database: Database,
    store: FrameStore,
    reader: BackupReader,
    manifest: Manifest,
    progress: Progress,
) -> dict[str, Any]:
    """Put a verified backup into an empty catalogue and bring it up to date.

    Tables and pictures come all or none: if anything fails, or it is broken off, the
    database holds an empty catalogue and the frame store nothing.

    Raises
    ------
    CatalogNotEmptyError, FrameStoreNotEmptyError
        If there is something already.
    BackupError
        If the file's rows do not fit the tables.
    ServiceError
        If database or frame store cannot be written.
    """
    revision = manifest.header.revision
    check_empty(database)
    migrate(database, revision=revision)
    included = manifest.frames.included
    # Committed after the store is filled: rows whose pictures are cleared away would be worse
    # than pictures without rows.
    filling = store.filling() if included else nullcontext()
    with database.session() as session, filling:
        pictures = _load(session, store, reader, manifest, progress)
        if included:
            # Nor must the rows outlive them in a power failure.
            os.sync()
    migrated = migrate(database)
    return {
        "revision": revision,
        "migrated": migrated,
        "rows": manifest.rows,
        "tables": {table.name: table.rows for table in manifest.tables},
        "encoders": [encoder["name"] for encoder in manifest.encoders],
        "pictures": pictures,
    }


def missing_pictures(database: Database, store: FrameStore, progress: Progress) -> tuple[int, int]:
    """Of the files that the tables say are in the frame store: how many, and how many are not."""
    expected = missing = 0
    progress.begin("look", None, "files")
    with database.connect() as connection:
        for key in copying.picture_keys(connection):
            expected += 1
            missing += not store.exists(key)
    progress.end("look")
    return expected, missing


def _load(
    session: Session,
    store: FrameStore,
    reader: BackupReader,
    manifest: Manifest,
    progress: Progress,
) -> int:
    """Everything of the file, in one transaction; how many pictures."""
    shapes = _fitting(session, manifest, reader.shown)
    progress.begin("restore", reader.size / _MB, "MB")
    try:
        with copying.emptied(session, list(shapes.values())):
            loader = _Loader(session, store, reader, shapes, progress)
            loader.load(manifest)
        copying.go_on_counting(session, manifest.identities)
        statistics.analyze(session, [shape.name for shape in shapes.values()])
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnavailableError(
            f"The database broke off while {reader.shown} was restored: {error}.",
            remedy="Nothing was restored; try again once it is back.",
        ) from error
    except (psycopg.Error, DBAPIError) as error:
        reason = shown_path(str(getattr(error, "orig", None) or error).strip())
        raise damaged(reader.shown, f"its rows do not fit the tables ({reason})") from error
    progress.end("restore")
    return loader.pictures


def _fitting(session: Session, manifest: Manifest, shown: str) -> dict[str, copying.TableShape]:
    """The tables of the database, which must be those of the backup."""
    connection = session.connection()
    if revision_of(connection) != manifest.header.revision:
        raise SchemaMismatchError(
            "Another process migrated the database while the backup was restored.",
            remedy="Stop the other processes that use it, and restore again.",
        )
    found = {shape.name: shape for shape in copying.shapes(connection)}
    told = {table.name: set(table.columns) for table in manifest.tables}
    if told != {name: set(shape.columns) for name, shape in found.items()}:
        raise damaged(shown, f"its tables are not those of revision {manifest.header.revision}")
    return {
        # In the order of columns that the stream has.
        table.name: copying.TableShape(table.name, table.columns)
        for table in manifest.tables
    }


class _Loader:
    """Puts one member after the other where it belongs."""

    def __init__(
        self,
        session: Session,
        store: FrameStore,
        reader: BackupReader,
        shapes: dict[str, copying.TableShape],
        progress: Progress,
    ) -> None:
        self._session, self._store, self._reader = session, store, reader
        self._shapes = shapes
        self._progress = progress
        self._waiting: Member | None = None
        self._members = self._told(reader.members())
        self.pictures = 0

    def load(self, manifest: Manifest) -> None:
        for table in manifest.tables:
            self._load_table(table)
            if table.name == "encoder":
                copying.partition_by_encoder(self._session)
        self._load_pictures(manifest)

    def _told(self, members: Iterator[Member]) -> Iterator[Member]:
        for member in members:
            yield member
            self._progress.advance("restore", member.size / _MB, member.name)

    def _load_table(self, table: TableEntry) -> None:
        digest, size = hashlib.sha256(), 0

        def stream() -> Iterator[bytes]:
            nonlocal size
            for member in self._members_of(f"{TABLES}{table.name}/"):
                piece = member.inflated()
                digest.update(piece)
                size += len(piece)
                yield piece

        rows = copying.rows_in(self._session, self._shapes[table.name], stream())
        if (rows, size, digest.hexdigest()) != (table.rows, table.bytes, table.sha256):
            raise damaged(self._reader.shown, f"the rows of {table.name} are not as written")

    def _load_pictures(self, manifest: Manifest) -> None:
        for member in self._members_of(FRAMES):
            if not manifest.frames.included:
                raise damaged(self._reader.shown, f"it holds {member.name!r}")
            with self._store.writing(member.name.removeprefix(FRAMES)) as file:
                for piece in member.pieces():
                    file.write(piece)
            self.pictures += 1
        if self._waiting or next(self._members, None) or self.pictures != self._wanted(manifest):
            raise damaged(self._reader.shown, "its members are not those it should have")

    @staticmethod
    def _wanted(manifest: Manifest) -> int:
        return manifest.frames.count if manifest.frames.included else 0

    def _members_of(self, beginning: str) -> Iterator[Member]:
        """The members at hand whose names begin so, up to the first that does not."""
        while member := self._waiting or next(self._members, None):
            self._waiting = None
            if not member.name.startswith(beginning):
                self._waiting = member
                return
            yield member


__all__ = [
    "CatalogNotEmptyError",
    "check_empty",
    "missing_pictures",
    "open_backup",
    "restore_backup",
    "verify_backup",
]
