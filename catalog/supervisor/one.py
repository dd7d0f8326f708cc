"""One supervisor per home: a lock that goes with its holder, and a note of who that is."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import AlreadyRunningError


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Be the supervisor of this home for the block.

    Raises
    ------
    AlreadyRunningError
        If another process is; ``details["pid"]`` says which.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / "up.lock"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            noted = os.read(fd, 32).decode("ascii", "replace").strip()
            raise AlreadyRunningError(
                f"`catalog up` runs for {home} already, as process {noted or '(unknown)'}.",
                remedy="Use that one, or end it first (kill it, or Ctrl-C where it runs).",
                pid=int(noted) if noted.isdigit() else None,
            ) from None
        os.truncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
        os.truncate(fd, 0)
    finally:
        os.close(fd)
