"""What sort of log a file is: by its suffix as people spell it, else by how it begins."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.domain.paths import shown_path
from catalog.errors import InvalidInputError
from catalog.interchange.packages import ARCHIVE, FOLDERS
from catalog.media.files import unreadable

PLAIN = (".aaf", ".ale", ".csv", ".edl", ".fcpxml", ".otio", ".xml")
"""The suffixes that the readers know."""

# Other spellings of those: our own names of formats, and those of other programs.
_SAME = {
    ".fcp7xml": ".xml", ".xmeml": ".xml", ".fcpx": ".fcpxml", ".cmx": ".edl", ".cmx3600": ".edl",
    ".edl3600": ".edl", ".tsv": ".csv", ".tab": ".csv",
}  # fmt: skip
# These say nothing of what is in a file; mail programs and browsers put ``.txt`` behind another.
_ANY = frozenset({".json", ".txt", ".xml"})
_HEAD = 4_000
_BEGINS = (
    (".fcpxml", re.compile(r"<fcpxml[\s>]")),
    (".xml", re.compile(r"<xmeml[\s>]")),
    (".otio", re.compile(r'"OTIO_SCHEMA"')),
    (".ale", re.compile(r"\A\s*Heading\b(?s:.*)\bFIELD_DELIM\b", re.IGNORECASE)),
    (".edl", re.compile(r"^\s*(TITLE:|FCM:|\d{3,6}\s+\S+\s+\S+\s+[CDWK])", re.MULTILINE)),
    (".csv", re.compile(r"\A[^\n]*\t")),
)
_WHAT_ELSE = {
    ".prproj": "In Premiere Pro, export the sequence: File > Export > Final Cut Pro XML.",
    ".avb": "In Media Composer, export the bin as an ALE, or the sequence as an AAF.",
    ".avp": "In Media Composer, export the bin as an ALE, or the sequence as an AAF.",
    ".drp": "In DaVinci Resolve, export the timeline as FCPXML, XML, AAF, EDL or OTIO.",
    ".drt": "In DaVinci Resolve, export the timeline as FCPXML, XML, AAF, EDL or OTIO.",
    ".fcpbundle": "In Final Cut Pro, export the project: File > Export XML.",
    ".fcp": "In Final Cut Pro 7, export the sequence: File > Export > XML.",
    ".omf": "Export it as an AAF instead.",
    ".srt": "Put it beside its media, under the same name: catalog ingest reads it.",
    ".vtt": "Put it beside its media, under the same name: catalog ingest reads it.",
}
REMEDY = "Export it anew, as ALE, EDL, FCPXML, Final Cut 7 XML, OTIO, AAF or CSV."


def log_suffix(path: Path) -> str:
    """The suffix by which a log is read: of `PLAIN`, or of a package.

    Raises
    ------
    InvalidInputError
        If it is none by its suffix, or that says nothing and its beginning neither.
    UnreadableFileError
        If the operating system refuses it.
    """
    suffix = path.suffix.lower()
    suffix = _SAME.get(suffix, suffix)
    if suffix in _ANY:
        suffix = _by_content(path) or suffix
    if suffix in (*PLAIN, *FOLDERS, ARCHIVE):
        return suffix
    known = ", ".join(sorted((*PLAIN, *FOLDERS, ARCHIVE)))
    whose = "by its beginning" if suffix in _ANY else "by its suffix"
    raise InvalidInputError(
        f"{shown_path(Path(path.name))} is no log {whose}; expected one of {known}.",
        remedy=_WHAT_ELSE.get(suffix, REMEDY),
    )


def _by_content(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise unreadable(path, error) from error
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if wide else "utf-8-sig", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return next((suffix for suffix, begin in _BEGINS if begin.search(text)), None)
