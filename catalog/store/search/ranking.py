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
from catalog.domain.ordering import Weights
from catalog.store.search.keywords import keyword_ranks
from catalog.store.search.parts import (
    Cursor,
    Keywords,
    SearchParts,
    is_ranked,
    is_sorted_by_score,
)

RRF_K = 60
# Beyond all dates in seconds and all durations; a number that JSON can carry.
_BEYOND = 1e15


def candidates(where: ColumnElement[bool], *, flagged: bool) -> CTE:
    """Shots that pass the filters; an asset without shots stands for itself.

    So does one of flagged shots alone, unless these are asked for.
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


def fused_scores(ranked: CTE, weights: Weights, *, relevant: bool) -> CTE:
    """One score per candidate; without any ranking, order is left to name and time."""
    score = sum(
        (
            func.coalesce(
                # In double precision: numeric division is many times slower.
                literal(weight, Double) / cast(RRF_K + place, Double),
                literal(0.0, Double),
            )
            for place, weight in (
                (ranked.c.cosine_rank, weights.meaning),
                (ranked.c.keyword_rank, weights.words),
            )
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
    """The rows of one page: those after the cursor, best first, or as they are sorted.

    Where nothing ranks they go by name. Those below the cutoff are none of any
    page, unless all are asked for.
    """
    clip = func.coalesce(fused.c.clip_id, 0)
    if is_sorted_by_score(parts):
        order = [fused.c.score.desc(), fused.c.asset_id, clip]
        statement = select(
            fused,
            cast(null(), Text).label("name_key"),
            fused.c.score.label("number_key"),
        )
        if parts.after is not None:
            statement = statement.where(_after_score(fused, clip, parts.after))
    else:
        key, descending = _sort_key(parts)
        named = isinstance(key.type, Text)
        order = [key.desc() if descending else key, fused.c.asset_id, clip]
        statement = select(
            fused,
            (key if named else cast(null(), Text)).label("name_key"),
            (cast(null(), Double) if named else key).label("number_key"),
        ).join(Asset, Asset.id == fused.c.asset_id)
        if parts.after is not None:
            statement = statement.where(_after_key(key, fused, clip, parts.after, descending))
    if is_ranked(parts) and not parts.all:
        statement = statement.where(fused.c.relevant)
    return statement.order_by(*order).limit(parts.limit).cte("page")


def page_order(page: CTE, parts: SearchParts) -> list[ColumnElement[Any]]:
    """The order of the page's rows, but for the numbers of asset and clip."""
    if is_sorted_by_score(parts):
        return [page.c.score.desc()]
    key, descending = _sort_key(parts)
    column = page.c.name_key if isinstance(key.type, Text) else page.c.number_key
    return [column.desc() if descending else column]


def _sort_key(parts: SearchParts) -> tuple[ColumnElement[Any], bool]:
    """What hits are sorted by if not by score, and whether downwards; never null."""
    by, descending = (
        ("name", False) if parts.sort is None else (parts.sort.by, parts.sort.descending)
    )
    if by in ("name", "relevance"):  # without any ranking nothing is more relevant
        return cast(func.lower(Asset.name), Text), descending and by == "name"
    number = Asset.duration if by == "duration" else func.extract("epoch", Asset.recorded)
    # What has none comes last, whichever way they go.
    last = literal(-_BEYOND if descending else _BEYOND, Double)
    return func.coalesce(cast(number, Double), last, type_=Double), descending


def _after_key(
    key: ColumnElement[Any],
    fused: CTE,
    clip: ColumnElement[int],
    last: Cursor,
    descending: bool,
) -> ColumnElement[bool]:
    seen = literal(last.key, key.type)
    return or_(
        key < seen if descending else key > seen,
        and_(
            key == seen,
            tuple_(fused.c.asset_id, clip)
            > tuple_(literal(last.asset_id, BigInteger), literal(last.clip_id, BigInteger)),
        ),
    )


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
