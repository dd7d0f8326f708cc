"""Frames of image sequences among the changes of a root: each sequence is looked at as one."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from catalog.domain.file_state import FileState
from catalog.domain.sequences import possible_patterns, split_number
from catalog.media.sequences import Families, file_names, state_of


@dataclass(slots=True)
class TouchedFrames:
    """What changed: sequences with their states, other paths, and sequences that are no more."""

    sequences: list[tuple[str, FileState]] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def touched_frames(
    paths: Iterable[str], policy: str, waits: Callable[[str], bool]
) -> TouchedFrames:
    """Sort changed paths by whether they are frames; each folder is listed once.

    A sequence that ``waits`` to settle is left out: it is looked at when it is due, and
    a renderer's ten thousand frames are not looked at ten thousand times.
    """
    found = TouchedFrames()
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        folder, name = os.path.split(path)
        if split_number(name, policy) is None:
            found.plain.append(path)
        elif not any(waits(os.path.join(folder, str(each))) for each in possible_patterns(name)):  # noqa: PTH118
            folders[folder].append(name)
    for folder, names in folders.items():
        _sort(Path(folder), names, policy, found)
    return found


def _sort(folder: Path, names: list[str], policy: str, found: TouchedFrames) -> None:
    families = Families(file_names(folder), policy)
    whole = dict.fromkeys(each for name in names if (each := families.of(name)) is not None)
    for pattern in whole:
        with suppress(OSError):  # gone again: the next change tells
            found.sequences.append((str(folder / str(pattern)), state_of(folder / str(pattern))))
    alone = [name for name in names if families.of(name) is None]
    found.plain += [str(folder / name) for name in alone]
    possible = (each for name in alone for each in possible_patterns(name))
    gone = dict.fromkeys(each for each in possible if each not in whole)
    found.gone += [str(folder / str(each)) for each in gone]
