"""X, then Y: pairs of shots of one asset, the second soon after the first, in one statement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Select,
    and_,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, Clip, Embedding, Frame, Location, Root
from catalog.store import statistics
from catalog.store.search.asked import TEXTS, Asked, Expressions
from catalog.store.search.nearest import distance_to
from catalog.store.search.parts import Cursor, Meaning, encoder_there
from catalog.store.search.passed import not_passed
from catalog.store.search.shown import ASSET_SHOWN

# Of the first shots the nearest so many are looked at: what ranks lower is no match.
_DEEPEST = 5000
# What a pair is ranked by, which is its own: how well it fits hangs on all others.
RANKED_BY = ("cosine", "then_cosine")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two shots: what it must be, and what it should show."""

    where: ColumnElement[bool]
    meaning: Meaning | None
    flagged: bool = False


def have_statistics(session: Session, *sides: Side) -> bool:
    """Whether the server has statistics of the vectors compared: it has none of a new library."""
    tables = {f"embedding_{side.meaning.encoder_id}" for side in sides if side.meaning is not None}
    return not tables or not statistics.missing(session, tables)


def sequence_asked(
    session: Session,
    first: Side,
    then: Side,
    *,
    within: float,
    limit: int,
    after: Cursor | None = None,
) -> Asked:
    """`sequence_statement`, whose text is made once for all pairs of queries of this shape."""
    sides = {"first": first, "later": then}
    shape = ("sequence", within, limit, after is None, *(_shape(side) for side in sides.values()))
    values: dict[str, Any] = {} if after is None else after.values()
    values |= {f"{n}_vector": s.meaning.vector for n, s in sides.items() if s.meaning is not None}

    def build(named: Expressions) -> Select[*tuple[Any, ...]]:
        one, other = (replace(side, where=named[name]) for name, side in sides.items())
        return sequence_statement(one, other, within=within, limit=limit, after=after)

    return TEXTS.asked(session, shape, {n: s.where for n, s in sides.items()}, values, build)


def _shape(side: Side) -> tuple[Any, ...]:
    meaning = side.meaning
    return side.flagged, None if meaning is None else (meaning.encoder_id, len(meaning.vector))


def sequence_statement(
    first: Side, then: Side, *, within: float, limit: int, after: Cursor | None = None
) -> Select[*tuple[Any, ...]]:
    """One row for each first shot: the best later one that begins within so many seconds.

    How well a side fits is the share of its candidates that would fit worse,
    were their cosines normally distributed; a pair's score is the product, so
    neither side makes up for the other. A side that only filters counts for 1.
    """
    first, then = _named("first", first), _named("later", then)
    one, other = _near("first", first), _near("later", then)
    pair = _pairs(one, other, within, ranked=first.meaning is not None)
    best = select(pair).where(pair.c.place == 1)
    if after is not None:
        best = best.where(not_passed(pair, [pair.c[name] for name in RANKED_BY]))
    order = [*_best_first(pair), pair.c.asset_id, pair.c.clip_id]
    return _shown(best.order_by(*order).limit(limit).cte("page"), one, first.meaning, then.meaning)


def _named(name: str, side: Side) -> Side:
    """The side, its vector under a name of its own: the statement holds two."""
    if side.meaning is None:
        return side
    return replace(side, meaning=replace(side.meaning, bind=f"{name}_vector"))


def _near(name: str, side: Side) -> CTE:
    """The side's candidates, each with its nearest frame and the share that fits worse."""
    shot = select(Asset.id.label("asset_id"), Clip.id.label("clip_id")).join(
        Clip, and_(Clip.asset_id == Asset.id, Clip.kind == "shot")
    )
    shot = shot.where(Asset.kind == "video", side.where)
    if not side.flagged:
        shot = shot.where(Clip.flag.is_(None))
    if side.meaning is None:
        none = cast(null(), Double).label("cosine")
        return shot.add_columns(none, literal(1.0, Double).label("fit")).cte(name)
    candidate = shot.cte(f"{name}_candidate")
    compared = (
        select(*candidate.c, distance_to(side.meaning).label("distance"))
        .join(
            Embedding,
            and_(
                Embedding.clip_id == candidate.c.clip_id,
                Embedding.encoder_id == side.meaning.encoder_id,
            ),
        )
        .cte(f"{name}_compared")
        # Else the vectors themselves are carried into the grouping; which frame is nearest is
        # looked up for those shown, where sorting for it took longer than comparing.
        .prefix_with("MATERIALIZED")
    )
    known = (compared.c.asset_id, compared.c.clip_id)
    nearest = (
        select(*known, (1 - func.min(compared.c.distance)).label("cosine"))
        .group_by(*known)
        .cte(f"{name}_nearest")
    )
    spread = func.nullif(func.stddev_samp(nearest.c.cosine).over(), 0)
    z = (nearest.c.cosine - func.avg(nearest.c.cosine).over()) / spread
    fit = 0.5 * func.erfc(-func.coalesce(z, 0) / literal(math.sqrt(2), Double))
    return select(nearest, fit.label("fit")).cte(name)


def _pairs(one: CTE, other: CTE, within: float, *, ranked: bool) -> CTE:
    began = select(one)
    if ranked:
        began = began.order_by(one.c.cosine.desc(), one.c.clip_id).limit(_DEEPEST)
    start, later, first = aliased(Clip), aliased(Clip), began.cte("began")
    ticks = cast(Asset.time_base_den, Double) / Asset.time_base_num
    latest = start.end_pts + cast(func.floor(literal(within, Double) * ticks), BigInteger)
    reached = (
        select(
            *first.c,
            later.id.label("then_clip_id"),
            later.start_pts.label("then_start_pts"),
            ((later.start_pts - start.end_pts) / ticks).label("gap"),
        )
        .select_from(first)
        .join(start, start.id == first.c.clip_id)
        .join(Asset, Asset.id == first.c.asset_id)
        .join(
            later,
            and_(
                later.asset_id == start.asset_id,
                later.kind == "shot",
                later.start_pts.between(start.end_pts, latest),
                later.id != start.id,
            ),
        )
        .cte("reached")
    )
    met = (
        select(*reached.c, other.c.cosine.label("then_cosine"), other.c.fit.label("then_fit"))
        .select_from(reached)
        # A full join is never done by a loop. Where there are no statistics yet, the planner takes
        # both for one row, and a loop would read, or compare, all the later shots anew for each
        # first one. What has no other half is left out behind OFFSET 0, which keeps it full.
        .outerjoin(other, other.c.clip_id == reached.c.then_clip_id, full=True)
        .offset(literal_column("0"))
        .cte("met")
    )
    score = met.c.fit * met.c.then_fit
    best = [score.desc(), met.c.then_cosine.desc().nulls_last()]
    return (
        select(
            *(met.c[n] for n in ("asset_id", "clip_id", "cosine", "then_clip_id", "then_cosine")),
            score.label("score"),
            met.c.gap,
            func.row_number()
            .over(
                partition_by=met.c.clip_id,
                order_by=[*best, met.c.then_start_pts, met.c.then_clip_id],
            )
            .label("place"),
        )
        .where(met.c.clip_id.is_not(None), met.c.then_fit.is_not(None))
        .cte("pair")
    )


def _best_first(of: CTE) -> list[ColumnElement[Any]]:
    """By score; of those alike, as where both fit as well as can be, the nearer ones first."""
    return [of.c.score.desc(), *(of.c[name].desc().nulls_last() for name in RANKED_BY)]


def _shown(
    page: CTE, one: CTE, first: Meaning | None, then: Meaning | None
) -> Select[*tuple[Any, ...]]:
    total = select(func.count().label("candidates")).select_from(one).cte("total")
    columns: list[Any] = []
    source: Any = total
    source = source.outerjoin(page, true()).outerjoin(Asset, Asset.id == page.c.asset_id)
    for prefix, meaning in (("", first), ("then_", then)):
        clip, frame = aliased(Clip), aliased(Frame)
        source = source.outerjoin(clip, clip.id == page.c[f"{prefix}clip_id"])
        source = source.outerjoin(frame, frame.id == _frame_of(clip, meaning))
        columns += [
            clip.id.label(f"{prefix}shown_clip_id"),
            clip.kind.label(f"{prefix}clip_kind"),
            clip.roll.label(f"{prefix}roll"),
            clip.roll_confidence.label(f"{prefix}roll_confidence"),
            clip.start_pts.label(f"{prefix}start_pts"),
            clip.end_pts.label(f"{prefix}end_pts"),
            frame.id.label(f"{prefix}shown_frame_id"),
            frame.pts.label(f"{prefix}frame_pts"),
            frame.picture.label(f"{prefix}picture"),
        ]
    path = (
        select(Root.path.concat("/").concat(Location.path))
        .select_from(Location)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == page.c.asset_id)
        .order_by(Location.online.desc(), Location.id)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )
    return (
        select(
            total.c.candidates,
            encoder_there(first, then).label("encoder_there"),
            page.c.asset_id,
            page.c.clip_id,
            page.c.score,
            page.c.cosine,
            page.c.then_cosine,
            page.c.gap,
            *ASSET_SHOWN,
            path.label("path"),
            *columns,
        )
        .select_from(source)
        .order_by(*_best_first(page), page.c.asset_id, page.c.clip_id)
    )


def _frame_of(clip: Any, meaning: Meaning | None) -> ColumnElement[int]:  # noqa: ANN401  # an alias
    """The frame nearest to what is sought, or the first where nothing says which is nearer."""
    anyone: Any = aliased(Frame)
    opening = select(anyone.id).where(anyone.clip_id == clip.id).order_by(anyone.pts).limit(1)
    if meaning is None:
        return opening.scalar_subquery()
    near: Any = aliased(Embedding)
    nearest = (
        select(near.frame_id)
        # Plus nothing: else, where there are no statistics yet, all that the encoder made is read.
        .where(near.clip_id == clip.id, near.encoder_id + 0 == meaning.encoder_id)
        .order_by(distance_to(meaning, near.vector), near.frame_id)
        .limit(1)
    )
    return func.coalesce(nearest.scalar_subquery(), opening.scalar_subquery())
