"""Logs that somebody sends: kept under the home, then taken in as any file is.

What a file said is kept with its path (`catalog.export.logs`), so a log that is sent needs
one: a folder per sender, and the name it was sent under. Sent again, changed, it may stand
in the place of the one before, but only where that is asked for: editors call many logs
``bin.ale``, and the second must not take back what the first said.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from catalog.db.engine import Database
from catalog.domain.paths import raw_path
from catalog.domain.progress import Progress
from catalog.errors import ConflictError, InvalidInputError
from catalog.export.log_files import read_log
from catalog.export.logs import import_log
from catalog.store import named

_LONGEST_NAME = 200
"""Bytes; file systems take 255, and a temporary name is longer."""


def take_in(
    database: Database,
    folder: Path,
    name: str,
    content: bytes,
    progress: Progress,
    *,
    replace: bool,
) -> dict[str, Any]:
    """Keep a log below ``folder`` and take it in; see `catalog.api.Catalog.import_sent_log`.

    Raises
    ------
    InvalidInputError
        If the name is none of a log, or the content not what the name says.
    ConflictError
        If another log of that name stands, and is not to be replaced.
    """
    name = log_name(name)
    place = folder / hashlib.sha256(database.actor.name.encode()).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    kept = place / name
    with tempfile.TemporaryDirectory(dir=folder, prefix=".sent-") as part:
        sent = Path(part) / name
        sent.write_bytes(content)
        _check(sent)
        if not replace and _differs(database, kept, content):
            raise ConflictError(
                f"Another log was sent as {name!r} before, and what it said stands.",
                remedy="Give it another name, or say that it replaces the other.",
                name=name,
            )
        os.replace(sent, kept)  # noqa: PTH105  # onto what is there
    report = import_log(database, kept, progress).as_json()
    return {**report, "file": name, "kept": os.fspath(kept)}


def log_name(name: str) -> str:
    """The bare file name of what a browser or program calls it.

    Raises
    ------
    InvalidInputError
        If nothing usable is left of it.
    """
    bare = PureWindowsPath(PurePosixPath(name).name).name
    bare = unicodedata.normalize("NFC", bare).strip()
    usable = bare.isprintable() and not bare.startswith(".")
    if not bare or not usable or len(bare.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise InvalidInputError(
            f"{name[:80]!r} is no name for a log; expected one such as 'day 3.ale', of at most"
            f" {_LONGEST_NAME} bytes.",
            remedy="Rename the file, and send it again.",
        )
    return bare


def _check(sent: Path) -> None:
    """Read it through, before it takes anything's place. The server's own path tells nobody."""
    try:
        read_log(sent)
    except InvalidInputError as error:
        raise InvalidInputError(
            error.message.replace(os.fspath(sent), sent.name), remedy=error.remedy, name=sent.name
        ) from error


def _differs(database: Database, kept: Path, content: bytes) -> bool:
    """Whether something else stands that was imported from there."""
    with database.session() as session:
        stands = bool(named.imported_from(session, raw_path(kept)))
    return stands and not (kept.is_file() and kept.read_bytes() == content)
