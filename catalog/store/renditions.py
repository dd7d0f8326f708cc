"""Renditions: which there are of an asset, and the frame that stands for a clip."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Frame
from catalog.db.models import Rendition as Row
from catalog.domain.renditions import Rendition, RenditionKind
from catalog.store.arrays import among
from catalog.store.handwork import set_poster


def save_rendition(session: Session, asset_id: int, made: Rendition) -> None:
    """Enter a rendition, in the place of the one of its kind."""
    values: dict[str, Any] = {
        "key": made.key,
        "size_bytes": made.size,
        "width": made.width,
        "height": made.height,
        "duration_pts": made.duration_pts,
        "settings": dict(made.settings),
    }
    statement = insert(Row).values(asset_id=asset_id, kind=made.kind.value, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Row.asset_id, Row.kind], set_={**values, "made_at": func.now()}
        )
    )


def forget_renditions(
    session: Session, asset_id: int, kinds: Collection[RenditionKind]
) -> list[str]:
    """Delete these kinds' rows of an asset; the keys they named."""
    statement = delete(Row).where(Row.asset_id == asset_id, Row.kind.in_(k.value for k in kinds))
    return list(session.execute(statement.returning(Row.key)).scalars())


def key_of(session: Session, asset_id: int, kind: RenditionKind) -> str | None:
    """The key of an asset's rendition; None if it has none."""
    statement = select(Row.key).where(Row.asset_id == asset_id, Row.kind == kind.value)
    return session.execute(statement).scalar_one_or_none()


def renditions_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[Row]]:
    """Each asset's renditions by kind."""
    found: dict[int, list[Row]] = {asset_id: [] for asset_id in asset_ids}
    statement = select(Row).where(among(Row.asset_id, asset_ids)).order_by(Row.kind)
    for row in session.execute(statement).scalars():
        found[row.asset_id].append(row)
    return found


def assets_with(session: Session, asset_ids: Sequence[int], kind: RenditionKind) -> set[int]:
    """Which of these assets have a rendition of the kind."""
    statement = select(Row.asset_id).where(among(Row.asset_id, asset_ids), Row.kind == kind.value)
    return set(session.execute(statement).scalars())


def bytes_by_kind(session: Session) -> dict[str, int]:
    """Bytes of all renditions, by kind."""
    statement = select(Row.kind, func.sum(Row.size_bytes)).group_by(Row.kind).order_by(Row.kind)
    return {row[0]: int(row[1]) for row in session.execute(statement)}


def choose_poster(session: Session, clip_id: int, frame_id: int) -> bool:
    """Let this frame stand for its clip; False if the clip has no such frame."""
    mine = Frame.clip_id == clip_id
    known = select(Frame.id).where(mine, Frame.id == frame_id)
    if session.execute(known).scalar_one_or_none() is None:
        return False
    set_poster(session, clip_id, frame_id)
    return True
