"""What ``said:…`` asks: words, or a phrase, in the spoken lines alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, cast, exists, false, func, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, Clip
from catalog.domain.query import And, Field, Filter, Node, Or, TextMatch, Value


def phrase_query(text: str) -> ColumnElement[Any]:
    """The tsquery of words that stand together."""
    return func.catalog.phrase_query(text, type_=TSQUERY)


def words_query(text: str) -> ColumnElement[Any]:
    """The tsquery of all these words, in any of their forms; ``word*`` is the beginning of one."""
    return func.catalog.words_query(text, type_=TSQUERY)


def said(value: Value) -> ColumnElement[bool]:
    """Whether it is said over the shot, or, of an asset without shots, in one of its lines.

    A shot's own words are those of all lines over it, so a phrase may go on from one line to the
    next; where subclips are logged over it these are among them, and single lines decide.
    Both are found by the index of words, and once for the statement.
    """
    line, over, shot = aliased(Clip), aliased(Clip), aliased(Clip)
    query = _query(value)
    once = None if query is None else select(query).scalar_subquery()
    shots = select(shot.id).where(shot.kind == "shot", _has(shot, once))
    logged = exists().where(over.kind == "subclip", over.text.is_not(None), _during(over, shot))
    spoken = exists().where(over.kind == "speech", _has(over, once), _during(over, shot))
    return or_(
        func.coalesce(Clip.id.in_(shots.where(or_(~logged, spoken))), false()),
        and_(
            Clip.id.is_(None),
            Asset.id.in_(select(line.asset_id).where(line.kind == "speech", _has(line, once))),
        ),
    )


def _has(clip: type[Clip], query: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Whether a clip's words answer; without a query any words do."""
    return clip.words != cast("", TSVECTOR) if query is None else clip.words.bool_op("@@")(query)


def _during(one: type[Clip], other: type[Clip]) -> ColumnElement[bool]:
    return and_(
        one.asset_id == other.asset_id,
        one.start_pts < other.end_pts,
        one.end_pts > other.start_pts,
    )


def said_query(node: Node | None) -> ColumnElement[Any] | None:
    """The tsquery of all that the tree wants said, to show the line by; None if it is nothing."""
    queries: list[ColumnElement[Any]] = []
    for value in _wanted(node):
        query = _query(value)
        if query is not None:
            queries.append(query)
    while len(queries) > 1:  # pair by pair, as `catalog.store.filters` joins
        pairs = [queries[at : at + 2] for at in range(0, len(queries), 2)]
        queries = [p[0] if len(p) == 1 else p[0].op("||")(p[1]) for p in pairs]
    return queries[0] if queries else None


def _wanted(node: Node | None) -> tuple[Value, ...]:
    match node:
        case Filter(field=Field(name="said"), values=values):
            return values
        case And(nodes=nodes) | Or(nodes=nodes):
            return tuple(value for each in nodes for value in _wanted(each))
        case _:
            return ()


def _query(value: Value) -> ColumnElement[Any] | None:
    """A value's tsquery; None of ``*``, any words at all."""
    assert isinstance(value, TextMatch)  # noqa: S101  # the parser types each field's values
    if value.anything:
        return None
    if value.exact is None:
        return words_query(f"{value.parts[0]}*")
    # Of a phrase the words stand as they are typed; a word alone is found in any of its forms.
    phrase = len(value.exact.split()) > 1
    return phrase_query(value.exact) if phrase else words_query(value.exact)
