"""Keywords: what is written, said or logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, Clip
from catalog.store.search.parts import Keywords, SearchParts


@dataclass(frozen=True, slots=True)
class Matches:
    """What the words match, before any filter: assets as a whole, and single shots."""

    named: CTE
    """``asset_id, rank``"""
    heard: CTE
    """``clip_id, rank``"""


def matches(keywords: Keywords) -> Matches:
    """Assets and shots whose words match, with their cover density.

    An asset's words speak for all its shots; what is said or logged over a shot
    speaks for that shot, which so comes before the asset's others.
    """
    named = (
        select(Asset.id.label("asset_id"), func.ts_rank_cd(Asset.words, keywords.all).label("rank"))
        .where(Asset.words.bool_op("@@")(keywords.all))
        .cte("named")
    )
    # A query may be answered half by the asset's name and half by what is said: so any
    # of its words finds the clip by the index, and all of them must be in the two together.
    both = Asset.words.concat(Clip.words)
    heard = (
        select(Clip.id.label("clip_id"), func.ts_rank_cd(both, keywords.all).label("rank"))
        .join(Asset, Asset.id == Clip.asset_id)
        .where(
            Clip.kind == "shot",
            Clip.words.bool_op("@@")(keywords.any),
            both.bool_op("@@")(keywords.all),
        )
        .cte("heard")
    )
    return Matches(named, heard)


def words_rank(keywords: Keywords) -> tuple[FromClause, ColumnElement[Any]]:
    """The same of one candidate, of its asset's row and its shot's; NULL where none match.

    For few candidates, whose rows are at hand: no index is asked which others there are. The
    first is to be joined to the asset: its words, which may be long, are read once for all shots.
    """
    named = Asset.words.bool_op("@@")(keywords.all)
    rank = case((named, func.ts_rank_cd(Asset.words, keywords.all)))
    # With an offset it stays a table of its own.
    once = select(rank.label("rank")).correlate(Asset).offset(literal_column("0")).lateral("named")
    both = Asset.words.concat(Clip.words)
    heard = and_(Clip.words.bool_op("@@")(keywords.any), both.bool_op("@@")(keywords.all))
    return once, case((heard, func.ts_rank_cd(both, keywords.all)), else_=once.c.rank)


def joined_rank(source: Any, of: CTE, matched: Matches) -> tuple[Any, ColumnElement[Any]]:  # noqa: ANN401  # a join
    """The source with what matches the words beside it, and the rank of each row of ``of``."""
    named, heard = matched.named, matched.heard
    joined = source.outerjoin(named, named.c.asset_id == of.c.asset_id).outerjoin(
        heard, heard.c.clip_id == of.c.clip_id
    )
    return joined, func.coalesce(heard.c.rank, named.c.rank)


def place_by(rank: ColumnElement[Any]) -> ColumnElement[int]:
    """The place among those whose words match, best first; those alike share a place."""
    place: ColumnElement[int] = func.dense_rank().over(order_by=rank.desc().nulls_last())
    return case((rank.is_not(None), place))


def spoken_clip(page: CTE, parts: SearchParts) -> ColumnElement[Any]:
    """Of an asset without shots, what is said or logged that answers best: where to listen."""
    if parts.keywords is None:
        return cast(null(), BigInteger)
    spoken = aliased(Clip)
    return (
        select(spoken.id)
        .where(
            spoken.asset_id == page.c.asset_id,
            spoken.words.bool_op("@@")(parts.keywords.any),
        )
        .order_by(func.ts_rank_cd(spoken.words, parts.keywords.any).desc(), spoken.start_pts)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )
