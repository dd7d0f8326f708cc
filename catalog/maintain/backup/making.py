"""Take a backup: every table in one state, then the files of the frame store that it names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from psycopg.abc import Buffer
from sqlalchemy import Connection, text

from catalog.db.engine import Database
from catalog.db.migrate import revision_of
from catalog.domain.paths import full_path, shown_path
from catalog.domain.progress import Progress
from catalog.errors import FrameStoreError
from catalog.maintain.backup.manifest import FORMAT, Frames, Header, Manifest, TableEntry
from catalog.maintain.backup.writer import FRAMES, READ, BackupWriter, writing_beside
from catalog.media.frame_store import FrameStore, PictureNotFoundError
from catalog.store import copying

# Of what was not to be had, so many are named.
_NAMED = 20
_TELL_EVERY = 1000  # rows


@dataclass(slots=True)
class _Taken:
    count: int = 0
    bytes: int = 0
    missing: int = 0
    named: list[str] = field(default_factory=list)


def make_backup(
    database: Database,
    store: FrameStore,
    target: Path,
    *,
    frames: bool,
    folder: Path,
    program: str,
    progress: Progress,
) -> dict[str, Any]:
    """Write everything the catalogue holds into one new file; what it holds.

    Others go on reading and writing meanwhile: the tables are read in one state, that
    of the beginning. ``folder`` is where the frame store lies, ``program`` this version:
    whoever restores wants to know.

    Raises
    ------
    InvalidInputError
        If the target is there already.
    BackupUnwritableError
        If it cannot be written.
    ServiceError
        If database or frame store cannot be read.
    """
    target = full_path(target)
    with (
        writing_beside(target) as file,
        tempfile.TemporaryFile(prefix=".", dir=target.parent) as keys,
    ):
        with database.connect() as plain:
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
            writer, manifest = _take_tables(connection, file, keys, program, progress)
        # The tables' state is let go of: what follows may take hours.
        taken = _take_frames(writer, keys, store if frames else None, progress)
        manifest = writer.finish(_with_frames(manifest, taken, frames=frames, folder=folder))
        size = file.tell()
    return {
        "file": shown_path(target),
        "bytes": size,
        "revision": manifest.header.revision,
        "rows": manifest.rows,
        "tables": {table.name: table.rows for table in manifest.tables},
        "encoders": [encoder["name"] for encoder in manifest.encoders],
        "frames": {**manifest.as_json()["frames"], "named": taken.named},
    }


def _take_tables(
    connection: Connection, file: BinaryIO, keys: BinaryIO, program: str, progress: Progress
) -> tuple[BackupWriter, Manifest]:
    names = [shape.name for shape in copying.shapes(connection)]
    estimate = copying.estimated_rows(connection)
    connection.rollback()
    copying.hold_still(connection, names)
    header = Header(
        FORMAT,
        program,
        revision_of(connection),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    writer = BackupWriter(file, header)
    progress.begin("tables", estimate, "rows")
    tables = [
        _take_table(connection, shape, writer, progress) for shape in copying.shapes(connection)
    ]
    progress.end("tables")
    for piece in copying.pictures_out(connection):
        keys.write(piece)
    server = connection.execute(text("SHOW server_version")).scalar_one()
    manifest = Manifest(
        header=header,
        server=str(server),
        encoders=tuple(copying.encoders(connection)),
        tables=tuple(tables),
        identities=tuple(copying.identities(connection)),
        frames=Frames(included=False, folder="", count=0, bytes=0, missing=0),
        members=0,
        sums="",
    )
    return writer, manifest


def _take_table(
    connection: Connection, shape: copying.TableShape, writer: BackupWriter, progress: Progress
) -> TableEntry:
    rows = copying.RowsOut(connection, shape)
    told = 0

    def counted() -> Iterator[Buffer]:
        nonlocal told
        for piece in rows:
            yield piece
            if rows.rows - told >= _TELL_EVERY:
                progress.advance("tables", rows.rows - told, shape.name)
                told = rows.rows

    size, sha256 = writer.add_table(shape.name, counted())
    progress.advance("tables", rows.rows - told, shape.name)
    return TableEntry(shape.name, shape.columns, rows.rows, size, sha256)


def _with_frames(manifest: Manifest, taken: _Taken, *, frames: bool, folder: Path) -> Manifest:
    return replace(
        manifest,
        frames=Frames(
            included=frames,
            folder=shown_path(folder),
            count=taken.count,
            bytes=taken.bytes,
            missing=taken.missing,
        ),
    )


def _take_frames(
    writer: BackupWriter, keys: BinaryIO, store: FrameStore | None, progress: Progress
) -> _Taken:
    keys.seek(0)
    count = sum(1 for _ in keys)
    taken = _Taken(count=0 if store else count)
    if store is None:
        return taken
    progress.begin("pictures", count, "files")
    keys.seek(0)
    for line in keys:
        key = line.decode("ascii").rstrip("\n")
        try:
            with store.open(key) as file:
                size = file.seek(0, os.SEEK_END)
                writer.add(FRAMES + key, _pieces(key, file), size)
            taken.bytes += size
            taken.count += 1
        except PictureNotFoundError:
            taken.missing += 1
            if len(taken.named) < _NAMED:
                taken.named.append(key)
        progress.advance("pictures", 1)
    progress.end("pictures")
    return taken


def _pieces(key: str, file: BinaryIO) -> Iterator[bytes]:
    """The content of a file of the frame store, bit by bit."""
    try:
        file.seek(0)
        while piece := file.read(READ):
            yield piece
    except OSError as error:
        raise FrameStoreError(
            f"{key!r} cannot be read in the frame store: {error.strerror or error}.",
            remedy="Check the storage under CATALOG_FRAME_STORE; --without-frames leaves it out.",
            key=key,
        ) from error
