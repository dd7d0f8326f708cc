"""What a query is made of: plain, frozen values.

Every node knows the characters it was read from, ``[start, end)`` of the
query's text; two nodes that say the same are equal wherever they stood.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from catalog.domain.query.characters import enquote
from catalog.domain.query.field import Field
from catalog.domain.query.field_types import Op


class Span(NamedTuple):
    """Characters ``[start, end)`` of the query's text, counted from 0."""

    start: int
    end: int


NOWHERE = Span(0, 0)
_PLAIN_KEY = re.compile(r"[\w-]+(?:\.[\w-]+)*")


# --- the values of filters ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A text to compare with, ignoring case.

    ``parts`` are the literal texts between wildcards: ``("news",)`` is exactly
    *news*; ``("news", "")`` is ``news*``; ``("", "")`` is ``*``, any text at all.
    """

    parts: tuple[str, ...]

    @property
    def exact(self) -> str | None:
        """The whole text, or None when there are wildcards."""
        return self.parts[0] if len(self.parts) == 1 else None

    @property
    def anything(self) -> bool:
        """Whether it is a lone ``*``, which any value answers but no value does not."""
        return not any(self.parts)

    def like(self, escape: str = "\\") -> str:
        """The pattern for SQL's ``LIKE … ESCAPE escape``; compare in one case."""
        literal = (
            part.replace(escape, escape * 2).replace("%", escape + "%").replace("_", escape + "_")
            for part in self.parts
        )
        return "%".join(literal)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers between ``low`` and ``high``; None is no bound on that side.

    Whole numbers (and bytes) are ``int``, others ``float``; durations are
    seconds. ``single`` is the number written when it was one alone: the bounds
    then include the field's slack around it.
    """

    low: float | None
    high: float | None
    includes_low: bool = True
    includes_high: bool = True
    single: float | None = None


@dataclass(frozen=True, slots=True)
class DateRange:
    """Instants ``[start, end)``, aware and in UTC; None is no bound on that side.

    ``relative`` keeps what was written when it depends on the day it is read
    (``7d``, ``..yesterday``), so that the text of a query goes on meaning that.
    """

    start: datetime | None
    end: datetime | None
    relative: str = ""


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within ``radius`` metres of a point in degrees, north and east positive."""

    latitude: float
    longitude: float
    radius: float


Value: TypeAlias = TextMatch | str | NumberRange | DateRange | Circle


# --- the tree -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """A run of free words, one space between them: searched by meaning and as keywords."""

    text: str
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand together in the keyword text."""

    text: str
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """``field:values``: true where any of ``values`` matches.

    All values are of the one type that ``op`` goes with; ``key`` is the KEY of
    ``meta.KEY``, empty for every other field.
    """

    field: Field
    values: tuple[Value, ...]
    key: str = ""
    span: Span = dataclasses.field(default=NOWHERE, compare=False)

    @property
    def op(self) -> Op:
        """How the values are compared."""
        return self.field.op

    @property
    def name(self) -> str:
        """The canonical text before the colon."""
        return f"{self.field.name}.{spell_key(self.key)}" if self.key else self.field.name


def spell_key(key: str) -> str:
    """A key of metadata as it stands in a filter: in quotes, where it is no plain word."""
    return key if _PLAIN_KEY.fullmatch(key) else enquote(key)


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be."""

    node: Node
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more nodes, none of them an ``And``, no two ``Words`` side by side."""

    nodes: tuple[Node, ...]
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more nodes, none of them an ``Or``."""

    nodes: tuple[Node, ...]
    span: Span = dataclasses.field(default=NOWHERE, compare=False)


Leaf: TypeAlias = Words | Phrase | Filter
Node: TypeAlias = Leaf | Not | And | Or


def leaves(node: Node, *, negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Every leaf below ``node`` in the order written, and whether it stands under a ``Not``."""
    match node:
        case Not(node=inner):
            yield from leaves(inner, negated=True)
        case And(nodes=nodes) | Or(nodes=nodes):
            for each in nodes:
                yield from leaves(each, negated=negated)
        case leaf:
            yield leaf, negated
