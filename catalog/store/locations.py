"""Locations: files, and the assets they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Location, Root
from catalog.domain.paths import path_from_raw, raw_path, shown_path
from catalog.store.arrays import among


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One file as a look at the disk found it; ``path`` lies below the root."""

    root_id: int
    path: Path
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class LocationState:
    """What the catalogue knows of a file."""

    asset_id: int | None
    size: int
    modified_ns: int
    error_code: str | None
    error_message: str | None


def find_location(session: Session, root_id: int, path: Path) -> LocationState | None:
    """The catalogue's row of one file, or None if it was never seen."""
    row = session.execute(
        select(
            Location.asset_id,
            Location.size_bytes,
            Location.modified_ns,
            Location.error_code,
            Location.error_message,
        ).where(Location.root_id == root_id, Location.raw_path == raw_path(path))
    ).one_or_none()
    return None if row is None else LocationState(*row)


def save_location(
    session: Session,
    seen: FileSeen,
    *,
    asset_id: int | None,
    error_code: str | None = None,
    error_message: str | None = None,
) -> None:
    """Record where an asset's file lies, or why a file has no asset."""
    values = {
        "asset_id": asset_id,
        "path": shown_path(seen.path),
        "size_bytes": seen.size,
        "modified_ns": seen.modified_ns,
        "online": True,
        "error_code": error_code,
        "error_message": error_message,
    }
    statement = insert(Location).values(
        root_id=seen.root_id, raw_path=raw_path(seen.path), **values
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Location.root_id, Location.raw_path],
            set_={**values, "seen_at": func.now()},
        )
    )


def files_of(session: Session, asset_id: int, *, online_only: bool = True) -> list[Path]:
    """Absolute paths of an asset's files, in the order they were first seen."""
    statement = (
        select(Root.raw_path, Location.raw_path)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == asset_id)
        .order_by(Location.id)
    )
    if online_only:
        statement = statement.where(Location.online)
    return [path_from_raw(root) / path_from_raw(path) for root, path in session.execute(statement)]


def locations_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[dict[str, object]]]:
    """Each asset's locations as people are shown them."""
    found: dict[int, list[dict[str, object]]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Location.asset_id, Root.path, Location.path, Location.online)
        .join(Root, Root.id == Location.root_id)
        .where(among(Location.asset_id, asset_ids))
        .order_by(Location.id)
    )
    for asset_id, root, path, online in session.execute(statement):
        if asset_id is not None:
            found[asset_id].append({"root": root, "path": path, "online": online})
    return found


def mark_online(session: Session, root_id: int, path: Path, *, online: bool = True) -> None:
    """The file is there, or is gone; its asset stays either way."""
    session.execute(
        update(Location)
        .where(
            Location.root_id == root_id,
            Location.raw_path == raw_path(path),
            Location.online != online,
        )
        .values(online=online, seen_at=func.now())
    )
