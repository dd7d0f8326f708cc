"""Backup and restore: the whole catalogue in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog import __version__
from catalog.api.base import OpenCatalog, StrPath
from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.domain.progress import Progress, Silent
from catalog.maintain import backup as backups
from catalog.maintain.graphs import build_graphs
from catalog.media.frame_store import FolderFrameStore
from catalog.search.sql import install_search_function
from catalog.settings import Settings


def verify_backup(file: StrPath, *, progress: Progress | None = None) -> dict[str, Any]:
    """Compare all of a backup with its checksums; nothing is restored, and no database needed.

    Returns
    -------
    dict
        What the backup's manifest says: ``program``, ``revision``, ``made_at``, ``server``,
        ``encoders``, ``tables`` (name, columns, rows, bytes, sha256), ``frames``, …

    Raises
    ------
    PathNotFoundError, InvalidInputError
        If there is no such file, or it cannot be read.
    BackupError
        If it is no backup, is damaged, or is of a newer program.
    """
    reader = backups.open_backup(Path(file))
    return backups.verify_backup(reader, progress or Silent()).as_json()


def restore(
    settings: Settings, file: StrPath, *, progress: Progress | None = None
) -> dict[str, Any]:
    """Put a backup into the empty catalogue that these settings name; see `Catalog.restore`."""
    progress = progress or Silent()
    reader = backups.open_backup(Path(file))
    if settings.database_url is not None or settings.postgres_dir.exists():
        # Before the file is read through, which may take hours.
        with Database.open(settings) as database:
            backups.check_empty(database)
    manifest = backups.verify_backup(reader, progress)
    store = FolderFrameStore(settings.frames_dir)
    with Database.open(settings) as database:
        body = backups.restore_backup(database, store, reader, manifest, progress)
        install_search_function(database)
        body["graphs"] = build_graphs(database, progress)
        expected, missing = backups.missing_pictures(database, store, progress)
    body["frames"] = {
        "included": manifest.frames.included,
        "restored": body.pop("pictures"),
        "expected": expected,
        "missing": missing,
        "folder": shown_path(settings.frames_dir),
        "before": manifest.frames.folder,
    }
    return {"file": reader.shown, **body}


class BackupVerbs(OpenCatalog):
    """The verb of an open catalogue; `Catalog.restore` is for one that is not."""

    def backup(
        self, file: StrPath, *, without_frames: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Write everything the catalogue holds into one new file, while others go on working.

        The file holds one state of all tables, and the pictures and renditions that they
        name, unless ``without_frames`` says to leave those out. It gets its name when it is
        whole; broken off, nothing of it stays.

        Returns
        -------
        dict
            ``file``, ``bytes``, ``revision``, ``rows``, ``tables`` (rows by name),
            ``encoders`` (names) and ``frames``: ``included``, ``folder``, ``count``,
            ``bytes``, and ``missing`` with some of them ``named``: what the tables name
            and the frame store did not have.

        Raises
        ------
        InvalidInputError
            If the file is there already, or its folder is not.
        BackupUnwritableError
            If it cannot be written.
        ServiceError
            If database or frame store cannot be read.
        """
        return backups.make_backup(
            self.database,
            self.store,
            Path(file),
            frames=not without_frames,
            folder=self.settings.frames_dir,
            program=__version__,
            progress=progress or Silent(),
        )

    @staticmethod
    def verify_backup(file: StrPath, *, progress: Progress | None = None) -> dict[str, Any]:
        """Compare all of a backup with its checksums; see `catalog.api.backup.verify_backup`."""
        return verify_backup(file, progress=progress)
