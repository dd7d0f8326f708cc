"""Files that are gone from a root whose storage is there: their places are missing, no more."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from catalog.db.engine import Database
from catalog.domain.paths import path_from_raw
from catalog.media.sequences import look_for
from catalog.store import locations, watching

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Lost:
    """How many files are missing now, and how many lay on storage below the root that is away."""

    missing: int
    unreachable: int


def mark_lost(
    database: Database,
    root_id: int,
    root: Path,
    still_there: Callable[[], bool],
    *,
    below: bytes = b"",
    seen: Callable[[int], bool] = lambda _: False,
    devices: Collection[int] = (),
) -> Lost:
    """Look where the root's files were (or those ``below`` a path in it), and mark what is gone.

    Only what is certainly gone: a folder that cannot be entered, or that is the empty
    mount point of other storage, says nothing of its files.

    Parameters
    ----------
    still_there:
        Whether the root's storage is; asked after the look, before anything is marked.
    seen:
        Whether a location, by its id, was met already.
    devices:
        File systems that are known to be there.
    """
    missing = unreachable = 0
    after = b""
    while True:
        with database.session() as session:
            page = watching.online_files(session, root_id, below=below, after=after, limit=_PAGE)
        if not page:
            return Lost(missing, unreachable)
        after = page[-1][1]
        gone = []
        for number, raw, device in page:
            if seen(number) or not _is_gone(root / path_from_raw(raw)):
                continue
            if device is None or device in devices or device == _device_above(root, raw):
                gone.append(number)
            else:
                unreachable += 1
        if not gone:
            continue
        if not still_there():
            return Lost(missing, unreachable)
        with database.session() as session:
            locations.mark_missing(session, gone)
        missing += len(gone)


def _is_gone(file: Path) -> bool:
    try:
        look_for(file)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _device_above(root: Path, raw: bytes) -> int | None:
    """The file system of the deepest folder on the way to a file that is there."""
    folder = (root / path_from_raw(raw)).parent
    while folder != root:
        try:
            return os.stat(folder).st_dev  # noqa: PTH116  # as in Walk
        except (FileNotFoundError, NotADirectoryError):
            folder = folder.parent
        except OSError:
            return None
    try:
        return root.stat().st_dev
    except OSError:
        return None
