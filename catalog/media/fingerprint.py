"""What a file *is*, whatever it is called and wherever it lies: the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.paths import shown_path
from catalog.errors import FileChangedError
from catalog.media.files import check_readable, unreadable

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Identity:
    """A file's content.

    Attributes
    ----------
    fingerprint:
        SHA-256 of all its bytes, 64 hexadecimal digits (what ``sha256sum`` prints).
    size:
        Bytes.
    modified_ns:
        When it was last written, nanoseconds since 1970; a cheap hint that it changed.
    """

    fingerprint: str
    size: int
    modified_ns: int


def identify(path: Path, *, progress: Callable[[int], None] | None = None) -> Identity:
    """Read a file through and name its content.

    The whole file is read, for two different files must never be taken for one.
    SHA-256 is chosen because processors have instructions for it and people
    have ``sha256sum``.

    Parameters
    ----------
    path:
        The file.
    progress:
        Called with the bytes read so far, about once per MiB.

    Raises
    ------
    UnreadableFileError
        If it is missing, not a regular file, or reading it fails.
    EmptyFileError
        If it has no bytes.
    FileChangedError
        If it was written to while it was read.
    """
    check_readable(path)
    digest = hashlib.sha256()
    read = 0
    try:
        with path.open("rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                read += len(block)
                if progress is not None:
                    progress(read)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise unreadable(path, error) from error
    if _state(before) != _state(after) or read != after.st_size:
        raise FileChangedError(
            f"{shown_path(path)} changed while it was being read ({before.st_size} bytes, then"
            f" {after.st_size}); expected a file that nobody is writing.",
            remedy="Wait until it has been copied completely, then retry.",
            path=shown_path(path),
        )
    return Identity(digest.hexdigest(), after.st_size, after.st_mtime_ns)


def fingerprint(path: Path) -> str:
    """The content's name alone; see `identify`, whose errors it raises."""
    return identify(path).fingerprint


def _state(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns
