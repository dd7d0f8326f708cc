"""Which files of a folder speak of a media file in it: by their names only."""

from __future__ import annotations

import copy
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.languages import language_tag
from catalog.domain.sequences import parse_pattern
from catalog.domain.sidecars import SidecarKind
from catalog.media.files import MEDIA_SUFFIXES, is_passed_over

SUFFIXES = {
    ".xmp": SidecarKind.XMP,
    ".json": SidecarKind.JSON,
    ".csv": SidecarKind.CSV,
    ".ale": SidecarKind.ALE,
    ".edl": SidecarKind.EDL,
    ".srt": SidecarKind.SUBTITLES,
    ".vtt": SidecarKind.SUBTITLES,
    ".ass": SidecarKind.SUBTITLES,
    ".ssa": SidecarKind.SUBTITLES,
    ".sub": SidecarKind.SUBTITLES,
    ".stl": SidecarKind.SUBTITLES,
    ".scc": SidecarKind.SUBTITLES,
    ".mcc": SidecarKind.SUBTITLES,
    ".ttml": SidecarKind.SUBTITLES,
    ".dfxp": SidecarKind.SUBTITLES,
    ".itt": SidecarKind.SUBTITLES,
    ".smi": SidecarKind.SUBTITLES,
    ".sami": SidecarKind.SUBTITLES,
    ".sbv": SidecarKind.SUBTITLES,
    ".lrc": SidecarKind.SUBTITLES,
    ".xml": SidecarKind.XML,
    ".rmd": SidecarKind.XML,
    ".sidecar": SidecarKind.JSON,
}
# These may speak of any file of their folder.
_LOGS = frozenset({SidecarKind.ALE, SidecarKind.EDL, SidecarKind.CSV})
# What players write between a name and its suffix beside the language.
_REMARKS = frozenset({"forced", "sdh", "cc", "hi", "default", "full", "captions", "subtitles"})
# Google Takeout's, which cuts names that become too long.
_TAKEOUT, _LEAST_OF_MIDDLE = "supplemental-metadata", 3
_MOST_PARTS = 2
_DVD_INDEX = ".idx"
# Sony's C0001M01.XML is C0001.MP4's; RED's A001_C002_0101AB.RMD is A001_C002_0101AB_001.R3D's.
_SONY_METADATA = re.compile(r"(.+)m\d\d")
_SEGMENT = re.compile(r"(.+)_\d{3}")
_MOST_FOLDERS = 16
# How far apart two changes are told by a folder's time: a tick of the kernel's clock; where
# times are whole seconds, the two of FAT.
_SECOND_NS, _FINE_NS, _COARSE_NS = 10**9, 10**8, 2 * 10**9


def looks_like_sidecar(name: str) -> bool:
    """Whether a file of this name may speak of media beside it; only the name is looked at."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not is_passed_over(name)  # noqa: PTH122  # a hundred thousand Paths are slow


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may speak of a media file.

    ``beside`` if it is that file's own by its name, not a log of the folder.
    """

    path: Path
    kind: SidecarKind
    size: int
    modified_ns: int
    beside: bool
    language: str | None = None


class Folder:
    """The sidecars of one folder, listed once; ``listed`` is False where it could not be.

    A folder may hold a hundred thousand files: of media nothing is kept. A sidecar's size and
    time are those of when it was asked for.
    """

    def __init__(self, path: Path) -> None:
        self._own: dict[str, list[_Named]] = {}
        self._logs: list[tuple[Path, SidecarKind]] = []
        self._logs_seen: list[Candidate] | None = None
        self.listed = False
        try:
            with os.scandir(path) as listing:
                names = [entry.name for entry in listing]
            self.listed = True
        except OSError:
            return
        found: list[tuple[str, SidecarKind]] = []
        owners: set[str] = set()
        indexed: set[str] = set()
        for name in names:
            # A hundred thousand Paths are slow.
            base, suffix = os.path.splitext(name.casefold())  # noqa: PTH122
            if suffix in MEDIA_SUFFIXES:
                owners.add(name.casefold())
            elif suffix == _DVD_INDEX:
                indexed.add(base)
            if (kind := SUFFIXES.get(suffix)) is not None and not name.startswith("."):
                found.append((name, kind))
        if found:
            owners |= {os.path.splitext(name)[0] for name in owners}  # noqa: PTH122
        for name, kind in sorted(found, key=lambda each: os.fsencode(each[0])):
            base, suffix = os.path.splitext(name.casefold())  # noqa: PTH122
            if suffix == ".sub" and base in indexed:
                continue  # DVD subtitles: pictures, not text
            self._add(path / name, kind, owners)

    def _add(self, path: Path, kind: SidecarKind, owners: set[str]) -> None:
        base = path.stem.casefold()
        parts = base.split(".")
        # clip.en.srt is clip.en.mov's, if there is one
        most = 0 if base in owners else min(_MOST_PARTS, len(parts) - 1)
        sony = _SONY_METADATA.fullmatch(base) if path.suffix.lower() == ".xml" else None
        if sony is not None and base not in owners:
            self._own.setdefault(sony[1], []).append(_Named(path, kind, ""))
        for count in range(most + 1):
            owner = ".".join(parts[: len(parts) - count])
            named = _Named(path, kind, ".".join(parts[len(parts) - count :]))
            self._own.setdefault(owner, []).append(named)
        if kind in _LOGS:
            self._logs.append((path, kind))

    def again(self) -> Folder:
        """The same listing for another look: sizes and times of its files are asked for anew."""
        same = copy.copy(self)
        same._logs_seen = None
        return same

    def candidates(self, name: str) -> list[Candidate]:
        """The files that may speak of the media file of this name, in a stable order."""
        found: dict[Path, Candidate] = {}
        for named in self._named(name):
            file = _seen(named.path, named.kind, beside=True)
            if file is not None and (own := _own(file, named.middle)) is not None:
                found.setdefault(file.path, own)
        if self._logs_seen is None:
            logs = [_seen(path, kind, beside=False) for path, kind in self._logs]
            self._logs_seen = [log for log in logs if log is not None]
        for log in self._logs_seen:
            found.setdefault(log.path, log)
        return [found[path] for path in sorted(found, key=os.fsencode)]

    def _named(self, name: str) -> Iterator[_Named]:
        # A name without suffix is its own stem: each file once.
        owners = [name.casefold(), Path(name).stem.casefold()]
        if (pattern := parse_pattern(name)) is not None:
            owners.append(pattern.stem.casefold())
        for owner in dict.fromkeys(owners):
            yield from self._own.get(owner, ())
        if (segment := _SEGMENT.fullmatch(owners[1])) is not None:
            of_the_clip = self._own.get(segment[1], ())
            yield from (each for each in of_the_clip if each.path.suffix.lower() == ".rmd")


class Folders:
    """Folders as they were listed before, for as long as nothing came to them or went.

    Workers look at one file after another of the same folder. May be used by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[int, Folder]] = {}

    def of(self, path: Path) -> Folder:
        """The folder; listed now if it may have changed since it was."""
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return Folder(path)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == changed:
            return known[1].again()
        now, folder = time.time_ns(), Folder(path)
        # What comes in the same tick of the clock as this listing would not show.
        tick = _COARSE_NS if changed % _SECOND_NS == 0 else _FINE_NS
        with self._lock:
            self._known.pop(path, None)
            if folder.listed and now - changed > tick:
                self._known[path] = (changed, folder)
                while len(self._known) > _MOST_FOLDERS:
                    del self._known[next(iter(self._known))]
        return folder


@dataclass(frozen=True, slots=True)
class _Named:
    """A file whose name begins with the name of its owner; ``middle`` is between it and suffix."""

    path: Path
    kind: SidecarKind
    middle: str


def _seen(path: Path, kind: SidecarKind, *, beside: bool) -> Candidate | None:
    try:
        state = path.stat()
    except OSError:
        return None  # gone again, or a link that leads nowhere
    return Candidate(path, kind, state.st_size, state.st_mtime_ns, beside=beside)


def _own(file: Candidate, middle: str) -> Candidate | None:
    """The candidate as a sidecar with ``middle`` in its name; None if that makes it no sidecar."""
    if not middle:
        return file
    if file.kind is SidecarKind.JSON:
        cut = len(middle) >= _LEAST_OF_MIDDLE and _TAKEOUT.startswith(middle)
        return file if middle == "info" or cut else None
    if file.kind is not SidecarKind.SUBTITLES:
        return None
    language = None
    for part in middle.split("."):
        tag = language_tag(part)
        if part not in _REMARKS and tag is None:
            return None
        language = language or (None if part in _REMARKS else tag)
    return Candidate(file.path, file.kind, file.size, file.modified_ns, True, language)


def candidates(path: Path, folder: Folder) -> list[Candidate]:
    """The files that may speak of ``path``, which lies in ``folder``."""
    return folder.candidates(path.name)
