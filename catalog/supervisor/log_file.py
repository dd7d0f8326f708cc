"""Logs of children: one file each, of bounded size."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Self

LIMIT_BYTES = 10_000_000
KEPT = 3


class LogFile:
    """``NAME.log``; when it is full it becomes ``NAME.log.1``, and the oldest goes."""

    def __init__(self, path: Path, *, limit: int = LIMIT_BYTES, kept: int = KEPT) -> None:
        self._path, self._limit, self._kept = path, limit, kept
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """Append a line, its end included. A full disk loses the line, not the service."""
        with suppress(OSError):
            if self._file.tell() + len(line) > self._limit:
                self._turn()
            self._file.write(line)

    def _turn(self) -> None:
        self._file.close()
        for number in range(self._kept - 1, 0, -1):
            with suppress(FileNotFoundError):
                self._named(number).replace(self._named(number + 1))
        self._path.replace(self._named(1))
        self._file = self._path.open("ab", buffering=0)

    def _named(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
