"""Assets by any of many names, as logs spell them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Clip, Location, Root, Sidecar
from catalog.domain.paths import path_from_raw
from catalog.store.arrays import among
from catalog.store.sidecars import ClipKey
from catalog.store.visibility import actor_of, visible_to

_EDL_REEL = 8
# What `catalog.domain.sidecars.name_forms` takes for a suffix.
_SUFFIX = r"\.[^.]{1,5}$"


def assets_named(session: Session, forms: Sequence[str]) -> list[Asset]:
    """The assets this session sees that may go by one of these names: of files or of reels.

    With or without suffix, in any case of letters. Versions that were replaced are none.
    """
    wanted = literal(list(forms), ARRAY(Text))
    file = func.lower(func.regexp_replace(Location.path, "^.*/", ""))
    at_place = select(Location.asset_id).where(_is_one(file, wanted))
    statement = (
        select(Asset)
        .where(
            or_(
                _is_one(func.lower(Asset.name), wanted),
                _is_one(func.lower(Asset.reel), wanted),
                Asset.id.in_(at_place),
            ),
            Asset.superseded_by.is_(None),
            visible_to(actor_of(session)),
        )
        .order_by(Asset.id)
    )
    return list(session.execute(statement).scalars())


def _is_one(name: ColumnElement[str], wanted: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(
        name == any_(wanted),
        func.regexp_replace(name, _SUFFIX, "") == any_(wanted),
        func.left(name, _EDL_REEL) == any_(wanted),
    )


def files_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[str]]:
    """Absolute paths of each asset's files, online or not."""
    statement = (
        select(Location.asset_id, Root.raw_path, Location.raw_path)
        .join(Root, Root.id == Location.root_id)
        .where(among(Location.asset_id, asset_ids))
        .order_by(Location.id)
    )
    found: dict[int, list[str]] = {}
    for asset_id, root, below in session.execute(statement):
        if asset_id is not None:
            found.setdefault(asset_id, []).append(str(path_from_raw(root) / path_from_raw(below)))
    return found


def imported_from(session: Session, raw_path: bytes) -> list[int]:
    """The assets that an imported file speaks of, as it was last imported."""
    statement = (
        select(Sidecar.asset_id)
        .join(Asset, Asset.id == Sidecar.asset_id)
        .where(Sidecar.raw_path == raw_path, Sidecar.imported, visible_to(actor_of(session)))
        .order_by(Sidecar.asset_id)
    )
    return list(session.execute(statement).scalars())


def imported_logs(session: Session) -> list[dict[str, Any]]:
    """Files that were imported, as far as this session sees what they speak of; latest first."""
    clips = select(func.count()).where(Clip.sidecar_id == Sidecar.id).scalar_subquery()
    latest = func.max(Sidecar.read_at)
    statement = (
        select(
            func.min(Sidecar.path).label("file"),
            func.min(Sidecar.kind).label("kind"),
            func.count().label("assets"),
            func.sum(clips).label("subclips"),
            latest.label("read_at"),
        )
        .join(Asset, Asset.id == Sidecar.asset_id)
        .where(Sidecar.imported, visible_to(actor_of(session)))
        .group_by(Sidecar.raw_path)
        .order_by(latest.desc(), func.min(Sidecar.path))
    )
    return [
        {
            "file": row.file,
            "name": row.file.rpartition("/")[2],
            "kind": row.kind,
            "assets": row.assets,
            "subclips": int(row.subclips or 0),
            "read_at": row.read_at.isoformat(),
        }
        for row in session.execute(statement)
    ]


def clips_said(session: Session, asset_id: int, raw_path: bytes) -> set[ClipKey]:
    """The clips that a file has brought to an asset."""
    statement = (
        select(Clip.kind, Clip.start_pts, Clip.end_pts, Clip.text, Clip.language)
        .join(Sidecar, Sidecar.id == Clip.sidecar_id)
        .where(Sidecar.asset_id == asset_id, Sidecar.raw_path == raw_path)
    )
    return {(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(statement)}
