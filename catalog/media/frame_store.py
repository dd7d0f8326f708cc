"""Where the pictures of frames are kept, so that no encoder needs the essence again."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from catalog.errors import FrameStoreError, InvalidInputError, NotFoundError

# One or more names of harmless characters; no name begins with a dot, so none is "..".
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_MAX_KEY = 200


class FrameStore(Protocol):
    """A keeper of small immutable files, each under a key such as ``ab/abcd/000000000123.jpg``.

    Every method raises `InvalidInputError` for a key that is not of names of
    letters, digits, ``.``, ``_`` and ``-`` separated by ``/``, and
    `FrameStoreError` if the storage cannot be read or written.
    """

    def put(self, key: str, content: bytes) -> None:
        """Keep the content, whole or not at all, replacing what was under the key."""

    def get(self, key: str) -> bytes:
        """The content under the key; `PictureNotFoundError` if there is none."""

    def exists(self, key: str) -> bool:
        """Whether there is content under the key."""

    def delete(self, key: str) -> None:
        """Forget the key; it is no error if there was nothing."""

    def delete_prefix(self, prefix: str) -> None:
        """Forget every key that begins with the prefix and ``/``; no error if none does."""

    def path_or_url(self, key: str) -> str:
        """Where another program finds the content: a path, or a URL."""


class PictureNotFoundError(NotFoundError):
    """The frame store has no picture under the key."""

    code = "picture_not_found"


class FolderFrameStore:
    """A frame store in a folder of a file system.

    Parameters
    ----------
    root:
        The folder; it is made with the first picture.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, content: bytes) -> None:
        """Write beside the target, then rename: a reader sees all of it or nothing."""
        target = self._path(key)
        part: str | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix=".part-", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(part).chmod(0o644)  # mkstemp's 0600 would hide pictures from the web server
            Path(part).replace(target)
        except OSError as error:
            if part is not None:
                with suppress(OSError):
                    Path(part).unlink()
            raise self._unavailable(key, "written", error) from error

    def get(self, key: str) -> bytes:
        """The picture's bytes."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise PictureNotFoundError(
                f"The frame store {self.root} has no picture {key!r}.",
                remedy="Analyse the asset again: catalog retry.",
                key=key,
            ) from error
        except OSError as error:
            raise self._unavailable(key, "read", error) from error

    def exists(self, key: str) -> bool:
        """Whether the picture is there."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove the picture; its folder stays until `delete_prefix`."""
        try:
            self._path(key).unlink(missing_ok=True)
        except (IsADirectoryError, NotADirectoryError):
            return
        except OSError as error:
            raise self._unavailable(key, "deleted", error) from error

    def delete_prefix(self, prefix: str) -> None:
        """Remove a folder of pictures."""
        try:
            shutil.rmtree(self._path(prefix))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise self._unavailable(prefix, "deleted", error) from error

    def path_or_url(self, key: str) -> str:
        """The picture's absolute path."""
        return str(self._path(key).absolute())

    def _path(self, key: str) -> Path:
        if len(key) > _MAX_KEY or not _KEY.fullmatch(key):
            raise InvalidInputError(
                f"{key!r} cannot be a key of the frame store; expected up to {_MAX_KEY} letters,"
                " digits, '.', '_' and '-' in names separated by '/'.",
                remedy="Make keys with picture_key().",
            )
        return self.root / key

    def _unavailable(self, key: str, done: str, error: OSError) -> FrameStoreError:
        reason = (error.strerror or type(error).__name__).lower()
        return FrameStoreError(
            f"The picture {key!r} cannot be {done} in the frame store {self.root}: {reason}.",
            remedy="Check the folder's permissions and free space (CATALOG_FRAME_STORE).",
            key=key,
        )


def picture_key(fingerprint: str, pts: int) -> str:
    """The key of one asset's picture: ``ab/abcdef…/000000000123.jpg``.

    Parameters
    ----------
    fingerprint:
        The asset's content fingerprint, hexadecimal.
    pts:
        The picture's time in the asset's time base, from 0.
    """
    return f"{picture_prefix(fingerprint)}/{pts:012d}.jpg"


def picture_prefix(fingerprint: str) -> str:
    """What the keys of all of one asset's pictures begin with, for `FrameStore.delete_prefix`."""
    return f"{fingerprint[:2]}/{fingerprint}"
