"""Facets: the values of a field with how often they occur, and the filter that asks for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.domain.query import Field, FieldType, Filter, TextMatch, find_field
from catalog.domain.query.filters import spell_filter
from catalog.domain.query.nodes import spell_key

# What people tell apart: a bite, a cutaway, a shot, a report, a programme, a film.
_DURATIONS = (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_DURATIONS_SPELT = ("5s", "10s", "30s", "1m", "2m", "5m", "10m", "30m", "1h", "2h")
_SIZES = tuple(10**power for power in range(5, 13))
_SIZES_SPELT = ("100kb", "1mb", "10mb", "100mb", "1gb", "10gb", "100gb", "1tb")


@dataclass(frozen=True, slots=True)
class FacetName:
    """What is counted: a field, ``meta.KEY``, or ``root`` and ``year``, which are parts of one."""

    text: str
    field: Field
    key: str = ""

    @classmethod
    def of(cls, text: str) -> FacetName | None:
        """The facet of that name or alias; None if there is none such."""
        name, _, key = text.partition(".")
        field = find_field({"root": "path", "year": "recorded"}.get(name.lower(), name))
        if field is None or (key and not field.keyed):
            return None
        if name.lower() in ("root", "year"):
            return cls(name.lower(), field)
        return cls(f"{field.name}.{key}" if key else field.name, field, key)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value: ``filter`` is what lets just these through, ``shots`` how many hits that are."""

    value: str
    assets: int
    shots: int
    filter: str

    def as_json(self) -> dict[str, Any]:
        """JSON form: ``value``, ``assets``, ``shots``, ``filter``."""
        return {
            "value": self.value,
            "assets": self.assets,
            "shots": self.shots,
            "filter": self.filter,
        }


@dataclass(frozen=True, slots=True)
class Facets:
    """The values of each facet; ``more`` names those that have further values."""

    query: str
    values: Mapping[str, Sequence[FacetValue]]
    more: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog facets --json`` prints it."""
        return {
            "query": self.query,
            "facets": {
                name: {
                    "values": [value.as_json() for value in values],
                    "more": name in self.more,
                }
                for name, values in self.values.items()
            },
        }


def buckets_of(field: Field) -> tuple[int, ...]:
    """The bounds between the buckets that a measure is counted in, in seconds or bytes."""
    return _DURATIONS if field.type is FieldType.DURATION else _SIZES


def facet_value(name: FacetName, value: str, assets: int, shots: int) -> FacetValue:
    """The value as people read it, with the filter that asks for it."""
    field = name.field
    if field.type in (FieldType.DURATION, FieldType.SIZE):
        spelt = _DURATIONS_SPELT if field.type is FieldType.DURATION else _SIZES_SPELT
        low = spelt[int(value) - 1] if int(value) else ""
        high = spelt[int(value)] if int(value) < len(spelt) else ""
        # A range includes both its ends: two comparisons do not.
        bounds = [f"{field.name}:>={low}"] * bool(low) + [f"{field.name}:<{high}"] * bool(high)
        return FacetValue(f"{low}..{high}", assets, shots, " ".join(bounds))
    if name.text == "meta":
        return FacetValue(value, assets, shots, f"meta.{spell_key(value)}:*")
    if field.type is FieldType.CHOICE:
        return FacetValue(value, assets, shots, f"{field.name}:{value.lower()}")
    if field.type in (FieldType.DATE, FieldType.INTEGER, FieldType.NUMBER, FieldType.LEVEL):
        return FacetValue(value, assets, shots, f"{field.name}:{value}")
    asked = Filter(field, (TextMatch((value,)),), name.key)
    return FacetValue(value, assets, shots, spell_filter(asked))
