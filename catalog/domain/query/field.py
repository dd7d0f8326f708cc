"""What a field of a query is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from catalog.domain.query.field_types import FieldType, Op


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to filter by.

    Attributes
    ----------
    name, aliases:
        How it is written before the colon; the name is the canonical one.
    type:
        How its values are written.
    about:
        One line of help.
    example:
        A complete filter that parses.
    choices:
        The values of a ``CHOICE``, spelled as the catalogue stores them.
    synonyms:
        Lower-case spellings people use, and what each stands for.
    slack:
        A single number ``x`` means ``[x - slack, x + slack)``: nobody who
        writes ``duration:30s`` means 30.000 seconds. 0 compares exactly.
        For ``SIZE`` it is a share of ``x``.
    keyed:
        Whether it is written ``name.KEY:value``.
    suggests:
        Whether its values are worth completing from the data.
    """

    name: str
    type: FieldType
    about: str
    example: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    slack: float = 0.0
    keyed: bool = False
    suggests: bool = False

    @property
    def op(self) -> Op:
        """How its values are compared."""
        return self.type.op

    @property
    def expected(self) -> str:
        """What its values look like, for help and messages."""
        return "one of " + ", ".join(self.choices).lower() if self.choices else self.type.expected
