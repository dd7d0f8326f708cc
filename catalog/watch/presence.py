"""Is the storage of a root there, or only the place where it is mounted?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.paths import path_from_raw
from catalog.ingest.register import is_there


@dataclass(frozen=True, slots=True)
class Folder:
    """Which folder something is: as long as it exists, none other has these numbers."""

    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Away:
    """The storage is not there; how that shows."""

    why: str


def look(root: Path, before: Folder | None, known: Callable[[], Iterable[bytes]]) -> Folder | Away:
    """The root's folder, or how it shows that its storage is away.

    The very folder that was there before is the right one, whatever is in it: what
    it does not hold any more is gone. Another folder in its place is the same storage
    mounted anew if one of the files that are known is in it; else an empty mount
    point, or other storage.

    Parameters
    ----------
    before:
        Which folder it was; None if nobody has noted it.
    known:
        Gives paths below the root of files that should be there, as bytes.
    """
    try:
        state = root.stat()
        with os.scandir(root) as listing:
            empty = next(listing, None) is None
    except OSError as error:
        return Away((error.strerror or type(error).__name__).lower())
    here = Folder(state.st_dev, state.st_ino)
    if here == before:
        return here
    expected = list(known())
    if not expected or any(is_there(root / path_from_raw(raw)) for raw in expected):
        return here
    where = "on another device" if before and before.device != here.device else "another folder"
    what = "it is empty" if empty else "none of the files known there is in it"
    return Away(f"{what}, and it is {where}" if before else what)


def unchanged(root: Path, folder: Folder) -> bool:
    """Whether the root is still that folder, and can be reached."""
    try:
        state = root.stat()
    except OSError:
        return False
    return Folder(state.st_dev, state.st_ino) == folder
