"""Logs of any format that is known, as entries."""

from __future__ import annotations

from pathlib import Path

from catalog.domain.paths import shown_path
from catalog.domain.sidecars import LogEntry, SidecarKind
from catalog.errors import InvalidInputError, MediaError
from catalog.export.log_names import REMEDY, log_suffix
from catalog.interchange.logged import Logged
from catalog.interchange.logs import AAF_LIMIT, KINDS, LIMIT, read_aaf_log, read_text_log
from catalog.interchange.packages import ARCHIVE, FOLDERS, archived, inside
from catalog.media.sidecars import Candidate, read_sidecar
from catalog.media.sidecars.columns import describe, keyed
from catalog.media.sidecars.text import read_bytes
from catalog.media.tags import clean_text

_LINES = {".ale": SidecarKind.ALE, ".edl": SidecarKind.EDL, ".csv": SidecarKind.CSV}
_LONGEST_TEXT = 2000


def read_log(path: Path) -> tuple[SidecarKind, list[LogEntry]]:
    """What sort of log it is, and its entries.

    Raises
    ------
    InvalidInputError
        If no log is called so, it is too large, or not what it is called.
    """
    try:
        return _read(path, log_suffix(path))
    except MediaError as error:
        raise InvalidInputError(error.message, remedy=REMEDY, path=shown_path(path)) from error
    except ValueError as error:
        raise InvalidInputError(
            f"{shown_path(Path(path.name))} cannot be imported: {error}.",
            remedy=REMEDY,
            path=shown_path(path),
        ) from error


def _read(path: Path, suffix: str) -> tuple[SidecarKind, list[LogEntry]]:
    if suffix == ARCHIVE:
        return SidecarKind.OTIO, [_entry(each) for each in read_text_log(archived(path), ".otio")]
    if suffix in FOLDERS:
        path = inside(path)
        suffix = path.suffix
    if suffix in _LINES:
        kind = _LINES[suffix]
        return kind, list(read_sidecar(_candidate(path, kind)).entries)
    return SidecarKind(KINDS[suffix]), [_entry(each) for each in _logged(path, suffix)]


def _logged(path: Path, suffix: str) -> list[Logged]:
    if suffix != ".aaf":
        return read_text_log(read_bytes(path, LIMIT), suffix)
    if path.stat().st_size > AAF_LIMIT:
        raise ValueError(f"it is larger than {AAF_LIMIT // 1_000_000} MB: export it without media")
    return read_aaf_log(path)


def _candidate(path: Path, kind: SidecarKind) -> Candidate:
    state = path.stat()
    return Candidate(path, kind, state.st_size, state.st_mtime_ns, beside=False)


def _entry(logged: Logged) -> LogEntry:
    """A line as those of other logs are; what was not said with text is left as it is."""
    facts = keyed(dict(logged.facts))
    text = clean_text(logged.text or "")[:_LONGEST_TEXT].strip()
    return LogEntry(
        files=_clean(logged.files),
        reels=_clean(logged.reels),
        timecode_in=logged.timecode_in,
        timecode_out=logged.timecode_out,
        rate=logged.rate,
        text=text or None,
        description=describe(facts),
        offset=logged.offset,
    )


def _clean(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean for name in names if (clean := clean_text(name))))
