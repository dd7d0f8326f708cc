"""Vectors that were made before, so that an evaluation broken off goes on where it stopped.

They lie in files below one folder, by what they hang on: the encoder's digest and the
precision; within, each vector by the digest of what was encoded. A file holds one batch
and is written whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from catalog.evaluate.retrieval import Vectors

ALL_READ = -1
_SUFFIX = ".npz"


class Shelf:
    """Vectors of one encoder and sort of thing (pictures, or texts of a language).

    Parameters
    ----------
    folder
        Where the files are; made when the first is written. None: nothing is kept.
    dimension
        Length of the vectors.
    """

    def __init__(self, folder: Path | None, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension
        self._place: dict[bytes, int] = {}
        self._rows: list[Vectors] = []
        self._read: list[NDArray[np.int32]] = []
        for file in sorted(folder.glob(f"*{_SUFFIX}")) if folder is not None else ():
            self._load(file)

    def _load(self, file: Path) -> None:
        try:
            # Opened here: of a damaged one, numpy would leave the file open.
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as batch:
                keys, rows, read = batch["keys"], batch["vectors"], batch["read"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            # Damaged on disk: what it held is made again.
            file.unlink(missing_ok=True)
            return
        if rows.shape == (len(keys), self._dimension) and len(read) == len(keys):
            self._keep([key.tobytes() for key in keys], rows, read)

    def missing(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those that have no vector yet, each once."""
        return [key for key in dict.fromkeys(keys) if key not in self._place]

    def add(
        self, keys: Sequence[bytes], vectors: Vectors, read: Sequence[int] | None = None
    ) -> None:
        """Keep ``(n, d)`` vectors of things that had none.

        ``read``: of texts, how many characters were read, `ALL_READ` for all.
        """
        far = np.array([ALL_READ] * len(keys) if read is None else read, dtype=np.int32)
        if self._folder is not None:
            self._write(keys, vectors, far)
        self._keep(keys, vectors, far)

    def vectors(self, keys: Sequence[bytes]) -> Vectors:
        """The vectors of things that have one, ``(n, d)``."""
        if not keys:
            return np.empty((0, self._dimension), dtype=np.float32)
        every = np.concatenate(self._rows)
        found: Vectors = every[[self._place[key] for key in keys]]
        return found

    def read(self, keys: Sequence[bytes]) -> list[int]:
        """How many characters of each text were read, `ALL_READ` for all."""
        every = np.concatenate(self._read) if self._read else np.empty(0, np.int32)
        return [int(every[self._place[key]]) for key in keys]

    def _keep(self, keys: Sequence[bytes], vectors: Vectors, read: NDArray[np.int32]) -> None:
        start = len(self._place)
        fresh = [at for at, key in enumerate(keys) if key not in self._place]
        self._place |= {keys[at]: start + n for n, at in enumerate(fresh)}
        self._rows.append(np.asarray(vectors, dtype=np.float32)[fresh])
        self._read.append(read[fresh])

    def _write(self, keys: Sequence[bytes], vectors: Vectors, read: NDArray[np.int32]) -> None:
        assert self._folder is not None  # noqa: S101  # asked before
        self._folder.mkdir(parents=True, exist_ok=True)
        flat = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), -1)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, keys=flat, vectors=vectors, read=read)
            # The name says what it holds, so two processes at once do each other no harm.
            Path(name).rename(self._folder / f"{keys[0].hex()[:24]}-{len(keys)}{_SUFFIX}")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class Shelves:
    """All vectors kept below a folder; None: none are kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def of(self, digest: str, precision: str, sort: str, dimension: int) -> Shelf:
        """Those of an encoder, in a precision, of a sort of thing (``pictures``, ``texts-de``)."""
        if self._folder is None:
            return Shelf(None, dimension)
        return Shelf(self._folder / digest[:32] / precision / sort, dimension)
