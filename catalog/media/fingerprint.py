"""What a file *is*, whatever it is called and wherever it lies: the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.domain.file_state import FileState
from catalog.domain.paths import shown_path
from catalog.errors import EmptyFileError, FileChangedError, UnreadableFileError
from catalog.media.files import check_readable, unreadable
from catalog.media.sequences import SequenceFrame, frames_of, is_sequence, state_of

_BLOCK_BYTES = 1 << 20
# The sample: enough of the file to tell it from every honest other one of its size. Its
# places depend on the size alone, so a later look reads the same ones.
_ENDS_BYTES = 1 << 18
_PROBES, _PROBE_BYTES = 30, 1 << 15
_SAMPLED_FRAMES = 8
_EMPTY = "empty"
_SECOND_NS = 10**9
# Linux stamps files with the time of its last tick, 1 to 10 ms apart; FAT with every other second.
_TICK_NS, _COARSE_TICK_NS = 10 * 10**6, 2 * _SECOND_NS


def look(path: Path) -> FileState:
    """The state of the file that a path, perhaps a link, leads to, or of a sequence's frames.

    Raises
    ------
    UnreadableFileError
        If it leads to none.
    """
    try:
        return state_of(path)
    except OSError as error:
        raise unreadable(path, error) from error


@dataclass(frozen=True, slots=True)
class Identity:
    """A file's content.

    Attributes
    ----------
    fingerprint:
        SHA-256 of all its bytes, 64 hexadecimal digits (what ``sha256sum`` prints).
    sample:
        SHA-256 of its size, its ends and some places between; see `sample_of`.
    state:
        The file's state when it was read.
    """

    fingerprint: str
    sample: str
    state: FileState


def identify(path: Path, *, progress: Callable[[int], None] | None = None) -> Identity:
    """Read a file through, once, and name its content.

    SHA-256 is chosen because processors have instructions for it and people
    have ``sha256sum``. A sequence is named by the SHA-256 of its frames' numbers and of
    their own names: other frames, or other numbers, are another sequence; what it is
    called is of no account.

    Parameters
    ----------
    path:
        The file.
    progress:
        Called with the bytes read so far, about once per MiB.

    Raises
    ------
    UnreadableFileError
        If it is missing, not a regular file, or reading it fails.
    EmptyFileError
        If it has no bytes.
    FileChangedError
        If it was written to while it was read.
    """
    if is_sequence(path):
        return _identify_sequence(path, progress)
    check_readable(path)
    digest = hashlib.sha256()
    read = 0
    try:
        with path.open("rb", buffering=0) as file:
            before = FileState.of(os.fstat(file.fileno()))
            _let_the_clock_tick(before)
            sample = _Sample(before.size)
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                sample.see(read, block)
                read += len(block)
                if progress is not None:
                    progress(read)
            after = FileState.of(os.fstat(file.fileno()))
    except OSError as error:
        raise unreadable(path, error) from error
    _check_unchanged(path, before, after, read)
    return Identity(digest.hexdigest(), sample.digest(), after)


def sample_of(path: Path) -> tuple[str, FileState]:
    """The sample of a file's content, and its state: about 1.5 MB are read of any file.

    Equal samples mean *probably* the same content. Two files may well have the
    same sample and differ between the places that were read: a sample is a reason
    to read a file later, never one not to read it at all.

    Raises
    ------
    UnreadableFileError, EmptyFileError, FileChangedError
        As `identify`.
    """
    if is_sequence(path):
        before, frames = _frames(path)
        digests = {at: _frame_sample(frames[at].path) for at in _sampled(len(frames))}
        after = look(path)
        _check_unchanged(path, before, after, before.size)
        return _sample_of_sequence(frames, before.size, digests), after
    check_readable(path)
    try:
        with path.open("rb", buffering=0) as file:
            before = FileState.of(os.fstat(file.fileno()))
            sample = _Sample(before.size)
            for start, end in _places(before.size):
                at = start
                while at < end and (block := os.pread(file.fileno(), end - at, at)):
                    sample.see(at, block)
                    at += len(block)
            after = FileState.of(os.fstat(file.fileno()))
    except OSError as error:
        raise unreadable(path, error) from error
    _check_unchanged(path, before, after, before.size)
    return sample.digest(), after


def _let_the_clock_tick(state: FileState) -> None:
    """Wait until a write would get another time than the last one got.

    A file that was changed in this very tick of its file system's clock could be changed again
    after it was read, and bear the same times: who compares them would never read it again.
    """
    if state.changed_ns is None:
        return
    coarse = not (state.changed_ns % _SECOND_NS or state.modified_ns % _SECOND_NS)
    tick = _COARSE_TICK_NS if coarse else _TICK_NS
    age = time.time_ns() - state.changed_ns
    # A clock that was set back, or a server's that is ahead, tells nothing of how long to wait.
    if 0 <= age < tick:
        time.sleep((tick - age) / _SECOND_NS)


def _frames(path: Path) -> tuple[FileState, list[SequenceFrame]]:
    try:
        return state_of(path), frames_of(path)
    except OSError as error:
        raise unreadable(path, error) from error


def _identify_sequence(path: Path, progress: Callable[[int], None] | None) -> Identity:
    before, frames = _frames(path)
    digest, samples, done = hashlib.sha256(b"image sequence 1\n"), dict[int, str](), 0
    wanted = set(_sampled(len(frames)))
    for at, frame in enumerate(frames):
        start = done

        def so_far(read: int, start: int = start) -> None:
            if progress is not None:
                progress(start + read)

        try:
            one = identify(frame.path, progress=so_far)
        except EmptyFileError:  # a renderer that was killed leaves such; it is seen to be broken
            name, sample = _EMPTY, _EMPTY
        else:
            name, sample, done = one.fingerprint, one.sample, done + one.state.size
        digest.update(f"{frame.number} {name}\n".encode())
        if at in wanted:
            samples[at] = sample
    after = look(path)
    _check_unchanged(path, before, after, done)
    return Identity(digest.hexdigest(), _sample_of_sequence(frames, done, samples), after)


def _frame_sample(path: Path) -> str:
    try:
        return sample_of(path)[0]
    except EmptyFileError:
        return _EMPTY


def _sampled(count: int) -> list[int]:
    """Which frames of so many are sampled: the ends, and some between."""
    if count <= _SAMPLED_FRAMES:
        return list(range(count))
    return [(count - 1) * each // (_SAMPLED_FRAMES - 1) for each in range(_SAMPLED_FRAMES)]


def _sample_of_sequence(
    frames: Sequence[SequenceFrame], size: int, samples: Mapping[int, str]
) -> str:
    digest = hashlib.sha256(size.to_bytes(8, "big"))
    for frame in frames:
        digest.update(f"{frame.number} ".encode())
    for at in sorted(samples):
        digest.update(f"\n{at} {samples[at]}".encode())
    return digest.hexdigest()


def fingerprint(path: Path) -> str:
    """The content's name alone; see `identify`, whose errors it raises."""
    return identify(path).fingerprint


def _places(size: int) -> Iterator[tuple[int, int]]:
    """The ranges that are sampled, in order and apart from each other."""
    if size <= 2 * _ENDS_BYTES + _PROBES * _PROBE_BYTES:
        yield 0, size
        return
    yield 0, _ENDS_BYTES
    between = size - 2 * _ENDS_BYTES - _PROBE_BYTES
    for number in range(_PROBES):
        start = _ENDS_BYTES + between * number // (_PROBES - 1)
        yield start, start + _PROBE_BYTES
    yield size - _ENDS_BYTES, size


class _Sample:
    """Takes from a file that is read in order what belongs to its sample."""

    def __init__(self, size: int) -> None:
        self._digest: Any = hashlib.sha256(size.to_bytes(8, "big"))
        self._places = list(_places(size))

    def see(self, at: int, block: bytes) -> None:
        view = memoryview(block)
        while self._places and self._places[0][0] < at + len(block):
            start, end = self._places[0]
            self._digest.update(view[max(0, start - at) : max(0, end - at)])
            if end > at + len(block):
                return  # the rest of this place is in the next block
            self._places.pop(0)

    def digest(self) -> str:
        found: str = self._digest.hexdigest()
        return found


def forget_cached(path: Path) -> None:
    """Have the next reading of a file, or of a sequence's frames, come from its storage.

    As far as the system can be asked for that, and the file be opened.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    with suppress(OSError):
        files = [frame.path for frame in frames_of(path)] if is_sequence(path) else [path]
        for each in files:
            with each.open("rb", buffering=0) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def check_still(path: Path, read: FileState) -> None:
    """See that what lies at a path is what was read there, and not another by now.

    For who enters it, under the lock of its place: of two who read a file at different times,
    the later to enter it may have read what has been written over since. What is gone was there.

    Raises
    ------
    FileChangedError
        If it was written to.
    """
    try:
        now = look(path)
    except UnreadableFileError:
        return
    if not now.written_as(read):
        raise _changed(path, read, now)


def _check_unchanged(path: Path, before: FileState, after: FileState, read: int) -> None:
    if not (before.written_as(after) and read == after.size):
        raise _changed(path, before, after)


def _changed(path: Path, before: FileState, after: FileState) -> FileChangedError:
    return FileChangedError(
        f"{shown_path(path)} changed while it was being read ({before.size} bytes, then"
        f" {after.size}); expected a file that nobody is writing.",
        remedy="Wait until it has been copied completely, then retry.",
        path=shown_path(path),
    )
