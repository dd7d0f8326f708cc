"""The values beside the results, each with the state it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.domain.facets import Facets, FacetValue
from catalog.web.pages import formats
from catalog.web.pages.asked import Asked
from catalog.web.pages.strings import STRINGS

FIELDS = ("collection", "recorded", "kind", "roll", "codec", "tag", "lang", "duration")
_OPEN = frozenset({"collection", "recorded", "kind", "roll", "tag"})
_TALL = 40


@dataclass(frozen=True, slots=True)
class Value:
    """One value: where asking for it leads, and whether it is asked for."""

    value: str
    label: str
    shots: str
    url: str
    active: bool
    height: int = 0


@dataclass(frozen=True, slots=True)
class Facet:
    """A field with its values; ``months`` are drawn, in the order of time."""

    name: str
    label: str
    open: bool
    values: Sequence[Value]
    months: Sequence[Value] = ()


def shown(found: Facets, asked: Asked) -> list[Facet]:
    """The facets that tell anything: those with a choice, or with what is asked for."""
    facets = []
    for name in FIELDS:
        values = [_value(name, each, asked) for each in found.values.get(name, ())]
        if len(values) < 2 and not any(value.active for value in values):
            continue
        label = STRINGS[f"facet_{name}"]
        # With the newest first, as the statement has them, they would run from right to left.
        months = _histogram(name, found, asked) if name == "recorded" else []
        few = values[:6] if months else values
        facets.append(Facet(name, label, name in _OPEN, few, months))
    return facets


def _value(name: str, each: FacetValue, asked: Asked, height: int = 0) -> Value:
    label = STRINGS.get(f"{name}_{each.value}", each.value)
    url = asked.filtered(each.filter).url()
    shots = formats.number(each.shots)
    return Value(each.value, label, shots, url, asked.has(each.filter), height)


def _histogram(name: str, found: Facets, asked: Asked) -> list[Any]:
    months = sorted(found.values[name], key=lambda each: each.value)
    most = max(each.shots for each in months)
    return [_value(name, each, asked, max(2, round(_TALL * each.shots / most))) for each in months]
