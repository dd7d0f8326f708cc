"""Where a list of hits ends: decided in the statement, so that sorting and paging work within.

No flat threshold does it, for cosines shift with the query and its language.
So the query is compared with a sample of the whole library, whatever the
filters keep: its median and the distance to its lower quartile (matches are in the
upper half) are what a miss looks like. Only clips clearly above that can be
matches, and among them the list ends at the widest gap between neighbours,
where a gap below many clips counts for more than one below few. See
docs/decisions/0010, and benchmarks/cutoff.py.

Where the encoder was calibrated, the curve by which cosines read as confidences comes
along; where the list ends does not hang on it (docs/decisions/0018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    null,
    or_,
    select,
    true,
    within_group,
)

from catalog.db.models import Calibration
from catalog.domain.confidence import QUARTILE
from catalog.store.search.parts import Ground, Meaning, SearchParts
from catalog.store.search.sampling import evenly_drawn

# Spreads above the background's median from which on a clip can be a match.
CLEARLY = 1.5
# What a row of the answer says of how its list was judged.
JUDGED_BY = ("cutoff", "cutoff_floor", "median", "quartile", "slope", "intercept")
# Fewer pictures have no background that anything could stand out from.
LEAST_SAMPLE = 20
# Nobody pages further than this through what one query matches.
_DEEPEST = 5000


def judged(fused: CTE, end: CTE | None) -> CTE:
    """The fused rows, each with whether it is ``relevant``: above the cutoff, or with all words.

    ``end`` is the `cutoff_of` the list; None where nothing is sought by meaning.
    """
    if end is None:
        return select(fused, true().label("relevant")).cte("judged")
    above = or_(
        end.c.cutoff.is_(None),
        fused.c.cosine >= end.c.cutoff,
        # Whoever has all the words is meant, whatever the picture shows; so is what is said.
        fused.c.keyword_rank.is_not(None),
        fused.c.speech_rank.is_not(None),
    )
    return (
        select(fused, func.coalesce(above, false()).label("relevant"), *end.c)
        .select_from(fused)
        .join(end, true())
        .cte("judged")
    )


def end_of_list(judging: CTE, parts: SearchParts) -> CTE:
    """One row: how many hits are relevant, and the cutoff with what it was found by."""
    count = func.count().filter(judging.c.relevant).label("relevant_hits")
    if parts.meaning is None:
        nothing = [cast(null(), Double).label(name) for name in JUDGED_BY]
        return select(count, *nothing).select_from(judging).cte("end_of_list")
    figures = [func.max(judging.c[name]).label(name) for name in JUDGED_BY]
    return select(count, *figures).select_from(judging).cte("end_of_list")


def cutoff_of(ranked: CTE, meaning: Meaning | None, known: Ground | None = None) -> CTE | None:
    """One row: the cosine at which the list of pictures ends, and what it was found by."""
    if meaning is None:
        return None
    ground = _background(meaning, known)
    edge = _edge(ranked, ground)
    cut = func.coalesce(select(edge.c.cut).scalar_subquery(), ground.c.floor)
    return (
        select(
            case((ground.c.floor.is_not(None), cut)).label("cutoff"),
            ground.c.floor.label("cutoff_floor"),
            ground.c.median,
            ground.c.quartile,
            ground.c.slope,
            ground.c.intercept,
        )
        .cte("cutoff")
        .prefix_with("MATERIALIZED")
    )  # else each of its columns looks for the edge


def _background(meaning: Meaning, known: Ground | None = None) -> CTE:
    """Of a sample of all pictures: the median cosine, and from where on one stands out."""
    curve = _curve(meaning)
    slope, intercept = (select(column).scalar_subquery() for column in curve.c)
    if known is not None:
        values = known.values().items()
        given = [cast(bindparam(name, value), Double) for name, value in values]
        median, quartile, floor = given
        return select(
            median.label("median"),
            quartile.label("quartile"),
            slope.label("slope"),
            intercept.label("intercept"),
            floor.label("floor"),
        ).cte("ground")
    sample = evenly_drawn(meaning)
    middle = within_group(func.percentile_cont(0.5), sample.c.cosine)
    low = within_group(func.percentile_cont(0.25), sample.c.cosine)
    # A library of two or three sorts of pictures has a spread as wide as its matches are far.
    half_way = (func.max(sample.c.cosine) - middle) / 2
    above = func.least(CLEARLY * (middle - low) / QUARTILE, half_way)
    return (
        select(
            middle.label("median"),
            low.label("quartile"),
            slope.label("slope"),
            intercept.label("intercept"),
            case((func.count() >= LEAST_SAMPLE, middle + above)).label("floor"),
        )
        .select_from(sample)
        .cte("ground")
    )


def ground_of(cosines: np.ndarray) -> Ground | None:
    """The same of cosines ``(n,)`` that are known here; None where they tell nothing."""
    if len(cosines) < LEAST_SAMPLE or np.isnan(cosines).any():
        return None
    low, middle, most = (float(each) for each in np.percentile(cosines, (25, 50, 100)))
    above = min(CLEARLY * (middle - low) / QUARTILE, (most - middle) / 2)
    return Ground(middle, low, middle + above)


def _curve(meaning: Meaning) -> CTE:
    """The calibration of the query's language, else that of all together; or no row."""
    mine = Calibration.encoder_id == meaning.encoder_id
    wanted = bindparam("query_language", meaning.language, type_=Text)
    return (
        select(
            Calibration.slope,
            Calibration.intercept,
        )
        .where(
            false()
            if meaning.language is None
            else and_(mine, or_(Calibration.language == wanted, Calibration.language == ""))
        )
        .order_by((Calibration.language == "").asc())
        .limit(1)
        .cte("curve")
    )


def _edge(ranked: CTE, ground: CTE) -> CTE:
    """The cosine of the last match: that before the widest gap, weighted by the root of its place.

    Below the last clip that stands out lies the next one, or, where the filters
    keep nothing else, the background itself: so a collection of nothing but
    matches is not cut in its middle.
    """
    cosine: ColumnElement[Any] = ranked.c.cosine
    order = [cosine.desc()]
    rows = (
        select(
            cosine.label("cosine"),
            func.row_number().over(order_by=order).label("place"),
            func.lead(cosine).over(order_by=order).label("next"),
        )
        .where(cosine.is_not(None), ranked.c.cosine_rank <= _DEEPEST)
        .cte("by_cosine")
    )
    gap = rows.c.cosine - func.coalesce(rows.c.next, ground.c.median)
    return (
        select(rows.c.cosine.label("cut"))
        .select_from(rows)
        .join(ground, rows.c.cosine >= ground.c.floor)
        .order_by((gap * func.sqrt(rows.c.place)).desc(), rows.c.place)
        .limit(1)
        .cte("edge")
    )
