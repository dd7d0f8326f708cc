"""A query's tree as SQL conditions over assets and their clips.

Free words never exclude anything: they rank. Everything else in the tree
(filters, exact phrases, what is negated) decides what may be found at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Exists,
    and_,
    any_,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, Clip
from catalog.domain.media import FLAGS
from catalog.domain.query import (
    And,
    FieldType,
    Filter,
    Node,
    Not,
    Or,
    Phrase,
    TextMatch,
    Words,
)
from catalog.store.filter_fields import (
    COLUMNS,
    SPECIAL,
    Condition,
    compare,
    lowered,
    matches,
    metadata_value,
    spellings,
    text_of,
)
from catalog.store.said import phrase_query, words_query

# The planner makes a semi-join of an EXISTS or IN that stands alone, and weighs all orders of them:
# of twenty for seconds, of two hundred for more than nine minutes. It is left so many.
_MOST_SEMI_JOINS = 4


def condition(node: Node | None, *, words_exclude: bool = False) -> Condition:
    """Which assets and clips the tree lets through.

    ``words_exclude`` has free words decide as well: below a ``-``, and in lists
    that have no ranking.
    """
    return _condition(node, words_exclude, count())


def _condition(node: Node | None, words_exclude: bool, before: Iterator[int]) -> Condition:
    """`condition`; ``before`` counts what would be semi-joins."""
    match node:
        case None:
            return true()
        case Words(text=text):
            if not words_exclude:
                return true()
            return _looked_up(_in_words(words_query(text)), before)
        case Phrase(text=text):
            return _looked_up(_in_words(phrase_query(text)), before)
        case Not(node=inner):
            # A missing value is not the value: three-valued logic would lose it.
            return not_(func.coalesce(_condition(inner, True, before), false()))
        case And(nodes=nodes):
            return and_(*(_condition(each, words_exclude, before) for each in _unlike(nodes)))
        case Or(nodes=nodes):
            return or_(*(_condition(each, words_exclude, before) for each in _unlike(nodes)))
        case Filter():
            found = _filter(node)
            return _looked_up(found, before) if isinstance(found, Exists) else found


def _looked_up(found: Condition, before: Iterator[int]) -> Condition:
    """The condition; after some it is asked of each row that passes the others, and is no join."""
    return found if next(before) < _MOST_SEMI_JOINS else func.coalesce(found, false())


def _unlike(nodes: tuple[Node, ...]) -> Iterable[Node]:
    """The nodes, each once: what is said again asks for nothing more."""
    return dict.fromkeys(nodes)


def _in_words(query: ColumnElement[Any]) -> Condition:
    """In the asset's words, or in what is said or logged over the shot.

    Assets and shots are found first, by their indexes; a comparison per row would read them all.
    So would either of two conditions, of which one is of assets and one of shots: hence the assets
    of both before it.
    """
    named, heard = aliased(Asset), aliased(Clip)
    # Of a subquery it is read once; a plan for any value would read it again for every row.
    once = select(query).scalar_subquery()
    in_shots = (heard.kind == "shot", heard.words.bool_op("@@")(once))
    assets = union_all(
        select(named.id).where(named.words.bool_op("@@")(once)),
        select(heard.asset_id).where(*in_shots),
    )
    found = func.coalesce(Clip.id.in_(select(heard.id).where(*in_shots)), false())
    return and_(Asset.id.in_(assets), or_(Asset.words.bool_op("@@")(once), found))


def asks_for_flagged(node: Node | None) -> bool:
    """Whether the tree wants shots that are left out unless they are asked for."""
    return any(
        each.field.name in ("is", "has") and any(v in (*FLAGS, "flag") for v in each.values)
        for each in _wanted(node)
    )


def _wanted(node: Node | None, *, negated: bool = False) -> Iterator[Filter]:
    """The filters that ask for something: not those below a ``-``, unless below another."""
    match node:
        case Filter():
            if not negated:
                yield node
        case Not(node=inner):
            yield from _wanted(inner, negated=not negated)
        case And(nodes=nodes) | Or(nodes=nodes):
            for each in nodes:
                yield from _wanted(each, negated=negated)
        case _:
            return


def versions_wanted(node: Node | None) -> Condition:
    """Former versions are left out, unless the tree asks for them, or for what has no file."""
    return true() if asks_for_former(node) else Asset.superseded_by.is_(None)


def asks_for_former(node: Node | None) -> bool:
    """Whether the tree wants former versions, which are left out unless they are asked for."""
    return any(map(_asks_for_former, _wanted(node)))


def _asks_for_former(node: Filter) -> bool:
    if node.field.name == "is":
        return any(value in ("superseded", "missing") for value in node.values)
    return node.field.name == "id"


def keyword_query(node: Node | None) -> ColumnElement[Any] | None:
    """The tsquery of the tree's words and phrases, to rank by; None without any."""
    match node:
        case Words(text=text):
            return words_query(text)
        case Phrase(text=text):
            return phrase_query(text)
        case And(nodes=nodes):
            return _joined(nodes, "&&")
        case Or(nodes=nodes):
            return _joined(nodes, "||")
        case _:
            return None


def _joined(nodes: tuple[Node, ...], operator: str) -> ColumnElement[Any] | None:
    # Ranking takes memory by the square of what is said again.
    parts = [part for part in map(keyword_query, _unlike(nodes)) if part is not None]
    if not parts:
        return None
    # Pair by pair: a chain of hundreds would nest deeper than Python recurses.
    while len(parts) > 1:
        pairs = [parts[at : at + 2] for at in range(0, len(parts), 2)]
        parts = [p[0] if len(p) == 1 else p[0].op(operator)(p[1]) for p in pairs]
    return parts[0]


def _filter(node: Filter) -> Condition:
    if node.field.keyed:
        return or_(*(matches(metadata_value(node.key), text_of(value)) for value in node.values))
    build = SPECIAL.get(node.field.name)
    if build is not None:
        return or_(*(build(value) for value in node.values))
    column = COLUMNS[node.field.name]
    exact = [value.exact for value in node.values if isinstance(value, TextMatch) and value.exact]
    if 1 < len(exact) == len(node.values) and node.field.type is not FieldType.LANGUAGE:
        return func.lower(column) == any_(lowered([s for each in exact for s in spellings(each)]))
    return or_(*(compare(node.field, column, value) for value in node.values))
