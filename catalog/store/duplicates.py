"""What duplicates are told by: frames with their times and vectors, and the assets' columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Double, cast, func, select
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip, Embedding, Frame, Location
from catalog.store.arrays import among

SIGNATURES = 8


def signatures(
    session: Session, encoder_id: int, wanted: ColumnElement[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors of up to eight pictures an asset, ``(n, d)``, and whose they are, ``(n,)``.

    One for each of its longest shots, from near the middle: what is trimmed
    from a film's ends leaves most of them as they are.
    """
    off = func.abs(Frame.start_pts + Frame.end_pts - Clip.start_pts - Clip.end_pts)
    ranked = (
        select(
            Frame.id.label("frame_id"),
            Frame.asset_id,
            func.row_number().over(partition_by=Clip.id, order_by=[off, Frame.id]).label("of_shot"),
            func.dense_rank()
            .over(
                partition_by=Asset.id,
                order_by=[(Clip.end_pts - Clip.start_pts).desc(), Clip.start_pts],
            )
            .label("shot"),
        )
        .join(Clip, Clip.id == Frame.clip_id)
        .join(Asset, Asset.id == Frame.asset_id)
        .where(wanted, Clip.flag.is_(None))
        .subquery()
    )
    rows = session.execute(
        select(ranked.c.asset_id, Embedding.vector)
        .join(Embedding, Embedding.frame_id == ranked.c.frame_id)
        .where(
            Embedding.encoder_id == encoder_id, ranked.c.of_shot == 1, ranked.c.shot <= SIGNATURES
        )
        .order_by(ranked.c.asset_id, ranked.c.shot)
    ).all()
    owners = np.array([row.asset_id for row in rows], dtype=np.int64)
    return owners, np.array([row.vector for row in rows], dtype=np.float32)


def frames_of(session: Session, encoder_id: int, asset_ids: Sequence[int]) -> list[Any]:
    """Frames by time, in seconds, with their vectors: ``asset_id, at, start, end, …``."""
    per_tick = cast(Asset.time_base_num, Double) / Asset.time_base_den
    statement = (
        select(
            Frame.asset_id,
            Frame.picture,
            Frame.clip_id,
            (Frame.pts * per_tick).label("at"),
            (Frame.start_pts * per_tick).label("start"),
            (Frame.end_pts * per_tick).label("end"),
            (Clip.start_pts * per_tick).label("cut"),
            Embedding.vector,
        )
        .join(Asset, Asset.id == Frame.asset_id)
        .join(Clip, Clip.id == Frame.clip_id)
        .join(Embedding, Embedding.frame_id == Frame.id)
        .where(Embedding.encoder_id == encoder_id, among(Frame.asset_id, asset_ids))
        .order_by(Frame.asset_id, Frame.pts)
    )
    return list(session.execute(statement))


def described(session: Session, asset_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What people tell versions of an asset apart by."""
    copies = (
        select(func.count())
        .where(Location.asset_id == Asset.id)
        .correlate(Asset)
        .scalar_subquery()
        .label("files")
    )
    rows = session.execute(
        select(
            Asset.id,
            Asset.name,
            Asset.kind,
            Asset.width,
            Asset.height,
            Asset.codec,
            Asset.container,
            Asset.duration,
            Asset.size_bytes,
            Asset.start_timecode,
            copies,
        ).where(among(Asset.id, asset_ids))
    )
    return {row.id: dict(row._mapping) for row in rows}
