"""Logs of clips: Avid Log Exchange, CMX 3600 edit decision lists, and tables (CSV).

Own readers rather than OpenTimelineIO's adapters: those give up a whole EDL
over one event whose durations disagree, want its frame rate beforehand, and
the ALE one leaves out columns (``docs/decisions/0007-sidecars.md``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from catalog.domain.sidecars import Description, LogEntry, Sidecar
from catalog.domain.timecode import is_timecode
from catalog.media.sidecars.columns import DESCRIPTIONS, describe, keyed

MOST_ENTRIES = 50_000

_FILES = (
    "file", "file_name", "filename", "name", "source_file", "source_file_name", "source_path",
    "source", "path", "clip", "clip_name", "clipname", "media", "unc", "unc_path", "labroll",
)  # fmt: skip
_REELS = (
    "tape", "tape_name", "tape_id", "tapeid", "reel", "reel_name", "reel_number", "camroll",
    "camera_roll", "soundroll", "disk_label",
)  # fmt: skip
_IN = ("start", "in", "mark_in", "start_tc", "tc_in", "timecode_in", "source_in", "start_timecode")
_OUT = ("end", "out", "mark_out", "end_tc", "tc_out", "timecode_out", "source_out", "end_timecode")
# Spellings of a rate that are short for a fraction over 1001.
_SHORT_RATES = {"23.98": 24, "23.976": 24, "29.97": 30, "47.95": 48, "59.94": 60, "119.88": 120}
_SEPARATOR = re.compile(r"\s*\"?sep=([,;\t|])\"?[ ]*\n", re.IGNORECASE)


def frame_rate(text: str) -> Fraction | None:
    """Frames per second as a log spells them: ``24``, ``23.976``, ``29.97``."""
    spelt = text.strip().lower().removesuffix("fps").removesuffix("df").strip()
    if spelt in _SHORT_RATES:
        return Fraction(_SHORT_RATES[spelt] * 1000, 1001)
    try:
        rate = Fraction(spelt) if len(spelt) <= 12 else Fraction(0)
    except (ValueError, ZeroDivisionError):
        return None
    return rate if 1 <= rate <= 1000 else None


def entry_of(row: Mapping[str, Any], rate: Fraction | None = None) -> LogEntry:
    """A line of named values as an entry, everything in it kept as metadata."""
    values = keyed(row)
    name = next((str(values[key]) for key in ("name", *_FILES) if key in values), None)
    said = describe(values)
    remark = next((str(values[key]) for key in DESCRIPTIONS if key in values), None)
    return LogEntry(
        files=tuple(str(values[key]) for key in _FILES if key in values),
        reels=tuple(str(values[key]) for key in _REELS if key in values),
        timecode_in=_timecode(values, _IN),
        timecode_out=_timecode(values, _OUT),
        rate=frame_rate(str(values.get("fps", ""))) or rate,
        text="\n".join(filter(None, (said.title or name, remark))) or None,
        description=said,
    )


def _timecode(values: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    texts = (str(values[name]) for name in names if name in values)
    return next((text for text in texts if is_timecode(text)), None)


# --- Avid Log Exchange --------------------------------------------------------


def parse_ale(text: str) -> Sidecar:
    """An ALE's rows, each with every column that says something.

    Raises
    ------
    ValueError
        If it has no columns or is no ALE.
    """
    heading: dict[str, str] = {}
    columns: list[str] = []
    rows: list[LogEntry] = []
    part = ""
    for line in text.split("\n"):
        if line.strip().lower() in {"heading", "column", "data"}:
            part = line.strip().lower()
        elif not line.strip():
            continue
        elif part == "heading":
            # One pair a line by the book; Avid's converters write all in one.
            cells = line.split("\t")
            heading.update(zip(map(str.upper, cells[::2]), cells[1::2], strict=False))
        elif part == "column":
            columns = [cell.strip() for cell in _cells(line, heading)]
        elif part == "data" and len(rows) < MOST_ENTRIES:
            row = dict(zip(columns, _cells(line, heading), strict=False))
            rows.append(entry_of(row, frame_rate(heading.get("FPS", ""))))
    if not columns:
        raise ValueError("it has no columns")
    return Sidecar(entries=tuple(rows))


def _cells(line: str, heading: Mapping[str, str]) -> list[str]:
    commas = heading.get("FIELD_DELIM", "TABS").strip().upper().startswith("COMMA")
    return next(csv.reader([line])) if commas else line.split("\t")


# --- CMX 3600 -----------------------------------------------------------------

_TIME = r"(\d\d[:.;]\d\d[:.;]\d\d[:.;,]\d\d)"
_EVENT = re.compile(
    rf"(\d+)\s+(\S{{1,200}})\s+(\S{{1,20}})\s+([CDW]\S{{0,10}}|K\s?\S{{0,3}})\s+(?:\d+\s+)?"
    rf"{_TIME}\s+{_TIME}\s+{_TIME}\s+{_TIME}"
)
_NOTE = re.compile(r"\*?\s*([A-Z][A-Z_ ]{1,30}?)\s*:\s*(.*)", re.IGNORECASE)
_GRADE = re.compile(r"\*\s*(ASC_SOP|ASC_SAT)\s+(.*)")
# An auxiliary source and black: what no reel is called.
_NO_REEL = frozenset({"ax", "bl", "black", "none", "aux", "nul"})
_OWN_NAME = ("FROM_CLIP_NAME", "FROM_CLIP", "FROM_FILE", "SOURCE_FILE", "CLIP_NAME")
_TO_NAME = ("TO_CLIP_NAME", "TO_CLIP", "TO_FILE")


@dataclass(slots=True)
class _Event:
    """One event as it is read, with the notes below it."""

    number: str
    reel: str
    channels: str
    transition: str
    times: tuple[str, ...]
    drop: bool
    notes: dict[str, list[str]] = field(default_factory=dict)


def parse_edl(text: str) -> Sidecar:
    """An EDL's events by their *source* timecode; the programme they make is not the asset.

    Raises
    ------
    ValueError
        If it has no event.
    """
    events: list[_Event] = []
    drop = False
    for line in text.split("\n"):
        spelt = line.strip()
        if spelt.upper().startswith("FCM:"):
            drop = "NON" not in spelt.upper()
        elif event := _EVENT.match(spelt):
            number, reel, channels, transition, *times = event.groups()
            events.append(_Event(number, reel, channels, transition, tuple(times), drop))
        elif events and spelt and len(events) <= MOST_ENTRIES:
            _note(events[-1].notes, spelt)
    if not events:
        raise ValueError("it has no event")
    return Sidecar(entries=tuple(_entries(events[:MOST_ENTRIES])))


def _note(notes: dict[str, list[str]], line: str) -> None:
    if found := _NOTE.fullmatch(line) or _GRADE.fullmatch(line):
        key, value = found[1].strip().upper().replace(" ", "_"), found[2].strip()
    elif line.startswith("*"):
        key, value = "COMMENTS", line.lstrip("* ")
    else:
        key, _, value = line.partition(" ")  # M2 and the like
    if value:
        notes.setdefault(key, []).append(value.strip())


def _entries(events: list[_Event]) -> Iterator[LogEntry]:
    for event in events:
        if event.times[0] == event.times[1]:
            continue  # the outgoing side of a transition: a place, not a length
        incoming = not event.transition.startswith("C")
        names = _TO_NAME if incoming and any(n in event.notes for n in _TO_NAME) else _OWN_NAME
        files = [value for name in names for value in event.notes.get(name, [])]
        start, end = (_drop(time) if event.drop else time for time in event.times[:2])
        row: dict[str, Any] = {k: v[0] if len(v) == 1 else v for k, v in event.notes.items()}
        row |= {"reel": event.reel, "channels": event.channels, "event": event.number}
        named = event.reel.casefold() not in _NO_REEL
        remarks = [*event.notes.get("COMMENTS", []), *event.notes.get("LOC", [])]
        yield LogEntry(
            files=tuple(files),
            # The name of a reel that has more than eight letters stands in a note.
            reels=(event.reel, *event.notes.get("REEL", ())) if named else (),
            timecode_in=start,
            timecode_out=end,
            text="\n".join(dict.fromkeys([*files[:1], *remarks]))
            or (event.reel if named else None),
            # An event's name is the clip's, no title of the asset.
            description=Description(metadata=keyed(row)),
        )


def _drop(time: str) -> str:
    return f"{time[:8]};{time[9:]}"


# --- tables -------------------------------------------------------------------


def parse_csv(text: str) -> Sidecar:
    """A table: a header and a line per clip, or two columns of keys and values.

    Raises
    ------
    ValueError
        If it is no table.
    """
    if (named := _SEPARATOR.match(text)) is not None:  # a line of Excel's, not the header
        text = text[named.end() :]
    delimiter = max(",;\t|", key=text[:10_000].partition("\n")[0].count)
    delimiter = named[1] if named is not None else delimiter
    try:
        rows = list(_rows(text, delimiter))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if not rows or max(map(len, rows)) < 2:
        raise ValueError("it is no table with a header")
    header = [cell.strip() for cell in rows[0]]
    known = set(keyed(dict.fromkeys(header, "x")))
    if all(len(row) == 2 for row in rows) and not known & {*_FILES, *_REELS}:
        pairs = rows[1:] if known == {"key", "value"} else rows
        return Sidecar(description=describe(keyed(dict(map(tuple, pairs)))))  # type: ignore[arg-type]
    return Sidecar(
        entries=tuple(entry_of(dict(zip(header, row, strict=False))) for row in rows[1:])
    )


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        if any(cell.strip() for cell in row):
            yield row
