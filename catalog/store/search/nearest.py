"""Meaning: of each candidate, the frame nearest to the query's vector."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Select,
    SQLColumnExpression,
    TableSample,
    and_,
    bindparam,
    cast,
    exists,
    func,
    inspect,
    literal,
    literal_column,
    not_,
    select,
    tablesample,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.visitors import iterate

from catalog.db.models import Asset, Centre, Clip, Embedding, Frame
from catalog.db.vectors import HALFVEC
from catalog.store.search.parts import Meaning, Nearest, SearchParts

Centres = Select[int, int]


def query_vector(meaning: Meaning) -> ColumnElement[Any]:
    """The query's vector as a parameter, or the expression it is."""
    if isinstance(meaning.vector, ColumnElement):
        return meaning.vector
    kind = HALFVEC(len(meaning.vector))
    return cast(bindparam(meaning.bind, meaning.vector, type_=kind), kind)


def distance_to(
    meaning: Meaning,
    column: Any = Embedding.vector,  # noqa: ANN401  # a halfvec, with operators of its own
) -> ColumnElement[float]:
    """Cosine distance of an embedding, or of a centre, to the query.

    Written without the cast that the HNSW index is built on, so that an exact
    search can never turn into an approximate one by the planner's choice.
    """
    distance: ColumnElement[float] = column.cosine_distance(query_vector(meaning))
    return distance


def distance_by_graph(meaning: Meaning, dimension: int) -> ColumnElement[float]:
    """Cosine distance of a centre to the query, with the cast that the index is built on."""
    centre: Any = cast(Centre.vector, HALFVEC(dimension))
    distance: ColumnElement[float] = centre.cosine_distance(query_vector(meaning))
    return distance


def kept_centres(
    where: ColumnElement[bool], encoder_id: int | ColumnElement[int], *, flagged: bool
) -> Centres:
    """Centres of the shots that pass the filters."""
    every = select(Centre.asset_id, Centre.clip_id).where(Centre.encoder_id == encoder_id)
    return passing(every, Centre.asset_id, Centre.clip_id, where, flagged=flagged)


def passing(
    centres: Centres,
    asset_id: SQLColumnExpression[int],
    clip_id: SQLColumnExpression[int],
    where: ColumnElement[bool],
    *,
    flagged: bool,
) -> Centres:
    """Those of the centres whose shots pass the filters; the columns tell asset and clip."""
    kept = centres.join(Asset, Asset.id == asset_id).where(Asset.kind.is_not(None), where)
    if asks_of_clips(where):
        kept = kept.join(Clip, Clip.id == clip_id)
        return kept if flagged else kept.where(Clip.flag.is_(None))
    if flagged:
        return kept
    return kept.where(unflagged(clip_id))


def unflagged(clip_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a shot has no flag. Few have: to know them is quicker than to look at all clips."""
    dark = aliased(Clip)
    return not_(exists().where(dark.id == clip_id, dark.flag.is_not(None)))


def asks_of_clips(where: ColumnElement[bool]) -> bool:
    """Whether a condition looks at clips, not at their assets alone."""
    table = inspect(Clip).local_table
    return any(getattr(part, "table", None) is table for part in iterate(where))


def near_clips(parts: SearchParts, meaning: Meaning, nearest: Nearest) -> CTE:
    """The clips of the nearest centres that pass the filters: ``asset_id, clip_id``."""
    kept = kept_centres(parts.where, meaning.encoder_id, flagged=parts.flagged)
    scanned = kept.order_by(distance_to(meaning, Centre.vector)).limit(_number(nearest.take))
    if not nearest.by_graph:
        return _distinct(scanned.cte("nearest").prefix_with("MATERIALIZED"))
    distance = distance_by_graph(meaning, nearest.dimension)
    met = (
        select(Centre.asset_id, Centre.clip_id, distance.label("distance"))
        .where(Centre.encoder_id == meaning.encoder_id)
        .order_by(distance)
        .limit(_number(nearest.walk))
        .subquery("met")
    )
    all_passing = passing(
        select(met.c.asset_id, met.c.clip_id),
        met.c.asset_id,
        met.c.clip_id,
        parts.where,
        flagged=parts.flagged,
    )
    # In their order, so that whatever the filters are they are met one by one, and the walk ends
    # with the last one taken.
    nearest_passing = all_passing.order_by(met.c.distance).limit(_number(nearest.take))
    walked = nearest_passing.cte("walked").prefix_with("MATERIALIZED")
    # What passes may lie further off: then, and only then, all that does is looked at.
    found = select(func.count()).select_from(walked).scalar_subquery()
    rest = select(scanned.where(found < nearest.take).subquery("rest"))
    return _distinct(union_all(select(walked), rest).cte("nearest"))


def _number(value: int | ColumnElement[int]) -> ColumnElement[int]:
    """Written into the text, where the planner sees it even if it plans for any parameters."""
    return literal_column(str(value), Integer) if isinstance(value, int) else value


def _distinct(found: CTE) -> CTE:
    return select(found.c.asset_id, found.c.clip_id).distinct().cte("near_clip")


def background(parts: SearchParts, meaning: Meaning, nearest: Nearest) -> CTE:
    """A sample's mean cosine and its spread, and how many clips pass the filters, about.

    Pages of centres are drawn by a fixed seed: the same query has the same background.
    """
    known = nearest.background
    if known is not None:
        return select(
            *(
                cast(bindparam(f"background_{name}", value), kind).label(name)
                for name, value, kind in (
                    ("candidates", known.candidates, BigInteger),
                    ("mean", known.mean, Double),
                    ("spread", known.spread, Double),
                )
            )
        ).cte("background")
    sample = _sampled(nearest.sample)
    cosine = (1 - distance_to(meaning, sample.c.vector)).label("cosine")
    drawn = passing(
        select(cosine, sample.c.part).where(sample.c.encoder_id == meaning.encoder_id),
        sample.c.asset_id,
        sample.c.clip_id,
        parts.where,
        flagged=parts.flagged,
    )
    found = drawn.subquery("drawn")
    # A clip has one centre or more; its first stands for it.
    clips = func.count().filter(found.c.part == 0)
    if nearest.centres is None:
        about: ColumnElement[Any] = clips * 100.0 / _percent(nearest.sample)
    else:
        all_centres: ColumnElement[Any] = bindparam("centres", nearest.centres, type_=BigInteger)
        about = all_centres * (clips * 1.0 / func.nullif(func.count(), 0))
    return select(
        cast(func.coalesce(func.round(about), 0), BigInteger).label("candidates"),
        func.avg(found.c.cosine).label("mean"),
        func.stddev_samp(found.c.cosine).label("spread"),
    ).cte("background")


def _sampled(percent: float | ColumnElement[float]) -> TableSample:
    """Centres on pages drawn by a fixed seed."""
    table = inspect(Centre).local_table
    return tablesample(table, func.system(_percent(percent)), name="sampled", seed=literal(1))


def _percent(percent: float | ColumnElement[float]) -> ColumnElement[float]:
    """Written into the text too: any percentage would be taken for a tenth of the table."""
    if isinstance(percent, ColumnElement):
        return percent
    return literal_column(f"'{percent!r}'::float8", Double)


def sampled_kept(
    where: ColumnElement[bool], meaning: Meaning, percent: float, nearest: int, *, flagged: bool
) -> Select[*tuple[Any, ...]]:
    """Of a sample of centres, how many are ``drawn`` and ``kept``, ``near`` of the ``nearest``.

    And of those kept how many ``clips`` they are of, and the ``mean`` and ``spread`` of their
    cosines: their `background`.
    """
    sample = _sampled(percent)
    distance = distance_to(meaning, sample.c.vector)
    place = func.row_number().over(order_by=distance)
    cosine = (1 - distance).label("cosine")
    drawn = (
        select(sample.c.asset_id, sample.c.clip_id, sample.c.part, cosine, place.label("place"))
        .where(sample.c.encoder_id == meaning.encoder_id)
        .cte("drawn")
        .prefix_with("MATERIALIZED")
    )
    kept = passing(
        select(drawn.c.part, drawn.c.cosine, drawn.c.place),
        drawn.c.asset_id,
        drawn.c.clip_id,
        where,
        flagged=flagged,
    ).subquery("kept")
    return select(
        select(func.count()).select_from(drawn).scalar_subquery().label("drawn"),
        func.count().label("kept"),
        func.count().filter(kept.c.place <= nearest).label("near"),
        func.count().filter(kept.c.part == 0).label("clips"),
        func.avg(kept.c.cosine).label("mean"),
        func.stddev_samp(kept.c.cosine).label("spread"),
    ).select_from(kept)


def best_frames(candidate: CTE, meaning: Meaning) -> CTE:
    """Each candidate with the cosine of the frame nearest to the query's vector, NULL without one.

    A minimum per group, for that needs no sort; which frame it was is looked up
    for the few clips of the page. What is known of a candidate comes along: were it joined to
    its cosine afterwards, a plan that takes the candidates for few would compare each with all.
    """
    near = (
        select(*candidate.c, distance_to(meaning).label("distance"))
        .outerjoin(
            Embedding,
            and_(
                Embedding.clip_id == candidate.c.clip_id,
                Embedding.encoder_id == meaning.encoder_id,
            ),
        )
        .cte("near")
        # Else the vectors themselves are carried into the grouping, and spill to disk.
        .prefix_with("MATERIALIZED")
    )
    known = [near.c[column.name] for column in candidate.c]
    return (
        select(*known, (1 - func.min(near.c.distance)).label("cosine")).group_by(*known).cte("best")
    )


def best_of_few(candidate: CTE, meaning: Meaning, few: int) -> CTE:
    """The same of few candidates, each looked up by itself; none at all where there are more.

    Whatever a plan takes their number for, it goes from each to its vectors by the index.
    """
    nearest = (
        select(func.min(distance_to(meaning)))
        .where(Embedding.clip_id == candidate.c.clip_id, Embedding.encoder_id == meaning.encoder_id)
        .correlate(candidate)
        .scalar_subquery()
    )
    there = select(func.count()).select_from(candidate).scalar_subquery()
    return (
        select(*candidate.c, (1 - nearest).label("cosine"))
        .where(there <= _number(few))
        .cte("best")
        .prefix_with("MATERIALIZED")  # else each ranking looks it up anew
    )


def shown_frame(page: CTE, meaning: Meaning | None) -> ColumnElement[int]:
    """The clip's frame nearest to the query, or its first where nothing says which is nearer."""
    frame = aliased(Frame)
    first = select(frame.id).where(frame.clip_id == page.c.clip_id)
    if meaning is None:
        return first.order_by(frame.pts).limit(1).correlate(page).scalar_subquery()
    nearest: Any = aliased(Embedding)
    compared = (
        select(nearest.frame_id)
        .where(nearest.clip_id == page.c.clip_id, nearest.encoder_id == meaning.encoder_id)
        .order_by(distance_to(meaning, nearest.vector), nearest.frame_id)
    )
    return func.coalesce(
        *(
            each.limit(1).correlate(page).scalar_subquery()
            # By an index of its clip's: without sorting the first by its number is looked for
            # among all frames, or all are read beforehand.
            for each in (compared, first.order_by(frame.pts))
        )
    )
