"""Moments that sound like a text: windows of sound by cosine, in one statement."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Double,
    Select,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, Clip, Frame, Location, Root, SoundWindow
from catalog.db.vectors import HALFVEC
from catalog.store.search.asked import TEXTS, Asked, Expressions
from catalog.store.search.nearest import asks_of_clips
from catalog.store.search.parts import Cursor
from catalog.store.search.shown import ASSET_SHOWN, SHOT_SHOWN


def sounds_asked(
    session: Session,
    where: ColumnElement[bool],
    encoder_id: int,
    vector: np.ndarray,
    *,
    limit: int,
    after: Cursor | None = None,
) -> Asked:
    """`sounds_statement`, whose text is made once for all queries of this shape."""
    shape = ("sounds", encoder_id, len(vector), limit, after is None)
    values: dict[str, Any] = {} if after is None else after.values()
    values["sound_vector"] = vector

    def build(named: Expressions) -> Select[*tuple[Any, ...]]:
        return sounds_statement(named["where"], encoder_id, vector, limit=limit, after=after)

    return TEXTS.asked(session, shape, {"where": where}, values, build)


def sounds_statement(
    where: ColumnElement[bool],
    encoder_id: int,
    vector: np.ndarray,
    *,
    limit: int,
    after: Cursor | None = None,
) -> Select[*tuple[Any, ...]]:
    """One row for each moment, nearest first: a window that no overlapping one beats.

    ``where`` is about the asset and the shot that the middle of the window falls into. Every
    window that it keeps is compared.
    """
    heard = _heard(where, encoder_id, vector)
    peak = _peaks(heard)
    chosen = select(peak)
    if after is not None:
        seen = after.value(Double)
        chosen = chosen.where(
            or_(
                peak.c.cosine < seen,
                and_(
                    peak.c.cosine == seen,
                    tuple_(peak.c.asset_id, peak.c.from_pts) > tuple_(*after.row),
                ),
            )
        )
    order = (peak.c.cosine.desc(), peak.c.asset_id, peak.c.from_pts)
    return _shown(chosen.order_by(*order).limit(limit).cte("page"), heard)


def _heard(where: ColumnElement[bool], encoder_id: int, vector: np.ndarray) -> CTE:
    """The windows that the filter keeps, each with its cosine."""
    kind = HALFVEC(len(vector))
    distance = SoundWindow.vector.cosine_distance(
        cast(bindparam("sound_vector", vector, type_=kind), kind)
    )
    window = (SoundWindow.asset_id, SoundWindow.start_pts, SoundWindow.end_pts)
    heard = select(
        SoundWindow.asset_id,
        SoundWindow.start_pts.label("from_pts"),
        SoundWindow.end_pts.label("to_pts"),
        (1 - distance).label("cosine"),
    ).join(Asset, Asset.id == SoundWindow.asset_id)
    if asks_of_clips(where):
        heard = heard.outerjoin(Clip, _in_shot(*window))
    return heard.where(SoundWindow.encoder_id == encoder_id, where).cte("heard")


def _in_shot(asset_id: Any, from_pts: Any, to_pts: Any) -> ColumnElement[bool]:  # noqa: ANN401  # columns
    """Whether the clip is the shot that the middle of a window falls into.

    It is the last that begins by then, if it goes on: one look at the index of shots by their
    beginning, however many the asset has.
    """
    middle = (from_pts + to_pts) // 2
    shot = aliased(Clip)
    last = (
        select(shot.id)
        .where(shot.asset_id == asset_id, shot.kind == "shot", shot.start_pts <= middle)
        .order_by(shot.start_pts.desc())
        .limit(1)
        .correlate(asset_id.table)
        .scalar_subquery()
    )
    return and_(Clip.id == last, Clip.end_pts > middle)


def _peaks(heard: CTE) -> CTE:
    """Of windows that overlap the one that is nearer: else each moment would be told twice."""
    over: dict[str, Any] = {"partition_by": heard.c.asset_id, "order_by": heard.c.from_pts}
    beside = select(
        heard,
        func.lag(heard.c.cosine).over(**over).label("cosine_before"),
        func.lag(heard.c.to_pts).over(**over).label("end_before"),
        func.lead(heard.c.cosine).over(**over).label("cosine_after"),
        func.lead(heard.c.from_pts).over(**over).label("start_after"),
    ).cte("beside")
    apart_before = func.coalesce(beside.c.end_before <= beside.c.from_pts, true())
    apart_after = func.coalesce(beside.c.start_after >= beside.c.to_pts, true())
    return (
        select(*(beside.c[column.name] for column in heard.c))
        .where(
            or_(apart_before, beside.c.cosine > beside.c.cosine_before),
            or_(apart_after, beside.c.cosine >= beside.c.cosine_after),
        )
        .cte("peak")
    )


def _shown(page: CTE, heard: CTE) -> Select[*tuple[Any, ...]]:
    total = select(func.count().label("candidates")).select_from(heard).cte("total")
    middle = (page.c.from_pts + page.c.to_pts) / 2
    nearest = (
        select(Frame.id)
        .where(Frame.clip_id == Clip.id)
        .order_by(func.abs(Frame.pts - middle), Frame.id)
        .limit(1)
        .correlate(page, Clip)
        .scalar_subquery()
    )
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
    source = (
        total.outerjoin(page, true())
        .outerjoin(Asset, Asset.id == page.c.asset_id)
        .outerjoin(Clip, _in_shot(page.c.asset_id, page.c.from_pts, page.c.to_pts))
        .outerjoin(Frame, Frame.id == nearest)
    )
    return (
        select(
            total.c.candidates,
            page.c.asset_id,
            cast(page.c.from_pts, BigInteger).label("from_pts"),
            page.c.to_pts,
            page.c.cosine,
            *ASSET_SHOWN,
            path.label("path"),
            *SHOT_SHOWN,
        )
        .select_from(source)
        .order_by(page.c.cosine.desc(), page.c.asset_id, page.c.from_pts)
    )
