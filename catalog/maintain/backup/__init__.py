"""Backup and restore: everything a catalogue holds in one file (docs/operations.md)."""

from __future__ import annotations

from catalog.maintain.backup.making import make_backup
from catalog.maintain.backup.manifest import BackupError, Manifest
from catalog.maintain.backup.reader import BackupReader
from catalog.maintain.backup.restoring import (
    CatalogNotEmptyError,
    check_empty,
    missing_pictures,
    open_backup,
    restore_backup,
    verify_backup,
)

__all__ = [
    "BackupError",
    "BackupReader",
    "CatalogNotEmptyError",
    "Manifest",
    "check_empty",
    "make_backup",
    "missing_pictures",
    "open_backup",
    "restore_backup",
    "verify_backup",
]
