"""The search statement: filters, keywords and meaning in one SELECT.

Reciprocal rank fusion after Cormack, Clarke and Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet and individual rank learning methods", SIGIR 2009:
a clip's score is the sum, over the rankings that hold it, of 1 / (60 + rank).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from catalog.db.models import Asset, Clip, Embedding, Frame, Location, Root
from catalog.db.vectors import HALFVEC

RRF_K = 60

Row = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the picture should show: a unit vector ``(dimension,)`` of one encoder."""

    encoder_id: int
    vector: np.ndarray


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: its place, and the values the order goes by."""

    rank: int
    key: float | str
    asset_id: int
    clip_id: int


@dataclass(frozen=True, slots=True)
class Keywords:
    """The query's words as tsqueries: ``all`` of them as it joins them, ``any`` one of them."""

    all: ColumnElement[Any]
    any: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class SearchParts:
    """What the query compiles to, before it is one statement.

    ``where`` keeps assets and clips; ``keywords`` rank and exclude nothing;
    ``meaning`` orders by cosine. Each may be missing.
    """

    where: ColumnElement[bool]
    keywords: Keywords | None
    meaning: Meaning | None
    limit: int
    after: Cursor | None = None
    flagged: bool = False
    """Whether shots of black and bars are looked at too."""


def search_statement(parts: SearchParts) -> Row:
    """One SELECT whose rows are hits, best first, with all a page shows of them.

    Each row carries ``candidates`` (how many clips passed the filters) and the
    mean and spread of all their cosines, the background that a hit stands out
    from. A page without hits is one row that has ``candidates`` and no asset.
    """
    candidate = _candidates(parts.where, flagged=parts.flagged)
    best = _best_frames(candidate, parts.meaning)
    ranked = _ranked(candidate, best, parts.keywords)
    page = _page(_fused(ranked, relevant=_is_ranked(parts)), parts)
    return _shown(candidate, page, parts)


def _is_ranked(parts: SearchParts) -> bool:
    return parts.meaning is not None or parts.keywords is not None


def _candidates(where: ColumnElement[bool], *, flagged: bool) -> CTE:
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


def _distance(meaning: Meaning) -> ColumnElement[float]:
    """Cosine distance of an embedding to the query.

    Written without the cast that the HNSW index is built on, so that an exact
    search can never turn into an approximate one by the planner's choice.
    """
    kind = HALFVEC(len(meaning.vector))
    query = cast(bindparam("query_vector", meaning.vector, type_=kind), kind)
    distance: ColumnElement[float] = Embedding.vector.cosine_distance(query)
    return distance


def _best_frames(candidate: CTE, meaning: Meaning | None) -> CTE | None:
    """Of each candidate the cosine of the frame nearest to the query's vector.

    A minimum per group, for that needs no sort; which frame it was is looked up
    for the few clips of the page.
    """
    if meaning is None:
        return None
    near = (
        select(Embedding.clip_id, _distance(meaning).label("distance"))
        .join(candidate, candidate.c.clip_id == Embedding.clip_id)
        .where(Embedding.encoder_id == meaning.encoder_id)
        .cte("near")
        # Else the vectors themselves are carried into the grouping, and spill to disk.
        .prefix_with("MATERIALIZED")
    )
    return (
        select(near.c.clip_id, (1 - func.min(near.c.distance)).label("cosine"))
        .group_by(near.c.clip_id)
        .cte("best")
    )


def _ranked(candidate: CTE, best: CTE | None, keywords: Keywords | None) -> CTE:
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
        found = _keyword_ranks(candidate, keywords)
        # One key each, without null: else the planner could not hash the join.
        same = and_(
            found.c.asset_id == candidate.c.asset_id,
            found.c.clip_id == func.coalesce(candidate.c.clip_id, 0),
        )
        source = source.outerjoin(found, same)
        columns.append(found.c.keyword_rank)
    return select(*columns).select_from(source).cte("ranked")


def _keyword_ranks(candidate: CTE, keywords: Keywords) -> CTE:
    """The candidates whose words match, by cover density; those alike share a place.

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
    rank = func.coalesce(heard.c.rank, named.c.rank)
    return (
        select(
            candidate.c.asset_id,
            func.coalesce(candidate.c.clip_id, 0).label("clip_id"),
            func.dense_rank().over(order_by=rank.desc()).label("keyword_rank"),
        )
        .select_from(candidate)
        .outerjoin(named, named.c.asset_id == candidate.c.asset_id)
        .outerjoin(heard, heard.c.clip_id == candidate.c.clip_id)
        .where(rank.is_not(None))
        .cte("keyword")
    )


def _fused(ranked: CTE, *, relevant: bool) -> CTE:
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


def _page(fused: CTE, parts: SearchParts) -> CTE:
    clip = func.coalesce(fused.c.clip_id, 0)
    if _is_ranked(parts):
        order = [fused.c.score.desc(), fused.c.asset_id, clip]
        statement = select(fused, cast(null(), Text).label("name_key"))
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


def _shown(candidate: CTE, page: CTE, parts: SearchParts) -> Row:
    """The page's rows with everything people are shown, beside the number of candidates."""
    total = select(func.count().label("candidates")).select_from(candidate).cte("total")
    clip = func.coalesce(page.c.clip_id, 0)
    order = [page.c.score.desc()] if _is_ranked(parts) else [page.c.name_key]
    return (
        select(
            total.c.candidates,
            page,
            Asset.name.label("asset_name"),
            Asset.kind.label("asset_kind"),
            Asset.collection,
            Asset.start_timecode,
            Asset.frame_rate_num,
            Asset.frame_rate_den,
            Asset.time_base_num,
            Asset.time_base_den,
            _shown_path(page).label("path"),
            Clip.id.label("shown_clip_id"),
            Clip.kind.label("clip_kind"),
            Clip.roll,
            Clip.start_pts,
            Clip.end_pts,
            Frame.id.label("frame_id"),
            Frame.pts.label("frame_pts"),
            Frame.picture,
        )
        .select_from(total)
        .outerjoin(page, true())
        .outerjoin(Asset, Asset.id == page.c.asset_id)
        .outerjoin(Clip, Clip.id == func.coalesce(page.c.clip_id, _spoken_clip(page, parts)))
        .outerjoin(Frame, Frame.id == _shown_frame(page, parts.meaning))
        .order_by(*order, page.c.asset_id, clip)
    )


def _spoken_clip(page: CTE, parts: SearchParts) -> ColumnElement[Any]:
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


def _shown_path(page: CTE) -> ScalarSelect[str]:
    """One of the asset's files, one that is there before one that is missing."""
    return (
        select(Root.path.concat("/").concat(Location.path))
        .select_from(Location)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == page.c.asset_id)
        .order_by(Location.online.desc(), Location.id)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )


def _shown_frame(page: CTE, meaning: Meaning | None) -> ScalarSelect[int]:
    """The clip's frame nearest to the query, or its first where nothing says which is nearer."""
    frame = aliased(Frame)
    found = select(frame.id).where(frame.clip_id == page.c.clip_id)
    order: list[SQLColumnExpression[Any]] = [frame.pts]
    if meaning is not None:
        found = found.outerjoin(
            Embedding,
            and_(Embedding.frame_id == frame.id, Embedding.encoder_id == meaning.encoder_id),
        )
        order = [_distance(meaning).nulls_last(), frame.id]
    return found.order_by(*order).limit(1).correlate(page).scalar_subquery()


def everything() -> ColumnElement[bool]:
    """The filter that keeps all."""
    return true()


__all__ = ["Cursor", "Keywords", "Meaning", "SearchParts", "everything", "search_statement"]
