"""What a list by score has shown already, told by what its hits are ranked by.

A place, and so a score, hangs on everything else that is there: a hit that goes away moves all
behind it. What a ranking goes by, a cosine or the rank of words, is the hit's own. Whoever is
at least as good as a hit in everything comes before it, whatever else there is; so a page that
showed that one has shown this one too. What is on no better terms than any hit shown comes on a
later page. Therefore each hit that stays comes exactly once, whatever comes and goes meanwhile.
Which lines stand out hangs on all of them: the cursor keeps the floor of the first page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import lt
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

# A cursor has to go through a URL. Few lists have more hits of which none is better in everything
# than another; then the last ones count, and others may come again.
MOST = 100


@dataclass(frozen=True, slots=True)
class Passed:
    """A hit that was shown: what it is ranked by, the cosine first, and its numbers."""

    values: tuple[float | None, ...]
    """None where the ranking does not hold it: that is worse than any value."""
    asset_id: int
    clip_id: int


def passed_by(
    rows: Iterable[Any], names: Sequence[str], before: Iterable[Passed] = ()
) -> tuple[Passed, ...]:
    """What these rows and those ``before`` them tell: of the hits shown those beyond which none is.

    ``names`` are the columns that the rows are ranked by.
    """
    shown = [
        Passed(tuple(_number(getattr(row, name)) for name in names), row.asset_id, row.clip_id or 0)
        for row in rows
    ]
    last: list[_Placed] = []
    # The last is beaten by nearly all others, which so are looked at once.
    for hit in chain(reversed(shown), before):
        one = _placed(hit)
        if not any(_is_before(one, other) for other in last):
            last = [other for other in last if not _is_before(other, one)]
            last.append(one)
        if len(last) == MOST:
            break
    return tuple(one.hit for one in last)


def _number(value: Any) -> float | None:  # noqa: ANN401  # a column's
    return None if value is None else float(value)


class _Placed(NamedTuple):
    """A hit with what it is compared by."""

    hit: Passed
    places: list[float]
    """Its values in PostgreSQL's order, which has NaN above all numbers."""
    brought: bool
    """Whether words brought it."""


def _placed(hit: Passed) -> _Placed:
    places = [math.inf if math.isnan(value) else value for value in _or_least(hit.values)]
    return _Placed(hit, places, any(value is not None for value in hit.values[1:]))


def _is_before(one: _Placed, other: _Placed, *, apart: bool = True) -> bool:
    """Whether ``one`` comes before ``other``, or is the same; as `not_passed` has it in SQL.

    With ``apart`` it does on any list.
    """
    mine, its = one.places, other.places
    if any(map(lt, mine, its)) or (apart and one.brought != other.brought):
        return False
    if mine[0] != its[0]:
        return True
    hit, shown = one.hit, other.hit
    if shown.values[0] is None:
        return mine != its or (hit.asset_id, hit.clip_id) <= (shown.asset_id, shown.clip_id)
    return hit.asset_id <= shown.asset_id and hit.clip_id <= shown.clip_id


def _or_least(values: Sequence[float | None]) -> list[float]:
    return [-math.inf if value is None else value for value in values]


def not_passed(
    of: FromClause, values: Sequence[ColumnElement[Any]], *, apart: bool = False
) -> ColumnElement[bool]:
    """Which rows of ``of`` no page has shown; its parameters are those of `parameters`.

    ``values`` are what the rows are ranked by, as in `Passed`. ``apart``: places by cosine are
    estimated for hits that words brought, and so say nothing of the others, nor theirs of these.
    """
    names = _names(len(values))
    given: list[ColumnElement[Any]] = []
    for name in names:
        kind: Any = BigInteger() if name.endswith(("asset", "clip")) else Double()
        given.append(bindparam(f"after_{name}", [], type_=ARRAY(kind)))
    table = func.unnest(*given).table_valued(*names).render_derived(name="passed")
    its = [table.c[name] for name in names[: len(values)]]
    mine = [func.coalesce(value, _LEAST) for value in values]
    asset, clip = of.c.asset_id, func.coalesce(of.c.clip_id, 0)
    seen_asset, seen_clip = table.c.passed_asset, table.c.passed_clip
    # Those of one cosine have their places by it in the order of their clips.
    alike = and_(mine[0] == its[0], mine[0] > _LEAST, asset <= seen_asset, clip <= seen_clip)
    better = [a > b for a, b in zip(mine[1:], its[1:], strict=True)]
    without = and_(
        its[0] == _LEAST,
        or_(*better, tuple_(asset, clip) <= tuple_(seen_asset, seen_clip)),
    )
    before = [a >= b for a, b in zip(mine, its, strict=True)]
    if apart:
        before.append(_is_any(mine[1:]) == _is_any(its[1:]))
    seen = select(table).where(*before, or_(mine[0] > its[0], alike, without)).correlate(of)
    return not_(seen.exists())


def parameters(passed: Sequence[Passed]) -> dict[str, list[Any]]:
    """The values of the parameters of `not_passed`."""
    rows = ((*_or_least(one.values), one.asset_id, one.clip_id) for one in passed)
    columns = zip(*rows, strict=True)
    names = _names(len(passed[0].values)) if passed else []
    return {f"after_{name}": list(column) for name, column in zip(names, columns, strict=True)}


def _names(count: int) -> list[str]:
    return [*(f"passed_{n}" for n in range(count)), "passed_asset", "passed_clip"]


_LEAST: ColumnElement[float] = literal_column("'-Infinity'::float8", Double)


def _is_any(values: Sequence[ColumnElement[float]]) -> ColumnElement[bool]:
    return func.greatest(*values) > _LEAST
