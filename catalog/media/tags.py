"""Tags of containers and streams: cleaned, and the few that have a field of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from catalog.domain.timecode import is_timecode

_ONE_DIGIT = re.compile(r"\d\d:\d\d:\d\d[:;.,]\d", re.ASCII)
# Written by muxers about themselves; nobody searches for them.
_NOISE = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "vendor_id", "handler_name"}
    | {"language", "rotate"}
)
# QuickTime's and iTunes' dates have the place's own clock, and its offset.
_ZONED = ("com.apple.quicktime.creationdate", "recording_date")
_CREATION = (
    *_ZONED,
    "creation_time",
    "date_recorded",
    "record date",  # APE's
    "date",
    "modification_date",
)
# QuickTime counts from 1904, Unix from 1970; a date there means that nobody set the clock.
_FIRST_PLAUSIBLE_YEAR = 1971
# Nothing is filmed in the year 9999 either.
_LAST_PLAUSIBLE_YEAR = 2100
_FIRST_PICTURES = 1826
# Where clocks and spreadsheets begin to count.
_ZERO_DAYS = frozenset(
    date(*day) for day in ((1899, 12, 30), (1900, 1, 1), (1904, 1, 1), (1970, 1, 1))
)
_LYRICS = ("lyrics", "unsyncedlyrics", "unsynced lyrics", "uslt", "syncedlyrics", "\u00a9lyr")
_TIMED_WORDS = "syncedlyrics"
_TIMED_LINE = re.compile(r"^\s*\[\d{1,3}:\d", re.MULTILINE)
_LONGEST_TAG = 10_000
_LONGEST_NAME = 200
_MOST_TAGS = 500
# Old tags hold Windows-1252, read as Latin-1; letters there, C1 here. None of it may stay:
# terminals take U+009B for the beginning of a command.
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# UTF-8 that a tag calls Latin-1: every letter beyond ASCII is two to four of Latin-1's.
_TWICE = re.compile(r"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SURELY_TWICE = 3  # "NESCAF\u00c9\u00ae" has one by chance
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def clean_text(text: str) -> str:
    """A string PostgreSQL and JSON take: no NUL or other control characters, no lone surrogates.

    C1 characters become the letters that they are in Windows-1252; five are none, and go. Bytes
    that FFmpeg gave on, and that are no UTF-8 (``surrogateescape``), are taken for Windows-1252.
    """
    text = _CONTROL.sub("", _old_bytes(text[:_LONGEST_TAG]).translate(_C1))
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def _old_bytes(text: str) -> str:
    """Text whose undecoded bytes are letters: ID3v1, AVI and old WAV have Windows-1252 there."""
    if text.isascii() or not any("\udc80" <= each <= "\udcff" for each in text):
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    except UnicodeEncodeError:  # other half characters: no decoder's, but a hostile text
        return text


def _encoded_once(text: str) -> str:
    """A tag's text without the second encoding that it has where UTF-8 was called Latin-1."""
    found = _TWICE.findall(text)
    if not found or not (
        len(found) >= _SURELY_TWICE or all(each[0] in "\xc2\xc3" for each in found)
    ):
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:  # it has letters that Latin-1 lacks, or some that are not UTF-8
        return text


def clean_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags with cleaned names and values, without empty ones and muxers' own."""
    cleaned: dict[str, str] = {}
    for tag, text in tags.items():
        name, value = clean_text(tag[:_LONGEST_NAME]).lower(), clean_text(_encoded_once(text))
        if name and value and name not in _NOISE and len(cleaned) < _MOST_TAGS:
            cleaned.setdefault(name, value)
    return cleaned


def clean_json(value: Any) -> Any:  # noqa: ANN401  it makes JSON of anything
    """Any value of a decoder's as JSON: strings cleaned, numbers kept, bytes left out."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return {clean_text(str(name)): clean_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item) for item in value]
    return _clean_number(value)


def _clean_number(value: Any) -> Any:  # noqa: ANN401
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    # JSON has no NaN and no infinity.
    return number if number - number == 0 else None


def find_timecode(sources: Iterable[Mapping[str, str]]) -> str | None:
    """The first start timecode among tags, spelt as the file spells it."""
    for tags in sources:
        text = (tags.get("timecode") or tags.get("TIMECODE") or "").strip()
        # FFmpeg gives frames as many digits as the rate has: of 10 pictures a second, one.
        if _ONE_DIGIT.fullmatch(text):
            text = f"{text[:-1]}0{text[-1]}"
        if is_timecode(text):
            return text
    return None


def find_title(*sources: Mapping[str, str]) -> str | None:
    """The first title among cleaned tags."""
    for tags in sources:
        for name in ("title", "com.apple.quicktime.title", "inam"):
            if tags.get(name):
                return tags[name]
    return None


def find_recorded(*sources: Mapping[str, str]) -> tuple[datetime | None, str | None]:
    """When the material was recorded, in UTC, and a note where that was a guess.

    Parameters
    ----------
    *sources:
        Cleaned tags, the most telling first.

    Returns
    -------
    tuple
        An aware datetime in UTC or None, and ``"UTC assumed"`` or ``"day only"``
        where the tag names no offset or no time.
    """
    for tags in sources:
        for name in _CREATION:
            moment, note = parse_moment(_broadcast_wave(tags, name))
            if moment is not None:
                return moment, note
    return None, None


def _broadcast_wave(tags: Mapping[str, str], name: str) -> str:
    """The value of a tag, putting together what a BWF header keeps in two."""
    value, date = tags.get(name, ""), tags.get("date", "")
    if name == "creation_time" and _CLOCK.fullmatch(value) and _DATE.fullmatch(date):
        return f"{date}T{value}"
    return value


def parse_moment(text: str) -> tuple[datetime | None, str | None]:
    """An ISO 8601 moment in UTC, and a note if the text names no offset.

    A bare year or month is no moment; one before 1971 is a clock that was never set, unless it is
    a day alone, which people write, and one from 2100 on a clock that is broken.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None, None
    note = None
    if moment.tzinfo is None:
        note = "day only" if len(text.strip()) <= len("2024-05-01") else "UTC assumed"
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None, None
    plausible = _FIRST_PLAUSIBLE_YEAR <= moment.year < _LAST_PLAUSIBLE_YEAR
    old = note == "day only" and is_old_day(moment)
    return (moment, note) if plausible or old else (None, None)


def is_old_day(moment: datetime) -> bool:
    """Whether this is a day before 1971 that somebody wrote down, and not a clock's zero."""
    return (
        _FIRST_PICTURES <= moment.year < _FIRST_PLAUSIBLE_YEAR
        and moment.time() == time()
        and moment.date() not in _ZERO_DAYS
    )


def local_moment(*sources: Mapping[str, str]) -> str | None:
    """The moment of recording as the clock on the wall showed it, where a tag names its offset.

    ``recorded`` is UTC; who looks for evenings needs the place's own time.
    """
    return next((moment.isoformat() for tags in sources if (moment := zoned_moment(tags))), None)


def zoned_moment(tags: Mapping[str, str]) -> datetime | None:
    """The moment of recording that a tag names with its offset, which it keeps."""
    for name in _ZONED:
        text = tags.get(name, "").strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        if moment.tzinfo is not None and parse_moment(text)[0] is not None:
            return moment
    return None


def find_words(tags: Mapping[str, str]) -> str | None:
    """Embedded lyrics, whatever language their tag names (``lyrics-eng``).

    Where some are timed, they alone: players that know no times find the same words beside them.
    """
    names = sorted(name for name in tags if name.partition("-")[0] in _LYRICS)
    timed = [
        name
        for name in names
        if name.partition("-")[0] == _TIMED_WORDS and _TIMED_LINE.search(tags[name])
    ]
    names = timed or names
    return "\n\n".join(dict.fromkeys(tags[name] for name in names)) or None
