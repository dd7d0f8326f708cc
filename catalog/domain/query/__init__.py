"""The query language: what stands in the query box, parsed to a tree.

``parse("storm collection:News -sport")`` gives a :class:`Query`; how it is
written is described in ``docs/query-language.md``, and every field in
:data:`FIELDS`.
"""

from catalog.domain.query.field import Field
from catalog.domain.query.field_types import FieldType, Op
from catalog.domain.query.fields import FIELDS, SORT, SOUND, WHOLE, find_field
from catalog.domain.query.mistakes import MAX_DEPTH, MAX_LENGTH, point_at
from catalog.domain.query.nodes import (
    And,
    Circle,
    DateRange,
    Filter,
    Node,
    Not,
    NumberRange,
    Or,
    Phrase,
    Span,
    TextMatch,
    Value,
    Words,
)
from catalog.domain.query.parser import Query, parse
from catalog.domain.query.terms import Term, terms

__all__ = [
    "FIELDS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "SORT",
    "SOUND",
    "WHOLE",
    "And",
    "Circle",
    "DateRange",
    "Field",
    "FieldType",
    "Filter",
    "Node",
    "Not",
    "NumberRange",
    "Op",
    "Or",
    "Phrase",
    "Query",
    "Span",
    "Term",
    "TextMatch",
    "Value",
    "Words",
    "find_field",
    "parse",
    "point_at",
    "terms",
]
