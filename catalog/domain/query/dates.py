"""Dates in filters: a date is the interval its precision leaves open.

``2024-01`` is all of January 2024, ``[2024-01-01, 2024-02-01)``. Everything is
UTC; a date-time may carry an offset.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import NamedTuple

from catalog.domain.query.mistakes import SpellingError
from catalog.domain.query.nodes import DateRange
from catalog.domain.query.scalars import split_comparison

_ISO = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.IGNORECASE,
)
_LAST = re.compile(r"([0-9]{1,4})([dw])")
# Four digits in UTC, with room for the end of the last year.
_EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_DAYS = {"d": 1, "w": 7}
_MONTHS = 12


class _Precision(IntEnum):
    """The last part of a date that was written, coarsest first."""

    YEAR = 0
    MONTH = 1
    DAY = 2
    HOUR = 3
    MINUTE = 4
    SECOND = 5
    MICROSECOND = 6


_STEPS = {
    _Precision.DAY: timedelta(days=1),
    _Precision.HOUR: timedelta(hours=1),
    _Precision.MINUTE: timedelta(minutes=1),
    _Precision.SECOND: timedelta(seconds=1),
    _Precision.MICROSECOND: timedelta(microseconds=1),
}


class _Interval(NamedTuple):
    start: datetime
    end: datetime
    relative: bool


def read_dates(text: str, now: datetime) -> DateRange:
    """A date, comparison or range; raises :class:`SpellingError`. ``now`` is aware, in UTC."""
    text = text.lower().replace(" ", "t")  # "2024-01-15 10:30" is as good as with a T
    last = _LAST.fullmatch(text)
    if last is not None:
        return _last_days(int(last[1]) * _DAYS[last[2]], now, text)
    operator, operand = split_comparison(text)
    if operator not in ("", "="):
        return _compared(operator, _read(operand, now), text)
    first, dots, final = operand.partition("..")
    if not dots:
        interval = _read(operand, now)
        return DateRange(interval.start, interval.end, operand if interval.relative else "")
    if operator:
        raise SpellingError
    return _between(first, final, now)


def _last_days(days: int, now: datetime, text: str) -> DateRange:
    """Today and the days before it, ``days`` in all: whole days, so that it holds still."""
    if not days:
        raise SpellingError("that is no days at all")
    today = _midnight(now)
    return DateRange(today - timedelta(days=days - 1), today + timedelta(days=1), text)


def _compared(operator: str, interval: _Interval, text: str) -> DateRange:
    relative = text if interval.relative else ""
    # Beside an interval: > is after all of it, >= is from its beginning.
    bound = interval.end if operator in (">", "<=") else interval.start
    if bound in (_EARLIEST, _LATEST):
        raise SpellingError("nothing lies beyond that")
    if operator.startswith(">"):
        return DateRange(bound, None, relative)
    return DateRange(None, bound, relative)


def _between(first: str, final: str, now: datetime) -> DateRange:
    if not first and not final:
        raise SpellingError("a range needs a date on one side of .. at least")
    begin = _read(first, now) if first else None
    finish = _read(final, now) if final else None
    if begin and finish and begin.start >= finish.end:
        raise SpellingError("the range ends before it begins")
    relative = any(part is not None and part.relative for part in (begin, finish))
    return DateRange(
        begin.start if begin else None,
        finish.end if finish else None,
        f"{first}..{final}" if relative else "",
    )


def _read(text: str, now: datetime) -> _Interval:
    """One date as its interval."""
    if text in ("today", "yesterday"):
        day = _midnight(now) - timedelta(days=text == "yesterday")
        return _Interval(day, day + timedelta(days=1), relative=True)
    if _LAST.fullmatch(text):
        raise SpellingError("the last days or weeks are a range already and stand alone")
    found = _ISO.fullmatch(text)
    if found is None:
        raise SpellingError
    *parts, offset = found.groups()
    precision = _Precision(sum(part is not None for part in parts) - 1)
    start = _instant(parts, offset)
    return _Interval(start, _step(start, precision, 1), relative=False)


def _instant(parts: list[str | None], offset: str | None) -> datetime:
    year, month, day, hour, minute, second = (int(part) if part else None for part in parts[:6])
    microsecond = int((parts[6] or "").ljust(6, "0"))
    try:
        local = datetime(
            year or 0,
            1 if month is None else month,
            1 if day is None else day,
            hour or 0,
            minute or 0,
            second or 0,
            microsecond,
            tzinfo=_zone(offset),
        )
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SpellingError("there is no such day or time") from error
    if not _EARLIEST <= moment < _LATEST:
        raise SpellingError(f"years go from {_EARLIEST.year} to {_LATEST.year - 1}")
    return moment


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in ("z", "Z"):
        return UTC
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-shift if offset[0] == "-" else shift)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _step(moment: datetime, precision: _Precision, count: int) -> datetime:
    """``moment``, which begins such a unit, moved by ``count`` of them."""
    if precision is _Precision.YEAR:
        return moment.replace(year=moment.year + count)
    if precision is _Precision.MONTH:
        months = moment.year * _MONTHS + moment.month - 1 + count
        return moment.replace(year=months // _MONTHS, month=months % _MONTHS + 1)
    return moment + count * _STEPS[precision]


# --- spelling ---------------------------------------------------------------------


def spell_dates(dates: DateRange) -> str:
    """The shortest text that reads back as ``dates``."""
    if dates.relative:
        return dates.relative
    start, end = dates.start, dates.end
    precision = max((_coarsest(moment) for moment in (start, end) if moment), default=None)
    if precision is None:
        raise ValueError("a range has a bound on one side at least")
    first = _spell(start, precision) if start else ""
    final = _spell(_step(end, precision, -1), precision) if end else ""
    return first if first == final else f"{first}..{final}"


def _coarsest(moment: datetime) -> _Precision:
    """The coarsest unit that begins at ``moment``."""
    if moment.microsecond:
        return _Precision.MICROSECOND
    parts = (moment.second, moment.minute, moment.hour, moment.day - 1, moment.month - 1)
    for steps, part in enumerate(parts):
        if part:
            return _Precision(_Precision.SECOND - steps)
    return _Precision.YEAR


def _spell(moment: datetime, precision: _Precision) -> str:
    date = f"{moment:%Y-%m-%d}"
    if precision <= _Precision.DAY:
        return date[: len("2024") + len("-01") * precision]
    clock = f"{moment:%H:%M:%S.%f}"
    if precision is _Precision.MICROSECOND:
        return f"{date}T{clock}"
    return f"{date}T{clock[: len(':00') * (precision - _Precision.DAY) - 1]}"
