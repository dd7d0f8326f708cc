"""Sidecars: what files beside the media, and the texts within them, say of assets.

What each file says is kept with the file (`catalog.store.sidecars`), so that
one that changes takes back what it said before, and nothing that a person
wrote. A look at an asset whose sidecars are as they were reads none of them.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from catalog.domain.paths import raw_path, shown_path
from catalog.domain.results import Failure
from catalog.domain.sidecars import TEXTS_CUT, CutBy, Essence, Sidecar, SidecarKind, said_of
from catalog.errors import MediaError, OutsideRootError, UnexpectedFaultError
from catalog.ingest.analyse import Tools
from catalog.ingest.places import check_inside, real_roots
from catalog.ingest.sidecar_effects import (
    Spoken,
    as_json,
    essence_of,
    plain_description,
    settle_asset,
    with_timecode,
)
from catalog.media.facts import texts
from catalog.media.isolated_texts import texts_of
from catalog.media.sidecars import Candidate, Folder, places_of, read_sidecar
from catalog.media.sidecars.columns import labels
from catalog.media.sidecars.embedded import MOST_BYTES
from catalog.media.sidecars.lyrics import lyrics
from catalog.media.sidecars.subtitles import MOST_CUES
from catalog.media.sidecars.telemetry import describe_flight, is_telemetry
from catalog.store import assets, roots, sidecars
from catalog.store.sidecars import AssetState, SidecarRow

# Goes up when files are understood better than before: then all are read again.
_READERS = "3"
_NOTHING_THERE = ":-"
_NOTHING = f"{_READERS}{_NOTHING_THERE}"
_LOGS = frozenset({SidecarKind.ALE, SidecarKind.EDL, SidecarKind.CSV})
_MOST_LOGS_KEPT = 50

_log = logging.getLogger(__name__)


def read_sidecars(tools: Tools, asset_ids: Sequence[int]) -> list[Failure]:
    """Bring what sidecars say of these assets up to date, and tell what is wrong with them.

    Returns
    -------
    list of Failure
        The sidecars that cannot be read, those of earlier runs included. None
        of them makes an asset fail.

    Raises
    ------
    DecodersUnavailableError
        If there is no process to read texts within files.
    """
    look_beside(tools, asset_ids)
    with tools.database.session() as session:
        return [Failure(*warning) for warning in sidecars.warnings(session, asset_ids)]


def look_beside(
    tools: Tools, asset_ids: Sequence[int], reader: SidecarReader | None = None
) -> None:
    """Bring what sidecars say of these assets up to date.

    Only analysed assets are looked at: times need their time base. What lies in
    a media file is read where it is decoded, in another process. Raises as `read_sidecars`.
    Who asks again and again in one run gives the same ``reader``, which parses a log once.
    """
    database = tools.database
    with database.session() as session:
        found = sidecars.states(session, asset_ids)
    reader = reader or SidecarReader(tools)
    plain = [state.id for state in found if not reader.look(state)]
    if plain:
        with database.session() as session:
            sidecars.mark_plain(session, plain, _NOTHING)


class SidecarReader:
    """Reads the sidecars of one run's assets; a folder is listed and a log parsed once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._database = tools.database
        self._outside: dict[Path, OutsideRootError | None] = {}
        self._folders: dict[Path, Folder] = {}
        self._logs: dict[Path, Sidecar | MediaError] = {}

    @cached_property
    def _roots(self) -> list[Path]:
        """Asked for where there is something to read: seldom, of one small file after another."""
        with self._database.session() as session:
            return real_roots([root for _, root in roots.list_roots(session)])

    def look(self, state: AssetState) -> bool:
        """Read what is not as it was last time; False if nothing is there and nobody had looked."""
        found = {
            candidate.path: candidate
            for file in state.files
            for folder, name in places_of(file)
            for candidate in self._folder(folder).candidates(name)
        }
        refused = frozenset(path for path in found if self._leads_out(path) is not None)
        seen = _mark(list(found.values()), refused, texts=state.texts)
        if seen == _NOTHING and state.seen is None:
            return False
        if seen == _NOTHING and state.seen is not None and state.seen.endswith(_NOTHING_THERE):
            return True  # readers that have learnt have nothing to read here either
        if seen != state.seen:
            self._read(state, list(found.values()), seen)
        return True

    def _folder(self, path: Path) -> Folder:
        if path not in self._folders:
            self._folders[path] = self._tools.folders.of(path)
        return self._folders[path]

    def _read(self, state: AssetState, found: Sequence[Candidate], seen: str) -> None:
        with self._database.session() as session:
            row = assets.get_asset(session, state.id)
            assert row is not None  # noqa: S101  # its location references it
            essence = essence_of(row, [file.name for file in state.files])
            known = {each.raw_path for each in sidecars.rows_of(session, state.id)}
            told = dict(row.metadata_)
        spoken: list[Spoken] = []
        # Logs speak by timecode, and for some files only the camera's metadata knows theirs.
        for each in sorted(found, key=lambda file: file.kind is not SidecarKind.XML):
            if (said := self._spoken(each, essence)) is not None:
                spoken.append(said)
                essence = with_timecode(essence, row, said)
        # The file's own texts are as unchanging as the asset, until it is described anew.
        if state.texts and (b"" not in known or state.seen is None):
            spoken.append(self._embedded(state.files[0], essence, told))
        listed = frozenset(path for path, folder in self._folders.items() if folder.listed)
        self._database.in_session(
            lambda session: settle_asset(session, state.id, spoken, listed, seen)
        )

    def _spoken(self, file: Candidate, essence: Essence) -> Spoken | None:
        """What the file says of this asset; None if it is a log that speaks of others."""
        parsed = self._parsed(file)
        if not isinstance(parsed, Sidecar):
            return Spoken(_row(file, parsed))
        said = said_of(parsed, essence, beside=file.beside)
        if said.nothing and not file.beside:
            return None
        file = file if parsed.kind is None else replace(file, kind=parsed.kind)
        return Spoken(_row(file, None, as_json(said, file)), said.segments)

    def _parsed(self, file: Candidate) -> Sidecar | MediaError:
        if (refusal := self._leads_out(file.path)) is not None:
            return refusal
        if file.path in self._logs:
            return self._logs[file.path]
        parsed = _parsed(file)
        if file.kind in _LOGS:
            if len(self._logs) >= _MOST_LOGS_KEPT:
                self._logs.clear()
            self._logs[file.path] = parsed
        return parsed

    def _leads_out(self, path: Path) -> OutsideRootError | None:
        """Why the file must not be read: it is a link that leads out of every root."""
        if path not in self._outside:
            try:
                check_inside(path, self._roots)
            except OutsideRootError as error:
                self._outside[path] = error
            else:
                self._outside[path] = None
        return self._outside[path]

    def _embedded(self, path: Path, essence: Essence, metadata: Mapping[str, Any]) -> Spoken:
        """What the subtitles, chapters, lyrics and keywords in the file itself say."""
        words, sung = metadata.get("keywords"), metadata.get("lyrics")
        said = {"tags": list(labels(texts(words)))} if words else {}
        row = SidecarRow(b"", shown_path(path), SidecarKind.EMBEDDED.value, 0, 0, said)
        heard = list(lyrics(sung, essence.duration)) if isinstance(sung, str) else []
        if "subtitles" not in metadata and "chapters" not in metadata:
            return Spoken(row, heard)
        try:
            check_inside(path, self._roots)
            found = texts_of(self._tools.decoders, path)
        except MediaError as error:
            # The asset is analysed all the same: its texts are what it lacks.
            _log.debug("embedded_text_unreadable", exc_info=error)
            broken = replace(row, error_code=error.code, error_message=str(error))
            return Spoken(broken, heard)
        segments = said_of(found, essence, beside=True).segments
        told = [segment.text or "" for segment in segments if segment.kind == "speech"]
        if is_telemetry(told):
            flight = describe_flight(told)
            row = replace(row, said={**plain_description(flight, flight.metadata), **said})
            segments = tuple(segment for segment in segments if segment.kind != "speech")
        if (until := found.read_until) is not None:
            reason = _cut(path, until, found.cut_by)
            row = replace(row, error_code=TEXTS_CUT, error_message=reason)
        return Spoken(row, [*heard, *segments])


_CUT = {
    CutBy.TIME: "expected to reach their end in a minute. Put them beside it as .srt, or re-wrap"
    " it as MP4.",
    CutBy.CUES: f"expected at most {MOST_CUES:,} of them in all languages. Put those of the"
    " language that counts beside it as .srt.",
    CutBy.SIZE: f"expected at most {MOST_BYTES // 1_000_000} MB of them in all languages. Put"
    " those of the language that counts beside it as .srt.",
}


def _cut(path: Path, until: Fraction, by: CutBy | None) -> str:
    """Why not all that is said in a film is known."""
    minutes, seconds = divmod(int(until), 60)
    reached = f"The subtitles in {shown_path(path)} were read until {minutes}:{seconds:02d}"
    return f"{reached}; {_CUT[by or CutBy.TIME]}"


def _mark(found: Sequence[Candidate], refused: frozenset[Path], *, texts: bool) -> str:
    """Tells whether the sidecars are as they were: a digest of their names, sizes and times.

    One that must not be read may be allowed to later, when its folder has become a root.
    """
    if not found and not texts:
        return _NOTHING
    files = sorted(
        (raw_path(c.path), c.size, c.modified_ns, c.beside, *("refused",) * (c.path in refused))
        for c in found
    )
    return f"{_READERS}:{hashlib.sha256(repr(files).encode()).hexdigest()[:32]}"


def _parsed(file: Candidate) -> Sidecar | MediaError:
    try:
        return read_sidecar(file)
    except MediaError as error:
        return error
    except Exception as error:  # noqa: BLE001
        # A fault of ours, or of a library's, that one file brings out: no asset waits for it.
        _log.debug("sidecar_fault", exc_info=error)
        return UnexpectedFaultError(
            f"Reading {shown_path(file.path)} broke off: {type(error).__name__}.",
            remedy="Please report this with the file.",
        )


def _row(
    file: Candidate, error: MediaError | None, said: dict[str, object] | None = None
) -> SidecarRow:
    return SidecarRow(
        raw_path=raw_path(file.path),
        path=shown_path(file.path),
        kind=file.kind.value,
        size=file.size,
        modified_ns=file.modified_ns,
        said=said or {},
        error_code=None if error is None else error.code,
        error_message=None if error is None else str(error),
    )
