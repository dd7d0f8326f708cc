"""Every candidate's place in each ranking, one score of them all, and a page of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
)

from catalog.db.models import Asset, Clip
from catalog.store.search.keywords import keyword_ranks
from catalog.store.search.parts import Cursor, Keywords, SearchParts, is_ranked

RRF_K = 60


def candidates(where: ColumnElement[bool], *, flagged: bool) -> CTE:
    """Shots that pass the filters; an asset without shots stands for itself.

    So does one of black or bars alone, unless these are asked for.
    """
    shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
    return (
        select(Asset.id.label("asset_id"), Clip.id.label("clip_id"))
        .outerjoin(Clip, shot if flagged else and_(shot, Clip.flag.is_(None)))
        .where(Asset.kind.is_not(None), where)
        .cte("candidate")
    )


def ranked_by_all(candidate: CTE, best: CTE | None, keywords: Keywords | None) -> CTE:
    """Each candidate's place in each ranking; NULL where the ranking does not hold it."""
    columns: list[ColumnElement[Any]] = [candidate.c.asset_id, candidate.c.clip_id]
    source: Any = candidate
    if best is None:
        columns += [
            cast(null(), Double).label("cosine"),
            cast(null(), BigInteger).label("cosine_rank"),
            cast(null(), Double).label("background_mean"),
            cast(null(), Double).label("background_spread"),
        ]
    else:
        source = source.outerjoin(best, best.c.clip_id == candidate.c.clip_id)
        place = func.row_number().over(order_by=[best.c.cosine.desc().nulls_last(), best.c.clip_id])
        columns += [
            best.c.cosine,
            case((best.c.cosine.is_not(None), place)).label("cosine_rank"),
            func.avg(best.c.cosine).over().label("background_mean"),
            func.stddev_samp(best.c.cosine).over().label("background_spread"),
        ]
    if keywords is None:
        columns.append(cast(null(), BigInteger).label("keyword_rank"))
    else:
        found = keyword_ranks(candidate, keywords)
        # One key each, without null: else the planner could not hash the join.
        same = and_(
            found.c.asset_id == candidate.c.asset_id,
            found.c.clip_id == func.coalesce(candidate.c.clip_id, 0),
        )
        source = source.outerjoin(found, same)
        columns.append(found.c.keyword_rank)
    return select(*columns).select_from(source).cte("ranked")


def fused_scores(ranked: CTE, *, relevant: bool) -> CTE:
    """One score per candidate; without any ranking, order is left to name and time."""
    score = sum(
        (
            func.coalesce(
                # In double precision: numeric division is many times slower.
                literal(1.0, Double) / cast(RRF_K + place, Double),
                literal(0.0, Double),
            )
            for place in (ranked.c.cosine_rank, ranked.c.keyword_rank)
        ),
        start=literal(0.0, Double),
    )
    statement = select(ranked, cast(score, Double).label("score"))
    if relevant:
        statement = statement.where(
            or_(ranked.c.cosine_rank.is_not(None), ranked.c.keyword_rank.is_not(None))
        )
    return statement.cte("fused")


def page_of(fused: CTE, parts: SearchParts) -> CTE:
    """The rows of one page: those after the cursor, best first, or by name where nothing ranks.

    Those below the cutoff are none of any page, unless all are asked for.
    """
    clip = func.coalesce(fused.c.clip_id, 0)
    if is_ranked(parts):
        order = [fused.c.score.desc(), fused.c.asset_id, clip]
        statement = select(fused, cast(null(), Text).label("name_key"))
        if not parts.all:
            statement = statement.where(fused.c.relevant)
        if parts.after is not None:
            statement = statement.where(_after_score(fused, clip, parts.after))
    else:
        name = func.lower(Asset.name)
        order = [name, fused.c.asset_id, clip]
        statement = select(fused, name.label("name_key")).join(Asset, Asset.id == fused.c.asset_id)
        if parts.after is not None:
            last = parts.after
            statement = statement.where(
                tuple_(name, fused.c.asset_id, clip)
                > tuple_(literal(last.key), literal(last.asset_id), literal(last.clip_id))
            )
    return statement.order_by(*order).limit(parts.limit).cte("page")


def _after_score(fused: CTE, clip: ColumnElement[int], last: Cursor) -> ColumnElement[bool]:
    score = literal(last.key, Double)
    return or_(
        fused.c.score < score,
        and_(
            fused.c.score == score,
            tuple_(fused.c.asset_id, clip)
            > tuple_(literal(last.asset_id, BigInteger), literal(last.clip_id, BigInteger)),
        ),
    )
