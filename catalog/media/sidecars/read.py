"""One file beside a media file, read as what its suffix says it is."""

from __future__ import annotations

import json
from typing import Any

from catalog.domain.sidecars import LogEntry, Sidecar, SidecarKind
from catalog.media.sidecars.beside import Candidate
from catalog.media.sidecars.columns import describe, keyed
from catalog.media.sidecars.ebu_stl import is_ebu_stl, parse_stl
from catalog.media.sidecars.exports import described_by_export, exported_chapters
from catalog.media.sidecars.logs import MOST_ENTRIES, entry_of, parse_ale, parse_csv, parse_edl
from catalog.media.sidecars.mcc import LARGEST, parse_mcc
from catalog.media.sidecars.scc import parse_scc
from catalog.media.sidecars.subtitles import parse_subtitles
from catalog.media.sidecars.telemetry import describe_flight, is_telemetry
from catalog.media.sidecars.text import broken, read_bytes, read_text
from catalog.media.sidecars.ttml import parse_ttml
from catalog.media.sidecars.xml_metadata import is_other_xml, parse_red, parse_xml_metadata
from catalog.media.sidecars.xmp import parse_xmp

# Bytes. A season's logs and a film's subtitles are far below; a stranger's gigabyte is not read.
LIMITS = {
    SidecarKind.XMP: 5_000_000,
    SidecarKind.JSON: 5_000_000,
    SidecarKind.CSV: 20_000_000,
    SidecarKind.ALE: 20_000_000,
    SidecarKind.EDL: 20_000_000,
    SidecarKind.XML: 5_000_000,
    SidecarKind.SUBTITLES: 5_000_000,
}


def read_sidecar(file: Candidate) -> Sidecar:
    """What the file says.

    Raises
    ------
    SidecarError
        If it is too large, no text, or not what it is called.
    UnreadableFileError
        If the operating system refuses it.
    """
    try:
        return _read(file)
    except (ValueError, RecursionError) as error:
        why = str(error)[:200] if type(error) is ValueError else type(error).__name__
        raise broken(file.path, why) from error


def _read(file: Candidate) -> Sidecar:
    limit = LIMITS[file.kind]
    if file.kind is SidecarKind.XMP:
        return parse_xmp(read_bytes(file.path, limit))
    if file.kind is SidecarKind.XML:
        data = read_bytes(file.path, limit)
        return parse_red(data) if file.path.suffix.lower() == ".rmd" else parse_xml_metadata(data)
    if file.kind is SidecarKind.SUBTITLES:
        return _read_subtitles(file, limit)
    text = read_text(file.path, limit)
    match file.kind:
        case SidecarKind.JSON:
            return parse_json(text)
        case SidecarKind.CSV:
            return parse_csv(text)
        case SidecarKind.ALE:
            return parse_ale(text)
        case _:
            return parse_edl(text)


def _read_subtitles(file: Candidate, limit: int) -> Sidecar:
    match suffix := file.path.suffix.lower():
        case ".ttml" | ".dfxp" | ".itt":
            return parse_ttml(read_bytes(file.path, limit), file.language)
        case ".stl" if is_ebu_stl(data := read_bytes(file.path, limit)):
            return parse_stl(data, file.language)
        case ".scc":
            return parse_scc(read_text(file.path, limit), file.language)
        case ".mcc":
            return parse_mcc(read_text(file.path, LARGEST), file.language)
        case ".smi" if is_other_xml(read_bytes(file.path, limit)):
            return Sidecar()  # XDCAM EX has SMIL of this suffix, which says in what order to play
        case _:
            return _words_or_flight(
                parse_subtitles(read_text(file.path, limit), suffix, file.language)
            )


def _words_or_flight(found: Sidecar) -> Sidecar:
    """Subtitles, unless they are a drone's numbers: nobody says those."""
    texts = [segment.text or "" for segment in found.segments]
    if not is_telemetry(texts):
        return found
    return Sidecar(description=describe_flight(texts), kind=SidecarKind.TELEMETRY)


def parse_json(text: str) -> Sidecar:
    """An object of named values, or a list of objects, each of which names its file.

    Raises
    ------
    ValueError
        If it is neither.
    """
    try:
        found: Any = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is no JSON ({type(error).__name__})") from error
    if isinstance(found, dict):
        values = keyed(found)
        told = described_by_export(values, describe(values))
        return Sidecar(description=told, segments=tuple(exported_chapters(values)))
    if isinstance(found, list) and found and all(isinstance(item, dict) for item in found):
        entries: list[LogEntry] = [entry_of(item) for item in found[:MOST_ENTRIES]]
        return Sidecar(entries=tuple(entries))
    raise ValueError("expected an object, or a list of objects")
