"""Write a backup's file: a tar whose members are listed with their checksums.

The format is that of GNU tar, so ``tar -xf`` takes it apart without this program.
It is written front to back and never held in memory, whatever it has to take::

    header.json               what it is, and by what program
    tables/NAME/000000.gz     a piece of the stream of a table's rows, at most 4 MiB of it
    frames/KEY                a file of the frame store
    sums/000000               SHA-256 of the members since the last such list, for sha256sum -c
    manifest.json             everything else
    manifest.json.sha256
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from psycopg.abc import Buffer

from catalog.domain.paths import shown_path
from catalog.errors import InvalidInputError, ServiceError
from catalog.maintain.backup.manifest import Header, Manifest

HEADER, MANIFEST = "header.json", "manifest.json"
TABLES, FRAMES, SUMS = "tables/", "frames/", "sums/"
CHUNK = 4 << 20  # bytes of a table's stream per member
PER_LIST = 1000  # members per list of checksums
READ = 1 << 20
END = 2 * tarfile.BLOCKSIZE  # zeros that end a tar

# Vectors hardly shrink; the rest does most of it at once.
_GZIP_LEVEL = 4
_PART = ".catalog-backup-part"


class BackupUnwritableError(ServiceError):
    """A backup cannot be written where it was asked for."""

    code = "backup_unwritable"


class BackupWriter:
    """Appends members; `finish` makes it a backup. Made by `writing_beside`."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._header = header
        self._lines: list[str] = []
        self._lists = 0
        self._members = 0
        self._sums = hashlib.sha256()
        self.add(HEADER, [header.as_json()], len(header.as_json()))

    def add(self, name: str, pieces: Iterable[bytes], size: int) -> None:
        """Append a member of that many bytes and note its checksum."""
        self._lines.append(f"{self._append(name, pieces, size)}  {name}\n")
        self._members += 1
        if len(self._lines) == PER_LIST:
            self._list_sums()

    def add_table(self, name: str, stream: Iterable[Buffer]) -> tuple[int, str]:
        """Append a table's stream in pieces; its size and SHA-256."""
        digest, size = hashlib.sha256(), 0
        for number, chunk in enumerate(_chunks(stream)):
            digest.update(chunk)
            size += len(chunk)
            packed = gzip.compress(chunk, _GZIP_LEVEL, mtime=0)
            self.add(f"{TABLES}{name}/{number:06d}.gz", [packed], len(packed))
        return size, digest.hexdigest()

    def finish(self, manifest: Manifest) -> Manifest:
        """Append lists, manifest and end; the manifest with the checksum of the lists."""
        self._list_sums()
        manifest = replace(manifest, members=self._members, sums=self._sums.hexdigest())
        body = json.dumps(manifest.as_json(), indent=1).encode()
        line = f"{self._append(MANIFEST, [body], len(body))}  {MANIFEST}\n".encode()
        self._append(f"{MANIFEST}.sha256", [line], len(line))
        self._file.write(bytes(END))
        return manifest

    def _list_sums(self) -> None:
        if not self._lines:
            return
        content = "".join(self._lines).encode()
        self._append(f"{SUMS}{self._lists:06d}", [content], len(content))
        self._sums.update(content)
        self._lists += 1
        self._lines.clear()

    def _append(self, name: str, pieces: Iterable[bytes], size: int) -> str:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._file.write(entry.tobuf(tarfile.GNU_FORMAT))
        digest, written = hashlib.sha256(), 0
        for piece in pieces:
            self._file.write(piece)
            digest.update(piece)
            written += len(piece)
        if written != size:
            raise OSError(f"{name} has {written} bytes and not {size}")
        self._file.write(bytes(-size % tarfile.BLOCKSIZE))
        return digest.hexdigest()


def _chunks(stream: Iterable[Buffer]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in stream:
        waiting += piece
        while len(waiting) >= CHUNK:
            yield bytes(waiting[:CHUNK])
            del waiting[:CHUNK]
    if waiting:
        yield bytes(waiting)


@contextmanager
def writing_beside(target: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name when the block ends; if it raises, nothing stays.

    Only its owner may read it. What writers that were killed have left in the folder
    is cleared away.

    Raises
    ------
    InvalidInputError
        If the target is there already, or its folder is not.
    BackupUnwritableError
        If the storage is full or does not let us.
    """
    _check_free(target)
    part: Path | None = None
    try:
        _clear_left_parts(target.parent)
        handle, name = tempfile.mkstemp(prefix=".", suffix=_PART, dir=target.parent)
        part = Path(name)
        with os.fdopen(handle, "wb", buffering=READ) as file:
            with suppress(OSError):  # a network drive may know no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _check_free(target)
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise BackupUnwritableError(
            f"{shown_path(target)} cannot be written: {error.strerror or error}.",
            remedy="Free space, check permissions, or name another file.",
        ) from error
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink()  # gone already where it was renamed


def _check_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise InvalidInputError(
            f"There is no folder {shown_path(target.parent)} for the backup.",
            remedy="Make it, or name another file.",
        )
    if target.exists() or target.is_symlink():
        raise InvalidInputError(
            f"{shown_path(target)} is there already; a backup replaces nothing.",
            remedy="Name another file, or remove that one.",
        )


def _clear_left_parts(folder: Path) -> None:
    for left in folder.glob(f".*{_PART}"):
        with suppress(OSError), left.open("rb") as file:
            # A living writer holds its lock.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # not every file system can
        os.fsync(handle)
    os.close(handle)


__all__ = ["BackupUnwritableError", "BackupWriter", "writing_beside"]
