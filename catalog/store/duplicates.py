"""What duplicates are told by: shots and frames with times and vectors, and assets' columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Double, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from catalog.db.models import Asset, Clip, Embedding, Frame, Location
from catalog.store.arrays import among

MOST_SHOTS = 64
"""So many shots of an asset, the longest, are looked for in others."""


def count_shots(session: Session, wanted: ColumnElement[bool]) -> int:
    """How many shots ``shots`` gives, at most."""
    each = (
        select(func.least(func.count(), MOST_SHOTS).label("some"))
        .select_from(Clip)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(wanted, Clip.kind == "shot", Clip.flag.is_(None))
        .group_by(Asset.id)
        .subquery()
    )
    return int(session.scalar(select(func.sum(each.c.some))) or 0)


def shots(
    session: Session, encoder_id: int, wanted: ColumnElement[bool], *, at_once: int = 5_000
) -> Iterator[tuple[np.ndarray, ...]]:
    """The longest shots of each asset, some at a time: assets, frames, starts, lengths, vectors.

    Times are in seconds. The frame is the one nearest to the middle of its shot.
    """
    off = func.abs(Frame.start_pts + Frame.end_pts - Clip.start_pts - Clip.end_pts)
    ranked = (
        select(
            Frame.id.label("frame_id"),
            Frame.asset_id,
            _seconds(Clip.start_pts).label("start"),
            _seconds(Clip.end_pts - Clip.start_pts).label("length"),
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
    statement = (
        select(
            ranked.c.asset_id, ranked.c.frame_id, ranked.c.start, ranked.c.length, Embedding.vector
        )
        .join(Embedding, Embedding.frame_id == ranked.c.frame_id)
        .where(
            Embedding.encoder_id == encoder_id, ranked.c.of_shot == 1, ranked.c.shot <= MOST_SHOTS
        )
    )
    result = session.execute(statement, execution_options={"yield_per": at_once})
    for rows in result.partitions():
        assets, frames, starts, lengths, vectors = zip(*rows, strict=True)
        yield (
            np.array(assets, np.int64),
            np.array(frames, np.int64),
            np.array([start or 0.0 for start in starts], np.float32),
            np.array([length or 0.0 for length in lengths], np.float32),
            np.array(vectors, np.float32),
        )


def vectors_of(session: Session, encoder_id: int, frame_ids: np.ndarray) -> np.ndarray:
    """Vectors of frames, float32 ``(n, d)``, in the order of their sorted, distinct ids.

    A frame that has been taken away meanwhile has the vector 0, like nothing.
    """
    rows = session.execute(
        select(Embedding.frame_id, Embedding.vector).where(
            Embedding.encoder_id == encoder_id, among(Embedding.frame_id, frame_ids.tolist())
        )
    ).all()
    found = np.zeros((len(frame_ids), len(rows[0].vector) if rows else 1), np.float32)
    if rows:
        places = np.searchsorted(frame_ids, [row.frame_id for row in rows])
        found[places] = [row.vector for row in rows]
    return found


@dataclass(frozen=True, slots=True)
class Timeline:
    """An asset's frames by time: when they are, in seconds, how they look and where they lie."""

    pictures: list[str]
    at: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    cuts: np.ndarray
    """Where the shot of each begins."""
    vectors: np.ndarray
    """float32 ``(n, d)``"""

    @property
    def length(self) -> float:
        """Seconds until the last frame's end."""
        return float(self.ends.max())


def timelines(session: Session, encoder_id: int, asset_ids: Sequence[int]) -> dict[int, Timeline]:
    """The timelines of assets; none for those without vectors."""
    statement = (
        select(
            Frame.asset_id,
            Frame.picture,
            _seconds(Frame.pts).label("at"),
            _seconds(Frame.start_pts).label("start"),
            _seconds(Frame.end_pts).label("end"),
            _seconds(Clip.start_pts).label("cut"),
            Embedding.vector,
        )
        .join(Asset, Asset.id == Frame.asset_id)
        .join(Clip, Clip.id == Frame.clip_id)
        .join(Embedding, Embedding.frame_id == Frame.id)
        .where(Embedding.encoder_id == encoder_id, among(Frame.asset_id, asset_ids))
        .order_by(Frame.asset_id, Frame.pts)
    )
    found = {}
    for asset_id, rows in groupby(session.execute(statement), key=lambda row: row.asset_id):
        _, pictures, *times, vectors = zip(*rows, strict=True)
        at, starts, ends, cuts = (np.array(column, np.float64) for column in times)
        found[asset_id] = Timeline(
            list(pictures), at, starts, ends, cuts, np.array(vectors, np.float32)
        )
    return found


def _seconds(pts: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[float]:
    per_tick = cast(Asset.time_base_num, Double) / Asset.time_base_den
    return type_coerce(pts * per_tick, Double)


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
