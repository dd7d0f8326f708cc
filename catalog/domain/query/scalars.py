"""Numbers, durations and sizes: read from a filter's text, and spelled again.

Reading is exact (decimal), and only then becomes a float, so that what is
spelled reads back as the very same number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from catalog.domain.query.field import Field
from catalog.domain.query.field_types import FieldType
from catalog.domain.query.mistakes import SpellingError
from catalog.domain.query.nodes import NumberRange

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_FRACTION = re.compile(r"([0-9]{1,9})/([1-9][0-9]{0,8})")
_DURATION = re.compile(
    rf"(?:({_NUMBER})h(?:rs?)?)?(?:({_NUMBER})m(?:ins?)?)?(?:({_NUMBER})s(?:ecs?)?)?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?:([0-9]{1,4}):(?=[0-5]?[0-9]:))?([0-9]{1,4}):([0-5][0-9](?:\.[0-9]{1,6})?)")
_SIZE = re.compile(rf"({_NUMBER}|[0-9]{{1,19}})([kmgt]?i?b|[kmgt])?", re.IGNORECASE)
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_MICRO = Decimal("0.000001")
_MINUTE, _HOUR = 60, 3600
_LONGEST = 10**9  # seconds: 31 years
_MOST_BYTES = 2**63 - 1  # what PostgreSQL's bigint holds
_UNITS = {
    "tib": 2**40,
    "gib": 2**30,
    "mib": 2**20,
    "kib": 2**10,
    "tb": 10**12,
    "gb": 10**9,
    "mb": 10**6,
    "kb": 10**3,
}


def split_comparison(text: str) -> tuple[str, str]:
    """``">=5"`` as (``">="``, ``"5"``); the operator is empty when there is none."""
    found = _COMPARISON.fullmatch(text)
    if found is None:  # the pattern matches any text; this is for the type checker
        raise SpellingError
    return found[1] or "", found[2]


def read_numbers(entry: Field, text: str) -> NumberRange:
    """A number, comparison or range as the field spells it; raises :class:`SpellingError`."""
    read = _READERS[entry.type]
    operator, operand = split_comparison(text)
    if operator in ("", "=") and ".." not in operand:
        return _single(entry, read(operand))
    if not operator:
        return _span(*(read(end) if end else None for end in operand.split("..", 1)))
    bound = read(operand)
    inclusive = operator.endswith("=")
    if operator.startswith(">"):
        return NumberRange(bound, None, includes_low=inclusive)
    return NumberRange(None, bound, includes_high=inclusive)


def spell_numbers(entry: Field, numbers: NumberRange) -> str:
    """The text that reads back as ``numbers``."""
    spell = _SPELLERS[entry.type]
    if numbers.single is not None:
        return spell(numbers.single)
    if numbers.low is None and numbers.high is not None:
        return ("<=" if numbers.includes_high else "<") + spell(numbers.high)
    if numbers.high is None and numbers.low is not None:
        return (">=" if numbers.includes_low else ">") + spell(numbers.low)
    if numbers.low is None or numbers.high is None:
        raise ValueError("a range has a bound on one side at least")
    return f"{spell(numbers.low)}..{spell(numbers.high)}"


def _single(entry: Field, number: float) -> NumberRange:
    if not entry.slack:
        return NumberRange(number, number, single=number)
    slack: float = round(number * entry.slack) if entry.type is FieldType.SIZE else entry.slack
    if not slack:  # a few bytes: a share of them is less than one
        return NumberRange(number, number, single=number)
    return NumberRange(number - slack, number + slack, includes_high=False, single=number)


def _span(low: float | None, high: float | None) -> NumberRange:
    if low is None and high is None:
        raise SpellingError("a range needs a value on one side of .. at least")
    if low is not None and high is not None and low > high:
        raise SpellingError("the range ends before it begins")
    return NumberRange(low, high)


# --- reading one value ----------------------------------------------------------


def _read_integer(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise SpellingError
    return int(text)


def _read_number(text: str) -> float:
    fraction = _FRACTION.fullmatch(text)
    if fraction is not None:  # as it is spelled: 30000/1001 is 29.97003
        return float((Decimal(fraction[1]) / Decimal(fraction[2])).quantize(_MICRO))
    if not re.fullmatch(_NUMBER, text):
        raise SpellingError
    return float(text)


def _read_level(text: str) -> float:
    if not re.fullmatch(rf"[-−]?{_NUMBER}", text):
        raise SpellingError
    return float(text.replace("−", "-"))


def _read_duration(text: str) -> float:
    if re.fullmatch(_NUMBER, text):
        return float(text)
    found = _CLOCK.fullmatch(text) or _DURATION.fullmatch(text)
    if not text or found is None:
        raise SpellingError
    hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
    total = hours * _HOUR + minutes * _MINUTE + seconds
    if total > _LONGEST:
        raise SpellingError("nothing runs that long")
    return float(total)


def _read_size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise SpellingError
    unit = (found[2] or "b").lower()
    factor = 1 if unit == "b" else _UNITS.get(unit) or _UNITS.get(unit + "b")
    if factor is None:
        raise SpellingError
    size = round(Decimal(found[1]) * factor)
    if size > _MOST_BYTES:
        raise SpellingError("no file is that large")
    return size


# --- spelling one value ---------------------------------------------------------


def _spell_number(number: float) -> str:
    if isinstance(number, int):
        return str(number)
    return f"{Decimal(number).quantize(_MICRO):f}".rstrip("0").rstrip(".")


def _spell_duration(seconds: float) -> str:
    whole, fraction = divmod(Decimal(seconds).quantize(_MICRO), 1)
    minutes, rest = divmod(int(whole), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    if rest or fraction or not text:
        text += _spell_number(float(rest + fraction)) + "s"
    return text


def _spell_size(size: float) -> str:
    """The shortest of all exact spellings, such as 1.5gb, 1gib or plain bytes."""
    exact = [str(size)]
    for unit, factor in _UNITS.items():
        number = (Decimal(size) / factor).quantize(_MICRO)
        if number * factor == size:
            text = f"{number:f}".rstrip("0").rstrip(".") + unit
            exact.append(text)
    return min((text for text in exact if _SIZE.fullmatch(text)), key=len)


_READERS: dict[FieldType, Callable[[str], float]] = {
    FieldType.INTEGER: _read_integer,
    FieldType.NUMBER: _read_number,
    FieldType.LEVEL: _read_level,
    FieldType.DURATION: _read_duration,
    FieldType.SIZE: _read_size,
}
_SPELLERS: dict[FieldType, Callable[[float], str]] = {
    FieldType.INTEGER: _spell_number,
    FieldType.NUMBER: _spell_number,
    FieldType.LEVEL: _spell_number,
    FieldType.DURATION: _spell_duration,
    FieldType.SIZE: _spell_size,
}
