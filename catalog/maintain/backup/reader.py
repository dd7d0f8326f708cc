"""Read a backup's file, and believe nothing of it that its checksums do not hold."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from catalog.domain.paths import shown_path
from catalog.errors import InvalidInputError, PathNotFoundError
from catalog.maintain.backup.manifest import BackupError, Header, Manifest
from catalog.maintain.backup.writer import (
    CHUNK,
    END,
    FRAMES,
    HEADER,
    MANIFEST,
    PER_LIST,
    READ,
    SUMS,
    TABLES,
)
from catalog.media.frame_store import is_key

# What these may hold in memory; far more than we ever write.
_MAX_NAME, _MAX_HEADER, _MAX_LIST, _MAX_MANIFEST = 1024, 1 << 16, 4 << 20, 64 << 20
_MAX_PACKED = CHUNK + (CHUNK >> 4)
_LONG_NAME = b"L"  # GNU tar: the next member's name, where it has more than 100 bytes


class Member:
    """One member at hand; what is not read of it is read, for its checksum, when the next is."""

    def __init__(self, name: str, size: int, file: BinaryIO, archive: str) -> None:
        self.name, self.size = name, size
        self._file, self._archive, self._left = file, archive, size
        self._digest = hashlib.sha256()

    def pieces(self) -> Iterator[bytes]:
        """What is left of it, bit by bit."""
        if not self._left:
            return  # or what fills the last block would be read twice
        while self._left:
            piece = self._read(min(READ, self._left))
            if not piece:
                raise _cut_off(self._archive)
            self._left -= len(piece)
            self._digest.update(piece)
            yield piece
        _check_filling(self._file, -self.size % tarfile.BLOCKSIZE, self._archive)

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise damaged(self._archive, f"{self.name!r} cannot be read: {reason}") from error

    def whole(self, at_most: int) -> bytes:
        """All of it; `BackupError` if that is more than so many bytes."""
        if self.size > at_most:
            raise damaged(self._archive, f"its member {self.name!r} is too large")
        return b"".join(self.pieces())

    def inflated(self) -> bytes:
        """A piece of a table's stream; never more than one piece may hold."""
        unpack = zlib.decompressobj(wbits=31)  # gzip
        try:
            piece = unpack.decompress(self.whole(_MAX_PACKED), CHUNK + 1)
        except zlib.error as error:
            raise damaged(self._archive, f"{self.name!r} cannot be inflated") from error
        if len(piece) > CHUNK or not unpack.eof or unpack.unused_data:
            raise damaged(self._archive, f"{self.name!r} inflates to what no backup holds")
        return piece

    def sha256(self) -> str:
        """The checksum of all of it."""
        for _ in self.pieces():
            pass
        return self._digest.hexdigest()


class BackupReader:
    """Reads one archive, front to back, as often as it is asked to.

    Raises
    ------
    PathNotFoundError, InvalidInputError
        If there is no such file, or it cannot be read.
    BackupError
        If it is no backup, or one that this program cannot read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = shown_path(path)
        self.size = self._stat_size()
        self.manifest: Manifest | None = None
        with self._opened() as file:
            self.header = self._read_header(file)

    def members(self) -> Iterator[Member]:
        """The pieces of tables and the files of the frame store, in their order.

        At the end everything has been compared with its checksum, and `manifest` is known.

        Raises
        ------
        BackupError
            If anything is not as it was written.
        """
        with self._opened() as file:
            checked = _Checked(self)
            if self._read_header(file, checked) != self.header:
                raise damaged(self.shown, "it changed while it was read")
            while True:
                member = self._next(file)
                if member.name == MANIFEST:
                    self.manifest = checked.end(file, member)
                    return
                if member.name.startswith(SUMS):
                    checked.compare(member)
                    continue
                if not _is_ours(member.name):
                    raise damaged(self.shown, f"it holds {shown_path(member.name)!r}")
                yield member
                checked.note(member)

    def _opened(self) -> BinaryIO:
        try:
            return self.path.open("rb", buffering=READ)
        except OSError as error:
            raise self._unreadable(error) from error

    def _stat_size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> InvalidInputError | PathNotFoundError:
        kind = PathNotFoundError if isinstance(error, FileNotFoundError) else InvalidInputError
        return kind(
            f"{self.shown} cannot be read: {(error.strerror or str(error)).lower()}.",
            remedy="Name a file that `catalog backup` wrote.",
        )

    def _read_header(self, file: BinaryIO, checked: _Checked | None = None) -> Header:
        member: Member | None = None
        with suppress(BackupError):
            member = self._next(file)
        if member is None or member.name != HEADER:
            raise BackupError(
                f"{self.shown} is no backup of a catalogue.",
                remedy="Name a file that `catalog backup` wrote.",
            )
        header = Header.read(member.whole(_MAX_HEADER), self.shown)
        if checked is not None:
            checked.note(member)
        else:
            member.sha256()
        return header

    def _next(self, file: BinaryIO) -> Member:
        entry = self._entry(file)
        if entry.type == _LONG_NAME:
            if not 0 < entry.size <= _MAX_NAME:
                raise damaged(self.shown, "a name in it is too long")
            name = file.read(entry.size).rstrip(b"\0").decode("utf-8", "replace")
            _check_filling(file, -entry.size % tarfile.BLOCKSIZE, self.shown)
            entry = self._entry(file)
            entry.name = name
        if entry.type != tarfile.REGTYPE or entry.size < 0:
            raise damaged(self.shown, f"{shown_path(entry.name)!r} in it is no plain file")
        return Member(entry.name, entry.size, file, self.shown)

    def _entry(self, file: BinaryIO) -> tarfile.TarInfo:
        block = file.read(tarfile.BLOCKSIZE)
        if len(block) < tarfile.BLOCKSIZE:
            raise _cut_off(self.shown)
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.HeaderError as error:
            raise damaged(self.shown, "what should be a member of it is none") from error


class _Checked:
    """Compares members with the lists that follow them."""

    def __init__(self, reader: BackupReader) -> None:
        self._reader = reader
        self._lines: list[str] = []
        self._sums = hashlib.sha256()
        self._members = 0

    def note(self, member: Member) -> None:
        self._lines.append(f"{member.sha256()}  {member.name}\n")
        self._members += 1
        if len(self._lines) > PER_LIST:
            raise damaged(self._reader.shown, "a list of checksums is missing")

    def compare(self, member: Member) -> None:
        content = member.whole(_MAX_LIST)
        found = "".join(self._lines).encode("utf-8", "surrogateescape")
        if found != content:
            raise damaged(self._reader.shown, self._first_wrong(content))
        self._sums.update(content)
        self._lines.clear()

    def end(self, file: BinaryIO, member: Member) -> Manifest:
        """Read the manifest, and hold everything before it against it."""
        shown = self._reader.shown
        body = member.whole(_MAX_MANIFEST)
        line = self._reader._next(file)
        wanted = f"{member.sha256()}  {MANIFEST}\n".encode()
        if line.name != f"{MANIFEST}.sha256" or line.whole(_MAX_NAME) != wanted:
            raise damaged(shown, "its manifest is not as it was written")
        _check_filling(file, END, shown)
        if file.read(1):
            raise damaged(shown, "something follows its end")
        manifest = Manifest.read(body, self._reader.header, shown)
        if self._lines or (self._members, self._sums.hexdigest()) != (
            manifest.members,
            manifest.sums,
        ):
            raise damaged(shown, "members of it are missing")
        return manifest

    def _first_wrong(self, content: bytes) -> str:
        listed = content.decode("utf-8", "replace").splitlines(keepends=True)
        for found, wanted in zip(self._lines, listed, strict=False):
            if found != wanted:
                return f"{found[66:].rstrip()!r} is not as it was written"
        return "members of it are missing"


def _is_ours(name: str) -> bool:
    if name.startswith(FRAMES):
        return is_key(name.removeprefix(FRAMES))
    return name.startswith(TABLES)


def damaged(archive: str, how: str) -> BackupError:
    """The error for an archive that is not as it was written."""
    return BackupError(
        f"{archive} is damaged: {how}.",
        remedy="Take another backup; nothing was restored from this one.",
    )


def _check_filling(file: BinaryIO, size: int, archive: str) -> None:
    """Read what fills a block or ends the file: zeros, so that every byte is accounted for."""
    filling = file.read(size)
    if len(filling) < size:
        raise _cut_off(archive)
    if filling.strip(b"\0"):
        raise damaged(archive, "there is something between its members")


def _cut_off(archive: str) -> BackupError:
    return damaged(archive, "it ends too early")


__all__ = ["BackupReader", "Member", "damaged"]
