"""What files beside a file, and the texts within it, say of an asset: plain values.

A *sidecar* describes one asset (``clip.srt`` beside ``clip.mov``); a *log*
describes many clips by file, reel and timecode, and each asset takes what
speaks of it. Times are seconds from the asset's first picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import PureWindowsPath
from typing import Any

from catalog.domain.sequences import patterns_named
from catalog.domain.timecode import frames_per_day, nominal_rate, parse_timecode
from catalog.errors import InvalidInputError

# A log's line of so nearly the asset's length is about the whole of it.
_SAME_LENGTH = Fraction(1)
# CMX 3600 has eight characters for the name of a reel.
_EDL_REEL = 8
_LONGEST_SUFFIX = 5


# Columns of an asset that both its file (`catalog.domain.media.Facts`) and sidecars fill.
SHARED_FACTS = (
    "reel", "scene", "take", "rights", "creator", "credit",
    "camera_make", "camera_model", "camera_serial", "lens",
)  # fmt: skip
PLACE = ("latitude", "longitude", "altitude")
"""Columns that are one fact: who knows the first of them says all three."""


class SidecarKind(StrEnum):
    """What sort of file it is; where two name the same column, the first sort here wins."""

    XMP = "xmp"
    JSON = "json"
    CSV = "csv"
    ALE = "ale"
    EDL = "edl"
    AAF = "aaf"
    FCPXML = "fcpxml"
    FCP7XML = "fcp7xml"
    OTIO = "otio"
    XML = "xml"
    TELEMETRY = "telemetry"
    SUBTITLES = "subtitles"
    EMBEDDED = "embedded"
    CAPTIONS = "captions"
    RECOGNISED = "recognised"


IN_THE_ASSET = (SidecarKind.EMBEDDED, SidecarKind.CAPTIONS, SidecarKind.RECOGNISED)
"""What is kept as a sidecar, and is no file beside the media."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of an asset as a whole; ``metadata`` keeps everything, JSON-ready.

    ``latitude`` and ``longitude`` are degrees, ``altitude`` metres above the sea;
    ``start_timecode`` is of the asset's first picture, at the asset's own rate.
    """

    title: str | None = None
    description: str | None = None
    language: str | None = None
    recorded: datetime | None = None
    reel: str | None = None
    scene: str | None = None
    take: str | None = None
    rights: str | None = None
    creator: str | None = None
    credit: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    camera_serial: str | None = None
    lens: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    start_timecode: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Segment:
    """A text and the time it is about: ``speech`` that is heard, a ``subclip`` that was logged."""

    kind: str
    start: Fraction
    end: Fraction
    text: str | None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Captioned:
    """What captions within a film's pictures say.

    ``carried`` names the channels of CEA-608 (CC1, CC3) and the services of CEA-708 that have any
    words, ``read`` those of which the segments are: where there are both, 708 repeats 608.
    """

    segments: tuple[Segment, ...] = ()
    carried: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a log.

    ``files`` are names of the file or clip it may mean, ``reels`` of its tape;
    ``timecode_in`` and ``timecode_out`` (exclusive) address the source at
    ``rate`` frames per second, or at the asset's own where the log is silent.
    ``offset`` is where the first is in seconds from the source's first picture,
    if the log knows where that is.
    """

    files: tuple[str, ...] = ()
    reels: tuple[str, ...] = ()
    timecode_in: str | None = None
    timecode_out: str | None = None
    rate: Fraction | None = None
    text: str | None = None
    description: Description = field(default_factory=Description)
    offset: Fraction | None = None


TEXTS_CUT = "texts_cut"
"""The warning of a film whose own texts were not read to their end."""


class CutBy(StrEnum):
    """Of what there was too much, where reading a film's own texts was broken off."""

    TIME = "time"
    CUES = "cues"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The contents of one file; ``kind`` is what it turned out to be, None if as its name says.

    ``read_until`` is the second at which reading a film's own texts was broken off, and
    ``cut_by`` why; None: never. ``counted_at`` are the frames a second that its segments were
    counted at for want of the film's own; None where their times are what they are.
    """

    description: Description = field(default_factory=Description)
    segments: tuple[Segment, ...] = ()
    entries: tuple[LogEntry, ...] = ()
    kind: SidecarKind | None = None
    read_until: Fraction | None = None
    cut_by: CutBy | None = None
    counted_at: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Essence:
    """What an asset is called and where its timecode runs, to know it in a log.

    ``start`` is its first picture's time of day in seconds, None if unknown, and ``drop``
    whether its timecode is drop-frame.
    """

    names: frozenset[str]
    reels: frozenset[str] = frozenset()
    duration: Fraction | None = None
    rate: Fraction | None = None
    start: Fraction | None = None
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What one sidecar says of one asset; ``nothing`` of it where it speaks of others only."""

    description: Description
    segments: tuple[Segment, ...]

    @property
    def nothing(self) -> bool:
        """Whether it does not speak of the asset at all."""
        return not self.segments and self.description == Description()


def name_forms(*names: str) -> frozenset[str]:
    """The spellings a name is known by: without folders, in one case, with and without suffix."""
    forms = set()
    for name in names:
        # Windows' paths have both separators.
        path = PureWindowsPath(name.strip().casefold())
        forms.add(path.name)
        if 1 < len(path.suffix) <= _LONGEST_SUFFIX + 1:
            forms.add(path.stem)
    return frozenset(forms - {""})


def file_forms(*names: str) -> frozenset[str]:
    """The same of files that a log names: also of the sequence of which one may be a frame."""
    bare = [PureWindowsPath(name.strip().casefold()).name for name in names]
    patterns = (str(pattern) for name in bare for pattern in patterns_named(name))
    return name_forms(*names, *patterns)


def said_of(sidecar: Sidecar, essence: Essence, *, beside: bool) -> Said:
    """What a sidecar says of this asset.

    Parameters
    ----------
    beside:
        Whether the file is this asset's own (same stem): then a line that
        names nothing speaks of it.
    """
    counted = _counted(sidecar.segments, sidecar.counted_at, essence.rate)
    descriptions, segments = [sidecar.description], list(_within(counted, essence))
    about = []
    for entry in sidecar.entries:
        place = entry_place(entry, essence)
        if not (names_file(entry, essence, beside=beside) or names_reel(entry, essence, place)):
            continue
        about.append(entry.description)
        if place is not None:
            segments.append(Segment("subclip", *place, entry.text, entry.description.language))
    if about:
        descriptions.append(_agreed(about))
    return Said(merged(descriptions), tuple(segments))


def _counted(
    segments: Sequence[Segment], counted_at: Fraction | None, rate: Fraction | None
) -> Sequence[Segment]:
    """The segments by the film's own rate, where they are counted in its frames."""
    if counted_at is None or not rate or rate == counted_at:
        return segments
    scale = counted_at / rate
    return [
        replace(each, start=each.start * scale, end=each.end * scale)
        for each in segments
        if each.start is not None and each.end is not None
    ]


def names_file(entry: LogEntry, essence: Essence, *, beside: bool) -> bool:
    """Whether the entry names the essence's file; one that names nothing does where ``beside``."""
    if not entry.files and not entry.reels:
        return beside
    return bool(file_forms(*entry.files) & essence.names)


def names_reel(entry: LogEntry, essence: Essence, place: tuple[Fraction, Fraction] | None) -> bool:
    """A reel holds many files: only a timecode that lies in this one makes it meant."""
    if place is None or essence.start is None:
        return False
    known = essence.reels | essence.names
    return any(
        reel in known or (len(reel) == _EDL_REEL and any(name.startswith(reel) for name in known))
        for reel in name_forms(*entry.reels)
    )


def entry_place(entry: LogEntry, essence: Essence) -> tuple[Fraction, Fraction] | None:
    """The part of the asset that the entry's timecodes address, in seconds; None if none."""
    if not entry.timecode_in or not entry.timecode_out:
        return None
    place = _place(entry, essence, entry.timecode_in, entry.timecode_out)
    if place is None and essence.start is not None:
        # Many lists spell every address as the programme counts, whatever the source does.
        sign = ";" if essence.drop else ":"
        spelt = (
            f"{code[:-3]}{sign}{code[-2:]}" for code in (entry.timecode_in, entry.timecode_out)
        )
        place = _place(entry, essence, *spelt)
    return place


def _place(
    entry: LogEntry, essence: Essence, timecode_in: str, timecode_out: str
) -> tuple[Fraction, Fraction] | None:
    rate = _rate_of(entry, essence)
    if rate is None or essence.duration is None:
        return None
    try:
        first, last = parse_timecode(timecode_in, rate), parse_timecode(timecode_out, rate)
    except InvalidInputError:
        return None
    day = frames_per_day(first.nominal, drop=first.drop)
    length = Fraction((last.frames - first.frames) % day) / rate
    if essence.start is not None:
        offset = _nearest(Fraction(first.frames) / rate - essence.start, Fraction(day) / rate)
    elif entry.offset is not None:
        offset = entry.offset
    elif abs(length - essence.duration) <= _SAME_LENGTH:
        # The file does not know its timecode, but the log knows its length.
        offset = Fraction(0)
    else:
        offset = Fraction(first.frames) / rate
    start, end = max(Fraction(0), offset), min(essence.duration, offset + length)
    return (start, end) if start < end else None


def _rate_of(entry: LogEntry, essence: Essence) -> Fraction | None:
    """The log's rate only where it counts differently: it spells 24000/1001 as 23.98."""
    if entry.rate is None or essence.rate is None:
        return essence.rate or entry.rate
    same = nominal_rate(entry.rate) == nominal_rate(essence.rate)
    return essence.rate if same else entry.rate


def _nearest(offset: Fraction, day: Fraction) -> Fraction:
    """The offset on this side of midnight or on the other, whichever is nearer."""
    offset %= day
    return offset - day if offset > day / 2 else offset


def _within(segments: Sequence[Segment], essence: Essence) -> Iterable[Segment]:
    if not segments or essence.duration is None:
        return
    first = min(segment.start for segment in segments)
    shift = Fraction(0)
    if essence.start and first >= essence.duration and first >= essence.start:
        shift = essence.start  # the subtitles are timed by the programme's timecode
    for segment in segments:
        start, end = segment.start - shift, min(segment.end - shift, essence.duration)
        if 0 <= start < end:
            yield Segment(segment.kind, start, end, segment.text, segment.language)


def _agreed(entries: Sequence[Description]) -> Description:
    """What several lines say of one asset: a column where all agree, every value in metadata."""
    if len(entries) == 1:
        return entries[0]
    columns: dict[str, list[Any]] = {}
    for entry in entries:
        for key, value in entry.metadata.items():
            values = columns.setdefault(key, [])
            if value not in values:
                values.append(value)
    return Description(
        title=_only(entry.title for entry in entries),
        description=_only(entry.description for entry in entries),
        language=_only(entry.language for entry in entries),
        recorded=min((e.recorded for e in entries if e.recorded is not None), default=None),
        **_facts_of(lambda name: _only(getattr(entry, name) for entry in entries)),
        **_place_of(entries if len({(e.latitude, e.longitude) for e in entries}) == 1 else ()),
        tags=tuple(dict.fromkeys(tag for entry in entries for tag in entry.tags)),
        metadata={key: v[0] if len(v) == 1 else v for key, v in columns.items()},
    )


def _only(values: Iterable[str | None]) -> str | None:
    several = set(values)
    return several.pop() if len(several) == 1 else None


def merged(descriptions: Sequence[Description]) -> Description:
    """One description of several; in each column and under each key the first word wins."""
    metadata: dict[str, Any] = {}
    for each in descriptions:
        metadata = {**each.metadata, **metadata}
    return Description(
        title=next((d.title for d in descriptions if d.title), None),
        description=next((d.description for d in descriptions if d.description), None),
        language=next((d.language for d in descriptions if d.language), None),
        recorded=next((d.recorded for d in descriptions if d.recorded), None),
        **_facts_of(lambda n: next((v for d in descriptions if (v := getattr(d, n))), None)),
        **_place_of(descriptions),
        start_timecode=next((d.start_timecode for d in descriptions if d.start_timecode), None),
        tags=tuple(dict.fromkeys(tag for d in descriptions for tag in d.tags)),
        metadata=metadata,
    )


def _facts_of(value_of: Callable[[str], str | None]) -> dict[str, Any]:
    return {name: value_of(name) for name in SHARED_FACTS}


def _place_of(descriptions: Sequence[Description]) -> dict[str, Any]:
    """The place of the first that knows one."""
    known = next((d for d in descriptions if d.latitude is not None), Description())
    return {name: getattr(known, name) for name in PLACE}
