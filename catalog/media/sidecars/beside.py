"""Which files of a folder speak of a media file in it: by their names only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.languages import language_tag
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
    ".ttml": SidecarKind.SUBTITLES,
    ".dfxp": SidecarKind.SUBTITLES,
    ".itt": SidecarKind.SUBTITLES,
    ".smi": SidecarKind.SUBTITLES,
    ".sami": SidecarKind.SUBTITLES,
    ".sbv": SidecarKind.SUBTITLES,
    ".lrc": SidecarKind.SUBTITLES,
}
# These may speak of any file of their folder.
_LOGS = frozenset({SidecarKind.ALE, SidecarKind.EDL, SidecarKind.CSV})
# What players write between a name and its suffix beside the language.
_REMARKS = frozenset({"forced", "sdh", "cc", "hi", "default", "full", "captions", "subtitles"})
_MOST_PARTS = 2


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
    """The sidecars of one folder, listed once; ``listed`` is False where it could not be."""

    def __init__(self, path: Path) -> None:
        self._own: dict[str, list[tuple[str, Candidate]]] = {}
        self._logs: list[Candidate] = []
        self._media: set[str] = set()
        self.listed = False
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
            self.listed = True
        except OSError:
            return
        names = {entry.name.casefold() for entry in entries}
        for entry in entries:
            self._add(Path(entry.path), names)

    def _add(self, path: Path, names: set[str]) -> None:
        base, suffix = path.stem.casefold(), path.suffix.lower()
        if suffix in MEDIA_SUFFIXES:
            self._media |= {base, path.name.casefold()}
        kind = SUFFIXES.get(suffix)
        if kind is None or path.name.startswith("."):
            return
        if suffix == ".sub" and f"{base}.idx" in names:
            return  # DVD subtitles: pictures, not text
        try:
            state = path.stat()
        except OSError:
            return  # gone again, or a link that leads nowhere
        found = Candidate(path, kind, state.st_size, state.st_mtime_ns, beside=True)
        parts = base.split(".")
        for count in range(min(_MOST_PARTS, len(parts) - 1) + 1):
            owner = ".".join(parts[: len(parts) - count])
            self._own.setdefault(owner, []).append((".".join(parts[len(parts) - count :]), found))
        if kind in _LOGS:
            self._logs.append(found)

    def candidates(self, name: str) -> list[Candidate]:
        """The files that may speak of the media file of this name, in a stable order."""
        found: dict[Path, Candidate] = {}
        # A name without suffix is its own stem: each file once.
        for owner in dict.fromkeys((name.casefold(), Path(name).stem.casefold())):
            for middle, file in self._own.get(owner, ()):
                if middle and f"{owner}.{middle}" in self._media:
                    continue  # clip.en.srt is clip.en.mov's, if there is one
                if (own := _own(file, middle)) is not None:
                    found.setdefault(file.path, own)
        for log in self._logs:
            shared = Candidate(log.path, log.kind, log.size, log.modified_ns, beside=False)
            found.setdefault(log.path, shared)
        return [found[path] for path in sorted(found, key=os.fsencode)]


def _own(file: Candidate, middle: str) -> Candidate | None:
    """The candidate as a sidecar with ``middle`` in its name; None if that makes it no sidecar."""
    if not middle:
        return file
    if file.kind is SidecarKind.JSON:
        return file if middle == "info" else None
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
