"""Every candidate's place in each ranking, one score of them all, and a page of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    true,
    tuple_,
    union,
)

from catalog.db.models import Asset, Clip
from catalog.domain.ordering import Weights
from catalog.store.search.keywords import Matches, keyword_ranks
from catalog.store.search.parts import (
    Cursor,
    SearchParts,
    is_ranked,
    is_sorted_by_score,
)
from catalog.store.sort_keys import after_key, sort_key

RRF_K = 60
# PostgreSQL refuses a quotient too small for a float; a weight like that counts nothing.
_TINY = 1e-200


@dataclass(frozen=True, slots=True)
class Wide:
    """What a wide search knows of the candidates it does not look at."""

    near: CTE
    """``asset_id, clip_id`` of the nearest clips."""
    background: CTE
    """``candidates, mean, spread``: about how many there are, and their cosines."""


def candidates(where: ColumnElement[bool], *, flagged: bool, name: str = "candidate") -> CTE:
    """Shots that pass the filters; an asset without shots stands for itself.

    So does one of flagged shots alone, unless these are asked for.
    """
    shot = and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
    return (
        select(Asset.id.label("asset_id"), Clip.id.label("clip_id"))
        .outerjoin(Clip, shot if flagged else and_(shot, Clip.flag.is_(None)))
        .where(Asset.kind.is_not(None), where)
        .cte(name)
    )


def pool(parts: SearchParts, near: CTE, matched: Matches | None) -> CTE:
    """For wide searches, in the place of all candidates: the near ones, and what the words match.

    The words' clips are among them wherever their pictures lie, so each has its cosine.
    """
    rows = select(near.c.asset_id, near.c.clip_id)
    if matched is None:
        return rows.cte("candidate")
    by_asset = candidates(
        and_(parts.where, Asset.id.in_(select(matched.named.c.asset_id))),
        flagged=parts.flagged,
        name="named_candidate",
    )
    by_clip = candidates(
        and_(parts.where, Clip.id.in_(select(matched.heard.c.clip_id))),
        flagged=parts.flagged,
        name="heard_candidate",
    )
    return union(rows, select(by_asset), select(by_clip)).cte("candidate")


def ranked_by_all(
    candidate: CTE, best: CTE | None, matched: Matches | None, wide: Wide | None
) -> CTE:
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
        if wide is not None:
            source = source.join(wide.background, true()).outerjoin(
                wide.near, wide.near.c.clip_id == candidate.c.clip_id
            )
        columns += _places_by_cosine(best, wide)
    if matched is None:
        columns.append(cast(null(), BigInteger).label("keyword_rank"))
    else:
        found = keyword_ranks(candidate, matched)
        # One key each, without null: else the planner could not hash the join.
        same = and_(
            found.c.asset_id == candidate.c.asset_id,
            found.c.clip_id == func.coalesce(candidate.c.clip_id, 0),
        )
        source = source.outerjoin(found, same)
        columns.append(found.c.keyword_rank)
    return select(*columns).select_from(source).cte("ranked")


def _places_by_cosine(best: CTE, wide: Wide | None) -> list[ColumnElement[Any]]:
    cosine = best.c.cosine
    place: ColumnElement[Any] = func.row_number().over(
        order_by=[cosine.desc().nulls_last(), best.c.clip_id]
    )
    mean: ColumnElement[Any] = func.avg(cosine).over()
    spread: ColumnElement[Any] = func.stddev_samp(cosine).over()
    if wide is not None:
        place = case(
            (wide.near.c.clip_id.is_not(None), place),
            else_=func.greatest(place, _place_among_all(cosine, wide.background)),
        )
        mean, spread = wide.background.c.mean, wide.background.c.spread
    return [
        cosine,
        case((cosine.is_not(None), place)).label("cosine_rank"),
        mean.label("background_mean"),
        spread.label("background_spread"),
    ]


def _place_among_all(cosine: ColumnElement[float], background: CTE) -> ColumnElement[int]:
    """Where a clip that only its words brought stands among all cosines, about.

    As many lie before it as a normal distribution of the background's mean and
    spread has above its cosine.
    """
    z = (cosine - background.c.mean) / func.nullif(background.c.spread, 0)
    before = background.c.candidates * 0.5 * func.erfc(z / literal(math.sqrt(2), Double))
    return cast(func.coalesce(before, 0), BigInteger)


def fused_scores(ranked: CTE, weights: Weights, *, relevant: bool) -> CTE:
    """One score per candidate; without any ranking, order is left to name and time."""
    score = sum(
        (
            func.coalesce(
                # In double precision: numeric division is many times slower.
                literal(weight if weight > _TINY else 0.0, Double) / cast(RRF_K + place, Double),
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
        key, descending = sort_key(parts.sort)
        named = isinstance(key.type, Text)
        order = [key.desc() if descending else key, fused.c.asset_id, clip]
        statement = select(
            fused,
            (key if named else cast(null(), Text)).label("name_key"),
            (cast(null(), Double) if named else key).label("number_key"),
        ).join(Asset, Asset.id == fused.c.asset_id)
        if parts.after is not None:
            statement = statement.where(
                after_key(
                    key,
                    (fused.c.asset_id, clip),
                    seen=parts.after.value(key.type),
                    seen_ids=parts.after.row,
                    descending=descending,
                )
            )
    if is_ranked(parts) and not parts.all:
        statement = statement.where(fused.c.relevant)
    return statement.order_by(*order).limit(parts.limit).cte("page")


def page_order(page: CTE, parts: SearchParts) -> list[ColumnElement[Any]]:
    """The order of the page's rows, but for the numbers of asset and clip."""
    if is_sorted_by_score(parts):
        return [page.c.score.desc()]
    key, descending = sort_key(parts.sort)
    column = page.c.name_key if isinstance(key.type, Text) else page.c.number_key
    return [column.desc() if descending else column]


def _after_score(fused: CTE, clip: ColumnElement[int], last: Cursor) -> ColumnElement[bool]:
    """What comes after the row the page before ended with, wherever that row stands by now.

    What was added meanwhile moves everybody's place, and so every score: the
    last row's is looked up again. The one it had counts if the row is gone.
    """
    seen = fused.alias("seen")
    asset, clip_seen = last.row
    now = select(seen.c.score).where(
        seen.c.asset_id == asset, func.coalesce(seen.c.clip_id, 0) == clip_seen
    )
    score = func.coalesce(now.scalar_subquery(), last.value(Double))
    return or_(
        fused.c.score < score,
        and_(
            fused.c.score == score,
            tuple_(fused.c.asset_id, clip) > tuple_(*last.row),
        ),
    )
