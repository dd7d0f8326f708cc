"""A file of the user's, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.domain.paths import full_path, shown_path
from catalog.errors import ConflictError, InvalidInputError


@contextmanager
def save(file: Path, *, force: bool) -> Iterator[Callable[[bytes], None]]:
    """Give the block a function that writes the file; asked beforehand whether it may.

    Raises
    ------
    ConflictError
        If there is a file of that name, and ``force`` is not said.
    InvalidInputError
        If it cannot be written.
    """
    path = full_path(file)
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not force and (path.exists() or path.is_symlink()):
        raise _taken(path)

    def write(data: bytes) -> None:
        try:
            _write(path, data, force=force)
        except FileExistsError:
            raise _taken(path) from None
        except OSError as error:
            raise _unwritable(path, error.strerror or type(error).__name__) from error

    yield write


def _write(path: Path, data: bytes, *, force: bool) -> None:
    # A new name is taken in one step with looking whether it is free; an old file is
    # replaced by a whole one.
    made = path.with_name(f".{secrets.token_hex(8)}.part") if force else path
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(data)
        if force:
            made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _taken(path: Path) -> ConflictError:
    return ConflictError(
        f"{shown_path(path)} is there already; an export replaces nothing unasked.",
        remedy="Choose another name, or say --force.",
        path=shown_path(path),
    )


def _unwritable(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{shown_path(path)} cannot be written: {why}.",
        remedy="Name a file in a folder that you may write.",
        path=shown_path(path),
    )
