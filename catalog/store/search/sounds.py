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
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip, Frame, Location, Root, SoundWindow
from catalog.db.vectors import HALFVEC
from catalog.store.search.asked import TEXTS, Asked, Expressions
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
    """The windows that the filter keeps, each with its cosine and its shot."""
    kind = HALFVEC(len(vector))
    distance = SoundWindow.vector.cosine_distance(
        cast(bindparam("sound_vector", vector, type_=kind), kind)
    )
    twice_middle = SoundWindow.start_pts + SoundWindow.end_pts
    in_shot = and_(
        Clip.asset_id == SoundWindow.asset_id,
        Clip.kind == "shot",
        2 * Clip.start_pts <= twice_middle,
        2 * Clip.end_pts > twice_middle,
    )
    return (
        select(
            SoundWindow.asset_id,
            SoundWindow.start_pts.label("from_pts"),
            SoundWindow.end_pts.label("to_pts"),
            Clip.id.label("clip_id"),
            (1 - distance).label("cosine"),
        )
        .join(Asset, Asset.id == SoundWindow.asset_id)
        .outerjoin(Clip, in_shot)
        .where(SoundWindow.encoder_id == encoder_id, where)
        .cte("heard")
    )


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
        .where(Frame.clip_id == page.c.clip_id)
        .order_by(func.abs(Frame.pts - middle), Frame.id)
        .limit(1)
        .correlate(page)
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
        .outerjoin(Clip, Clip.id == page.c.clip_id)
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
