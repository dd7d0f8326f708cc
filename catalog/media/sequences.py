"""Image sequences where they lie: which files are frames, and the state of all of them together.

A path whose name is a pattern (``shot.%04d.dpx``) means a sequence, unless a file of just that
name is there. The functions here take paths of either sort, so that who follows files need not
tell them apart.
"""

from __future__ import annotations

import errno
import math
import os
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from catalog.domain.file_state import FileState
from catalog.domain.paths import shown_path
from catalog.domain.sequences import (
    Pattern,
    find_sequences,
    parse_pattern,
    sequence_name,
    split_number,
)

PolicyOf = Callable[[Path], str]
"""What holds of the sequences in a folder; one of `catalog.domain.sequences.POLICIES`."""

_LEAST_FRAMES = 2
_LAST = 4
_MARK = 0x3FF
_LOOKED_AT, _MOST_RESTS = 20, 720


def usual_policy(_folder: Path) -> str:
    """What holds where no root says otherwise."""
    return "auto"


@dataclass(frozen=True, slots=True)
class SequenceFrame:
    """One frame's number, and its file."""

    number: int
    path: Path


def pattern_at(path: Path) -> Pattern | None:
    """The pattern that a path's name is; None if it means a file, there or not."""
    pattern = parse_pattern(path.name)
    return None if pattern is None or os.path.lexists(path) else pattern


def is_sequence(path: Path) -> bool:
    """Whether a path means a sequence, whether or not that is there."""
    return pattern_at(path) is not None


def frames_of(path: Path) -> list[SequenceFrame]:
    """The frames of a sequence that are there, by number.

    Raises
    ------
    FileNotFoundError
        If there are not two of them, or the path means no sequence.
    OSError
        If the folder cannot be listed.
    """
    pattern = pattern_at(path)
    if pattern is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    folder = path.parent
    with os.scandir(folder) as listing:
        numbers = ((pattern.number_of(entry.name), entry) for entry in listing)
        found = [(n, entry.name) for n, entry in numbers if n is not None and not entry.is_dir()]
    if len(found) < _LEAST_FRAMES:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return [SequenceFrame(number, folder / name) for number, name in sorted(found)]


def state_of(path: Path) -> FileState:
    """The state of a file, links followed; of a sequence that of all its frames together.

    Its size is that of all, its times are those of the frame that changed last (but for their
    last microsecond, which tells whether any other was changed), and it is the "file" that
    its first frame is.

    Raises
    ------
    OSError
        If nothing is there, or cannot be looked at.
    """
    if not is_sequence(path):
        return FileState.of(path.stat())
    return _together([(f.number, os.stat(f.path)) for f in frames_of(path)])  # noqa: PTH116  # many


def _together(frames: list[tuple[int, os.stat_result]]) -> FileState:
    modified = max(stat.st_mtime_ns for _, stat in frames)
    changed = max(stat.st_ctime_ns for _, stat in frames)
    written = [(number, stat.st_size, stat.st_mtime_ns) for number, stat in frames]
    touched = [stat.st_ctime_ns for _, stat in frames]
    first = frames[0][1]
    return FileState(
        sum(stat.st_size for _, stat in frames),
        _marked(modified, written),
        _marked(changed, [written, touched]),
        first.st_dev,
        first.st_ino,
    )


def _marked(moment_ns: int, told: object) -> int:
    """A time whose last microsecond is a checksum: of two looks between which a clock went back."""
    return moment_ns & ~_MARK | zlib.crc32(repr(told).encode()) & _MARK


def look_for(path: Path) -> None:
    """See that something is at a path: a file, a link that may lead nowhere, or a sequence.

    Raises
    ------
    OSError
        ``FileNotFoundError`` or ``NotADirectoryError`` if nothing is; another if it cannot be
        known.
    """
    if is_sequence(path):
        frames_of(path)
    else:
        path.lstat()


def is_present(path: Path) -> bool:
    """Whether a file, links followed, or a sequence can be read at a path, as far as names tell."""
    try:
        if not is_sequence(path):
            return path.exists()
        frames_of(path)
    except (OSError, ValueError):
        return False
    return True


def links_in(path: Path) -> list[Path]:
    """The frames of a sequence that are links; none of a file, or where nothing is."""
    try:
        frames = frames_of(path) if is_sequence(path) else []
    except OSError:
        return []
    return [frame.path for frame in frames if frame.path.is_symlink()]


def name_of(path: Path) -> str:
    """What an asset at a path is called: as the file; a sequence ``shot.[0001-0240].dpx``."""
    pattern = pattern_at(path)
    if pattern is None:
        return shown_path(Path(path.name))
    numbers = [frame.number for frame in frames_of(path)]
    return shown_path(Path(sequence_name(pattern, numbers)))


class Grouping:
    """Tells which files of a folder are frames; each folder is listed once."""

    def __init__(self, policy_of: PolicyOf = usual_policy) -> None:
        self._policy_of = policy_of
        self._known: dict[Path, Families] = {}

    def of(self, path: Path) -> Path:
        """The sequence that a file is a frame of; else the path itself."""
        if split_number(path.name, "all") is None:
            return path
        folder = path.parent
        policy = self._policy_of(folder)
        if split_number(path.name, policy) is None:
            return path
        if folder not in self._known:
            self._known[folder] = Families(file_names(folder), policy)
        whole = self._known[folder].of(path.name)
        return path if whole is None else folder / str(whole)


def file_names(folder: Path) -> list[str]:
    """The names in a folder that are no folders'; none where it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return [entry.name for entry in listing if not entry.is_dir()]
    except OSError:
        return []


class Families:
    """The sequences of one folder, by what the names of their frames share."""

    def __init__(self, names: Iterable[str], policy: str) -> None:
        self._policy = policy
        self._patterns: dict[tuple[str, str], list[Pattern]] = {}
        for pattern in find_sequences(names, policy):
            self._patterns.setdefault((pattern.prefix, pattern.suffix), []).append(pattern)

    def of(self, name: str) -> Pattern | None:
        """The sequence that a name is of."""
        parts = split_number(name, self._policy)
        family = self._patterns.get((parts[0], parts[2]), []) if parts is not None else []
        return next((each for each in family if each.number_of(name) is not None), None)


def gather(names: Iterable[str], policy: str) -> list[str]:
    """The names of a folder with each sequence's pattern in the place of its first frame."""
    names = list(names)
    families = Families(names, policy)
    wholes = ((families.of(name), name) for name in names)
    return list(dict.fromkeys(name if whole is None else str(whole) for whole, name in wholes))


def may_grow(path: Path, policy: str) -> bool:
    """Whether further frames may come to what is at a path: a sequence, or a lone frame."""
    return is_sequence(path) or split_number(path.name, policy) is not None


def last_frames(path: Path) -> list[Path]:
    """The last frames of a sequence, which somebody may be writing; of a file, itself."""
    try:
        return [f.path for f in frames_of(path)[-_LAST:]] if is_sequence(path) else [path]
    except OSError:
        return []


def rests_wanted(path: Path, settle_s: float, patience: int) -> int:
    """For how many settle times a sequence must rest before it is believed to be whole.

    No frame says that it is the last. So for ``patience`` of them, or three times as long as
    any of its last frames took to follow the one before, whichever is longer.
    """
    changed = changes_of(path)
    slowest = max((b - a for a, b in pairwise(changed)), default=0) / 1e9
    return min(_MOST_RESTS, max(patience, math.ceil(3 * slowest / settle_s) if settle_s else 0))


def changes_of(path: Path) -> list[int]:
    """When a sequence's last frames changed, in order: times that no copying program can set."""
    try:
        return sorted(os.stat(f.path).st_ctime_ns for f in frames_of(path)[-_LOOKED_AT:])  # noqa: PTH116
    except OSError:
        return []


def rested_s(path: Path) -> float:
    """Seconds since anything of a file or a sequence last changed, by the system's clock.

    Raises
    ------
    OSError
        As `state_of`.
    """
    changed = state_of(path).changed_ns
    return 0.0 if changed is None else (time.time_ns() - changed) / 1e9
