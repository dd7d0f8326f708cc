"""Very many centres, by a first look at their sketches; then the nearest of them as vectors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)

from catalog.db.models import Asset, Centre, Sketch
from catalog.db.vectors import HALFVEC
from catalog.domain.plan import SURE
from catalog.store.search.nearest import distance_to, passing, unflagged
from catalog.store.search.parts import Meaning, Nearest, Rough, SearchParts

# A place tells the distance in millionths, and behind it the clip: one number sorts far quicker
# than a row of two.
_FINE = 1_000_000
_CLIP_BITS = 40

Rows = Select[*tuple[Any, ...]]


def near_clips_by_sketches(
    parts: SearchParts, meaning: Meaning, nearest: Nearest, rough: Rough
) -> CTE:
    """The clips of the nearest centres that pass the filters: ``asset_id, clip_id``.

    The filters may ask of assets alone. Centres without a sketch of this basis are compared as
    vectors, and all are where the sketches may have missed some of the nearest.
    """
    kept = (
        select(Asset.id.label("asset_id"))
        .where(Asset.kind.is_not(None), parts.where)
        .cte("kept_asset")
        .prefix_with("MATERIALIZED")
    )
    roughly = _nearest_sketches(kept, meaning, rough)
    seen = (
        select(_clip(roughly).label("clip_id")).distinct().cte("seen").prefix_with("MATERIALIZED")
    )
    met = _compared(seen, parts, meaning)
    found = union_all(
        select(met),
        select(_bare(kept, parts, meaning, nearest, rough).subquery("bare")),
        select(
            _all(parts, meaning, nearest, _doubtful(roughly, seen, met, rough)).subquery("rest")
        ),
    ).subquery("found")
    # Of each clip once: where all are compared, those of before come again.
    first = (
        select(found.c.asset_id, found.c.clip_id)
        .group_by(found.c.asset_id, found.c.clip_id)
        .order_by(func.min(found.c.distance))
        .limit(_number(nearest.take))
    )
    return first.cte("near_clip").prefix_with("MATERIALIZED")


def _nearest_sketches(kept: CTE, meaning: Meaning, rough: Rough) -> CTE:
    kind = HALFVEC(rough.numbers)
    query = cast(bindparam("rough_vector", rough.query, type_=kind), kind)
    # One look at the index for all of them: a hash of all sketches would be far larger.
    assets = func.array(select(kept.c.asset_id).scalar_subquery(), type_=ARRAY(BigInteger))
    each = (
        select(
            func.unnest(Sketch.clips).label("clip_id"), func.unnest(Sketch.vectors).label("vector")
        )
        .where(Sketch.asset_id == any_(assets), *_current(meaning, rough))
        .subquery("shot")
    )
    product: ColumnElement[float] = each.c.vector.op("<#>", return_type=Double())(query)
    fine = cast(product * literal_column(str(_FINE), Integer), BigInteger)
    place = fine.bitwise_lshift(literal_column(str(_CLIP_BITS), Integer)) + each.c.clip_id
    return (
        select(place.label("place"))
        .order_by("place")
        .limit(_number(rough.take))
        .cte("roughly")
        .prefix_with("MATERIALIZED")
    )


def _compared(seen: CTE, parts: SearchParts, meaning: Meaning) -> CTE:
    """The centres of the clips of the nearest sketches: ``asset_id, clip_id, distance``."""
    near = (
        select(*_columns(meaning))
        .join(seen, Centre.clip_id == seen.c.clip_id)
        .where(Centre.encoder_id == meaning.encoder_id)
    )
    there = passing(near, Centre.asset_id, Centre.clip_id, parts.where, flagged=parts.flagged)
    return there.cte("met").prefix_with("MATERIALIZED")


def _bare(kept: CTE, parts: SearchParts, meaning: Meaning, nearest: Nearest, rough: Rough) -> Rows:
    """The nearest centres of the assets that have no sketch of this basis."""
    sketched = exists().where(Sketch.asset_id == kept.c.asset_id, *_current(meaning, rough))
    asset = (
        select(kept.c.asset_id).where(not_(sketched)).cte("bare_asset").prefix_with("MATERIALIZED")
    )
    _, clip_id, distance = _columns(meaning)
    of_asset = select(clip_id, distance).where(
        Centre.encoder_id == meaning.encoder_id, Centre.asset_id == asset.c.asset_id
    )
    if not parts.flagged:
        of_asset = of_asset.where(unflagged(Centre.clip_id))
    # One asset after another by the index, however many the planner takes them for.
    one = of_asset.offset(_number(0)).lateral("one")
    return (
        select(asset.c.asset_id, one.c.clip_id, one.c.distance)
        .join(one, true())
        .order_by(one.c.distance)
        .limit(_number(nearest.take))
    )


def _all(
    parts: SearchParts, meaning: Meaning, nearest: Nearest, wanted: ColumnElement[bool]
) -> Rows:
    """The nearest of all that pass, where that is wanted."""
    every = select(*_columns(meaning)).where(Centre.encoder_id == meaning.encoder_id, wanted)
    there = passing(every, Centre.asset_id, Centre.clip_id, parts.where, flagged=parts.flagged)
    return there.order_by("distance").limit(_number(nearest.take))


def _doubtful(roughly: CTE, seen: CTE, met: CTE, rough: Rough) -> ColumnElement[bool]:
    """Whether some of the nearest may have been missed.

    Where most of the nearest sketches are of shots that are left out. Or where what lies beyond
    the last of them may be as near as what was found at the page's end.
    """
    taken = select(func.count()).select_from(roughly).scalar_subquery()
    looked_at = select(func.count()).select_from(seen).scalar_subquery()
    left = select(func.count(met.c.clip_id.distinct())).scalar_subquery()
    last = select(_told(func.max(roughly.c.place))).scalar_subquery()
    place = _number(max(rough.depth - 1, 0))
    # Of clips: one may have several centres, all of them near.
    nearest = func.min(met.c.distance)
    end = (
        select(nearest)
        .group_by(met.c.clip_id)
        .order_by(nearest)
        .offset(place)
        .limit(_number(1))
        .scalar_subquery()
    )
    # The basis was made of all, and perhaps before these were there: what the filters keep may
    # differ in other directions. PostgreSQL's `greatest` passes nulls over.
    error = func.greatest(
        bindparam("rough_error", rough.error, type_=Double), _measured_error(roughly, met)
    )
    return or_(
        2 * left < looked_at,
        and_(taken >= _number(rough.take), func.coalesce(end, 2.0) > last - error),
    )


def _measured_error(roughly: CTE, met: CTE) -> ColumnElement[Any]:
    """`SURE` deviations of what sketches and centres tell of the same shots; null: of none.

    Of shots with one centre, for a place tells the shot alone.
    """
    lone = (
        select(met.c.clip_id, func.min(met.c.distance).label("distance"))
        .group_by(met.c.clip_id)
        .having(func.count() == _number(1))
        .subquery("lone")
    )
    told = select(_clip(roughly).label("clip_id"), _told(roughly.c.place).label("distance"))
    rough = told.subquery("told")
    off = lone.c.distance - rough.c.distance
    deviation: ColumnElement[float] = literal_column(str(SURE), Double) * func.sqrt(
        func.avg(off * off)
    )
    return (
        select(deviation)
        .select_from(lone.join(rough, rough.c.clip_id == lone.c.clip_id))
        .scalar_subquery()
    )


def _clip(roughly: CTE) -> ColumnElement[int]:
    return roughly.c.place.bitwise_and(_number((1 << _CLIP_BITS) - 1))


def _told(place: ColumnElement[int]) -> ColumnElement[Any]:
    """The distance that a sketch tells: one more than its negative inner product."""
    fine = place.bitwise_rshift(literal_column(str(_CLIP_BITS), Integer))
    return 1 + fine / cast(_FINE, Double)


def _columns(meaning: Meaning) -> tuple[Any, Any, Any]:
    distance = distance_to(meaning, Centre.vector).label("distance")
    return Centre.asset_id, Centre.clip_id, distance


def _current(meaning: Meaning, rough: Rough) -> tuple[ColumnElement[bool], ...]:
    return (
        Sketch.encoder_id == meaning.encoder_id,
        Sketch.basis_id == bindparam("basis", rough.basis_id, type_=Integer),
    )


def _number(value: int | ColumnElement[int]) -> ColumnElement[int]:
    return literal_column(str(value), BigInteger) if isinstance(value, int) else value
