"""Where pictures of frames are kept, so that no encoder needs the essence again, and renditions."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from catalog.domain.renditions import RenditionKind
from catalog.errors import FrameStoreError, InvalidInputError, NotFoundError

# One or more names of harmless characters; no name begins with a dot, so none is "..".
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_MAX_KEY = 200
# No key begins with a dot.
_FILLING, _PART = ".filling", ".part-"
_RENDITIONS = "renditions"


@dataclass(frozen=True, slots=True)
class Swept:
    """Unfinished files that were deleted, and the bytes they had."""

    files: int = 0
    size: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(self.files + other.files, self.size + other.size)


class FrameStore(Protocol):
    """A keeper of immutable files, each under a key such as ``ab/abcd/000000000123.jpg``.

    Every method raises `InvalidInputError` for a key that is not of names of
    letters, digits, ``.``, ``_`` and ``-`` separated by ``/``, and
    `FrameStoreError` if the storage cannot be read or written.
    """

    def put(self, key: str, content: bytes) -> None:
        """Keep the content, whole or not at all, replacing what was under the key."""

    def writing(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A new file, for content too large to hold in memory.

        It may be written, read and sought in. When the block ends it is kept under
        the key, replacing what was there; if the block raises, nothing of it stays.
        An `OSError` of the storage within the block (it is full) leaves the block as
        `FrameStoreError`. One writer of a key at a time: what a writer that was
        killed has left is cleared away by the next.
        """

    def open(self, key: str) -> BinaryIO:
        """The content under the key, to be read bit by bit and closed by the caller.

        Raises
        ------
        PictureNotFoundError
            If there is none.
        """

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

    def places(self) -> list[str]:
        """The parts of the store that `sweep` takes one at a time."""

    def sweep(self, place: str, idle_s: float) -> Swept:
        """Delete what writers that were killed have left in a part of the store.

        Parameters
        ----------
        place:
            One of `places`.
        idle_s:
            What was written to within so many seconds is left: somebody may be at it.
        """

    def filling(self) -> AbstractContextManager[None]:
        """Fill an empty store as a whole: if the block raises, it is empty again.

        What a filling that was killed has left is cleared away first.

        Raises
        ------
        FrameStoreNotEmptyError
            If anything else is there.
        """


class PictureNotFoundError(NotFoundError):
    """The frame store has no picture under the key."""

    code = "picture_not_found"


class FrameStoreNotEmptyError(InvalidInputError):
    """A frame store that is to be filled holds something already."""

    code = "frame_store_not_empty"
    http_status = 409


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
            handle, part = tempfile.mkstemp(prefix=_PART, dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(part).chmod(0o644)  # mkstemp's 0600 would hide pictures from the web server
            Path(part).replace(target)
        except OSError as error:
            if part is not None:
                with suppress(OSError):
                    Path(part).unlink()
            raise self._unavailable(key, "written", error) from error

    @contextmanager
    def writing(self, key: str) -> Iterator[BinaryIO]:
        """A part file beside the target, renamed when it is whole."""
        target = self._path(key)
        mark = f"{_PART}{target.name}-"
        part: Path | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            for left in target.parent.glob(f"{mark}*"):
                left.unlink(missing_ok=True)
            handle, name = tempfile.mkstemp(prefix=mark, dir=target.parent)
            part = Path(name)
            with os.fdopen(handle, "w+b") as file:
                yield file
            part.chmod(0o644)  # as in put()
            part.replace(target)
        except OSError as error:
            raise self._unavailable(key, "written", error) from error
        finally:
            if part is not None:
                with suppress(OSError):
                    part.unlink()  # gone already where it was renamed

    def open(self, key: str) -> BinaryIO:
        """The file, opened for reading."""
        try:
            return self._path(key).open("rb")
        except OSError as error:
            raise self._unreadable(key, error) from error

    def get(self, key: str) -> bytes:
        """The picture's bytes."""
        try:
            return self._path(key).read_bytes()
        except OSError as error:
            raise self._unreadable(key, error) from error

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
        """Remove a folder of pictures: by renaming it, so that it is there whole or not at all."""
        folder = self._path(prefix)
        if not folder.is_dir():
            return
        try:
            aside = Path(tempfile.mkdtemp(prefix=_PART, dir=folder.parent))
            try:
                folder.rename(aside)  # nobody writes there any more, and all of it is gone at once
            except OSError:
                aside.rmdir()
                raise
        except FileNotFoundError:
            return  # another has deleted it
        except OSError as error:
            raise self._unavailable(prefix, "deleted", error) from error
        shutil.rmtree(aside, ignore_errors=True)  # what is left of it is swept

    def path_or_url(self, key: str) -> str:
        """The picture's absolute path."""
        self._check(key)
        # A path that is put together part by part takes longer, and a page shows many.
        return f"{self.root.absolute()}{os.sep}{key}"

    def places(self) -> list[str]:
        """Each folder that holds a 256th of the assets', of pictures or of renditions."""
        try:
            found = [each.name for each in self.root.iterdir() if each.is_dir()]
            if _RENDITIONS in found:
                found.remove(_RENDITIONS)
                below = self.root / _RENDITIONS
                found += [f"{_RENDITIONS}/{each.name}" for each in below.iterdir()]
        except FileNotFoundError:
            return []  # nothing was ever kept
        except OSError as error:
            raise self._unavailable(_RENDITIONS, "read", error) from error
        return sorted(found)

    def sweep(self, place: str, idle_s: float) -> Swept:
        """Look at every part file of a folder and of those in it, by the file's own clock.

        What was to be deleted and is still there goes at once.
        """
        before, swept = time.time() - idle_s, Swept()
        for folder, below, names in os.walk(self.root / place):
            for name in [each for each in below if each.startswith(_PART)]:
                swept += _removed_whole(Path(folder, name))
                below.remove(name)
            for name in names:
                if name.startswith(_PART):
                    swept += self._sweep_one(Path(folder, name), before)
        return swept

    def _sweep_one(self, part: Path, before: float) -> Swept:
        try:
            state = part.stat()
            if state.st_mtime >= before:
                return Swept()
            part.unlink()
        except FileNotFoundError:
            return Swept()  # its writer is through, or the next one of its key was first
        except OSError as error:
            raise self._unavailable(part.name, "deleted", error) from error
        return Swept(1, state.st_size)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """A mark in the folder tells of a filling that is not over."""
        mark = self.root / _FILLING
        try:
            self._clear_for_filling(mark)
        except OSError as error:
            raise self._unavailable(_FILLING, "written", error) from error
        try:
            yield
            mark.unlink()
        except BaseException:
            self._clear()
            raise

    def _clear_for_filling(self, mark: Path) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        if mark.exists():
            self._clear()
        elif found := next(self._entries(), None):
            raise FrameStoreNotEmptyError(
                f"The frame store {self.root} is not empty: it holds {found.name!r}.",
                remedy="Set CATALOG_FRAME_STORE to an empty folder, or empty this one.",
            )
        mark.touch(exist_ok=False)

    def _entries(self) -> Iterator[Path]:
        # A new file system brings this folder along.
        return (each for each in self.root.iterdir() if each.name != "lost+found")

    def _clear(self) -> None:
        """Remove everything; the mark last, so that who is killed here is followed up."""
        for entry in sorted(self._entries(), key=lambda each: each.name == _FILLING):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        self._check(key)
        return self.root / key

    @staticmethod
    def _check(key: str) -> None:
        if not is_key(key):
            raise InvalidInputError(
                f"{key!r} cannot be a key of the frame store; expected up to {_MAX_KEY} letters,"
                " digits, '.', '_' and '-' in names separated by '/'.",
                remedy="Make keys with picture_key().",
            )

    def _unreadable(self, key: str, error: OSError) -> PictureNotFoundError | FrameStoreError:
        if not isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
            return self._unavailable(key, "read", error)
        return PictureNotFoundError(
            f"The frame store {self.root} has no picture {key!r}.",
            remedy="Analyse the asset again: catalog retry.",
            key=key,
        )

    def _unavailable(self, key: str, done: str, error: OSError) -> FrameStoreError:
        reason = (error.strerror or type(error).__name__).lower()
        return FrameStoreError(
            f"{key!r} cannot be {done} in the frame store {self.root}: {reason}.",
            remedy="Check the folder's permissions and free space (CATALOG_FRAME_STORE).",
            key=key,
        )


def _removed_whole(folder: Path) -> Swept:
    """Delete what `delete_prefix` has put aside and could not delete, or was killed over."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    swept = sum((Swept(1, each.stat().st_size) for each in files), Swept())
    shutil.rmtree(folder, ignore_errors=True)
    return swept


def is_key(key: str) -> bool:
    """Whether a frame store takes the key; none leads out of it."""
    return len(key) <= _MAX_KEY and _KEY.fullmatch(key) is not None


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


def rendition_key(fingerprint: str, kind: RenditionKind) -> str:
    """The key of one asset's rendition: ``renditions/ab/abcdef…/proxy.mp4``."""
    return f"{rendition_prefix(fingerprint)}/{kind.file_name}"


def free_rendition_key(fingerprint: str, kind: RenditionKind, taken: str | None) -> str:
    """One of the two keys of a rendition that is replaced while it is in use: not the taken one."""
    first = rendition_key(fingerprint, kind)
    name, dot, suffix = first.rpartition(".")
    return f"{name}-b{dot}{suffix}" if taken == first else first


def rendition_prefix(fingerprint: str) -> str:
    """What the keys of all of one asset's renditions begin with.

    Not below `picture_prefix`: a new analysis clears the pictures away, and a
    proxy that took hours must outlive that.
    """
    return f"{_RENDITIONS}/{fingerprint[:2]}/{fingerprint}"


def delete_files_of(store: FrameStore, *fingerprints: str) -> None:
    """Delete all that is kept of these assets, as far as that can be; then say what could not."""
    failed: FrameStoreError | None = None
    for fingerprint in fingerprints:
        for prefix in (picture_prefix(fingerprint), rendition_prefix(fingerprint)):
            try:
                store.delete_prefix(prefix)
            except FrameStoreError as error:
                failed = failed or error
    if failed is not None:
        raise failed
