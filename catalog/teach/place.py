"""Where taught encoders lie: a folder each, there whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import ConflictError, InvalidInputError

WEIGHTS = "open_clip_model.safetensors"
"""The file of a folder that holds the weights."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_DRAFT, _LOCK = ".training-", "lock"


def target(folder: Path, name: str | None, parent: str) -> Path:
    """The folder that the encoder will have, which is not there yet.

    Without a name it is called after its parent, with the next free number.

    Raises
    ------
    InvalidInputError
        If the name cannot be a folder's.
    ConflictError
        If there is one of that name.
    """
    if name is None:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", parent.rpartition("/")[2]).strip("-")[:40]
        stem = re.sub(r"-taught-\d+$", "", plain or "encoder")
        number = 1
        while (folder / f"{stem}-taught-{number}").exists():
            number += 1
        return folder / f"{stem}-taught-{number}"
    if not is_name(name):
        raise InvalidInputError(
            f"The name {name!r} cannot be an encoder's; expected letters, digits and any of ._- "
            "in between, 80 at most.",
            remedy="Write --name rushes-2.",
        )
    if (folder / name).exists():
        raise ConflictError(
            f"There is an encoder {name!r} already, in {folder / name}.",
            remedy="Choose another --name, or remove it: catalog encoder remove, and the folder.",
        )
    return folder / name


def is_name(name: str) -> bool:
    """Whether an encoder's folder may be called so: what it cannot be leads elsewhere."""
    return _NAME.fullmatch(name) is not None


@contextmanager
def draft(place: Path) -> Iterator[Path]:
    """A folder to write into; when the block ends it takes its place, if it raises it is gone.

    What was left by a process that was killed is cleared away first.

    Raises
    ------
    ConflictError
        If somebody else has taken the place meanwhile.
    InvalidInputError
        If it cannot be written there.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear(place.parent)
        folder = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=place.parent))
    except OSError as error:
        raise InvalidInputError(
            f"No encoder can be written into {place.parent}: {error.strerror}.",
            remedy="Give CATALOG_HOME room, and a folder that may be written.",
        ) from error
    try:
        with _held(folder):
            yield folder
            (folder / _LOCK).unlink()
            folder.chmod(0o755)
            _take(folder, place)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _take(folder: Path, place: Path) -> None:
    try:
        # Onto an empty folder it would succeed, onto any other it fails.
        folder.rename(place)
    except OSError as error:
        raise ConflictError(
            f"The encoder cannot take its place {place}: {error.strerror}.",
            remedy="Choose another --name.",
        ) from error


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Tells others that somebody is at work; the system lets go when the process ends."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clear(parent: Path) -> None:
    for folder in parent.glob(f"{_DRAFT}*"):
        try:
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # Somebody is at work in it, or has not begun to be.
            continue


def checksum(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits, as ``sha256sum`` prints it."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
