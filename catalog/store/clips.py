"""Clips one by one, and those that people mark: subclips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from catalog.db.models import Asset, Clip, Frame
from catalog.store.arrays import among
from catalog.store.visibility import actor_of, visible_to


def clip_columns() -> tuple[ColumnElement[Any] | Any, ...]:
    """What a clip is shown by, from `Clip` joined with `Asset`: its range, and its picture."""
    return (
        *(Clip.id, Clip.asset_id, Clip.kind, Clip.roll, Clip.flag, Clip.text, Clip.language),
        *(Clip.roll_confidence, Clip.roll_by_person),
        *(Clip.start_pts, Clip.end_pts, Clip.sidecar_id),
        *(Asset.name.label("asset_name"), Asset.kind.label("asset_kind"), Asset.collection),
        *(Asset.time_base_num, Asset.time_base_den, Asset.start_timecode),
        *(Asset.frame_rate_num, Asset.frame_rate_den),
        _picture().label("frame_id"),
    )


def _picture() -> ColumnElement[Any]:
    """The frame that stands for a clip: its poster, else its own or the asset's nearest."""
    middle = (Clip.start_pts + Clip.end_pts) / 2
    own = Frame.clip_id == Clip.id
    return (
        select(Frame.id)
        .where(Frame.asset_id == Clip.asset_id)
        .order_by(own.desc(), (own & Frame.poster).desc(), func.abs(Frame.pts - middle), Frame.id)
        .limit(1)
        .correlate(Clip)
        .scalar_subquery()
    )


def get_clips(session: Session, clip_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Those of these clips that this session sees, by id."""
    statement = (
        select(*clip_columns())
        .join(Asset, Asset.id == Clip.asset_id)
        .where(among(Clip.id, clip_ids), visible_to(actor_of(session)))
    )
    return {row.id: row for row in session.execute(statement)}


def frames_of_clip(session: Session, clip_id: int) -> list[Row[Any]]:
    """A clip's own frames in order."""
    columns = (Frame.id, Frame.pts, Frame.start_pts, Frame.end_pts, Frame.width, Frame.height)
    statement = select(*columns, Frame.poster, Frame.collapsed).where(Frame.clip_id == clip_id)
    return list(session.execute(statement.order_by(Frame.pts)))


def add_subclip(session: Session, asset_id: int, start: int, end: int, text: str | None) -> int:
    """Enter a range that a person marked; its clip's id."""
    values = {"asset_id": asset_id, "kind": "subclip", "start_pts": start, "end_pts": end}
    made = insert(Clip).values(**values, text=text).returning(Clip.id)
    return int(session.execute(made).scalar_one())


def change_subclip(session: Session, clip_id: int, **values: Any) -> None:  # noqa: ANN401  # columns
    """Set range or text of a subclip."""
    session.execute(update(Clip).where(Clip.id == clip_id).values(**values))


def delete_subclip(session: Session, clip_id: int) -> None:
    """Forget a subclip, also where it is in bins."""
    session.execute(delete(Clip).where(Clip.id == clip_id))
