"""What is to be shown of frames and assets: keys in the frame store, and places of files."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Frame, Location, Root
from catalog.domain.paths import path_from_raw
from catalog.store.visibility import actor_of, visible_to


def picture_of(session: Session, frame_id: int) -> str | None:
    """The key of a frame's picture; None if there is no such frame for this session to see."""
    statement = select(Frame.picture).where(Frame.id == frame_id)
    actor = actor_of(session)
    if actor.limited:
        statement = statement.join(Asset, Asset.id == Frame.asset_id).where(visible_to(actor))
    return session.execute(statement).scalar_one_or_none()


def places_of(session: Session, asset_id: int) -> list[tuple[Path, Path]]:
    """Root and path below it of every file of an asset, those that are online first."""
    statement = (
        select(Root.raw_path, Location.raw_path)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == asset_id)
        .order_by(Location.online.desc(), Location.id)
    )
    rows = session.execute(statement)
    return [(path_from_raw(root), path_from_raw(below)) for root, below in rows]
