"""What an export has to know of a bin's clips: their essence, their files, their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from catalog.db.models import Asset, BinItem, Clip, Frame, Location, Root
from catalog.domain.paths import path_from_raw
from catalog.store.arrays import among
from catalog.store.bins import item_columns
from catalog.store.clips import clip_columns
from catalog.store.visibility import actor_of, visible_to

_OF_ASSET = (
    *(Asset.fingerprint, Asset.title, Asset.description, Asset.reel, Asset.scene, Asset.take),
    *(Asset.variable_frame_rate, Asset.width, Asset.height, Asset.duration_pts, Asset.metadata_),
    *(Asset.audio_channels, Asset.audio_sample_rate),
)


def cuts_of_bin(session: Session, bin_id: int) -> list[Row[Any]]:
    """The clips of a bin that this session sees, in order, each with its asset and its note."""
    statement = (
        select(*item_columns(), *clip_columns(), *_OF_ASSET)
        .join(Clip, Clip.id == BinItem.clip_id)
        .join(Asset, Asset.id == Clip.asset_id)
        .where(BinItem.bin_id == bin_id, visible_to(actor_of(session)))
        .order_by(BinItem.position)
    )
    return list(session.execute(statement))


def places_of(session: Session, asset_ids: Sequence[int]) -> dict[int, tuple[Path, Path, bool]]:
    """Each asset's best file: root, path below it, and whether it is online.

    Of several, one that is online and was read through, the first that was seen.
    """
    statement = (
        select(Location.asset_id, Root.raw_path, Location.raw_path, Location.online)
        .join(Root, Root.id == Location.root_id)
        .where(among(Location.asset_id, asset_ids))
        .order_by(Location.online, Location.verified, Location.id.desc())
    )
    return {
        asset_id: (path_from_raw(root), path_from_raw(below), online)
        for asset_id, root, below, online in session.execute(statement)
        if asset_id is not None
    }


def pictures_of(session: Session, frame_ids: Sequence[int]) -> dict[int, str]:
    """The keys in the frame store of these frames."""
    statement = select(Frame.id, Frame.picture).where(among(Frame.id, frame_ids))
    return {row.id: row.picture for row in session.execute(statement)}
