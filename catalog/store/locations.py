"""Locations: files, and the assets they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Boolean, Select, Table, and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Location, Root
from catalog.domain.file_state import FileState
from catalog.domain.paths import path_from_raw, raw_path, shown_path
from catalog.store.arrays import among


@dataclass(frozen=True, slots=True)
class FileSeen:
    """One file as a look at the disk found it; ``path`` lies below the root."""

    root_id: int
    path: Path
    state: FileState


@dataclass(frozen=True, slots=True)
class LocationState:
    """What the catalogue knows of a file; ``verified`` if all of it was read."""

    id: int
    asset_id: int | None
    root: Path
    path: Path
    state: FileState
    verified: bool

    @property
    def file(self) -> Path:
        """The absolute path."""
        return self.root / self.path


def known_locations() -> Select[*tuple[Any, ...]]:
    """A query for locations, whose rows `states_of` takes."""
    return (
        select(
            Location.id,
            Location.asset_id,
            Root.raw_path,
            Location.raw_path,
            Location.size_bytes,
            Location.modified_ns,
            Location.changed_ns,
            Location.device,
            Location.inode,
            Location.verified,
        )
        .join(Root, Root.id == Location.root_id)
        .order_by(Location.id)
    )


def states_of(rows: Iterable[Any]) -> list[LocationState]:
    """What the rows of `known_locations` say."""
    found = []
    for row in rows:
        number, asset_id, root, below, size, modified, changed, device, inode, verified = row
        state = FileState(size, modified, changed, unsigned(device), unsigned(inode))
        where = path_from_raw(root), path_from_raw(below)
        found.append(LocationState(number, asset_id, *where, state, verified))
    return found


def signed(number: int | None) -> int | None:
    """64 bits as PostgreSQL's bigint holds them."""
    return number if number is None or number < 1 << 63 else number - (1 << 64)


def unsigned(number: int | None) -> int | None:
    """What `signed` was made of."""
    return number if number is None or number >= 0 else number + (1 << 64)


def find_location(
    session: Session, root_id: int, path: Path, *, lock: bool = False
) -> LocationState | None:
    """The catalogue's row of one file, or None if it was never seen.

    With ``lock`` nobody else changes it before the session ends.
    """
    statement = known_locations().where(
        Location.root_id == root_id, Location.raw_path == raw_path(path)
    )
    if lock:
        statement = statement.with_for_update(of=Location)
    return next(iter(states_of(session.execute(statement))), None)


def at_paths(session: Session, root_id: int, paths: Sequence[Path]) -> list[LocationState]:
    """What is known of the files at these paths below a root, as far as they are there."""
    raws = [raw_path(path) for path in paths]
    statement = known_locations().where(
        Location.root_id == root_id, Location.raw_path.in_(raws), Location.online
    )
    return states_of(session.execute(statement))


def of_assets(session: Session, asset_ids: Sequence[int]) -> list[LocationState]:
    """All locations of these assets."""
    return states_of(session.execute(known_locations().where(among(Location.asset_id, asset_ids))))


def of_sample(session: Session, size: int, sample: str) -> list[LocationState]:
    """The locations of all assets of this size whose content has this sample."""
    alike = select(Asset.id).where(Asset.size_bytes == size, Asset.sample == sample)
    return states_of(session.execute(known_locations().where(Location.asset_id.in_(alike))))


def to_verify(
    session: Session, asset_ids: Sequence[int] | None, *, everything: bool
) -> list[LocationState]:
    """Locations that are of their asset in all likelihood, or (``everything``) all online."""
    statement = known_locations().where(Location.asset_id.is_not(None))
    if asset_ids is not None:
        statement = statement.where(among(Location.asset_id, asset_ids))
    statement = statement.where(
        or_(Location.online, Location.verified.is_(False))
        if everything
        else Location.verified.is_(False)
    )
    return states_of(session.execute(statement))


def save_location(
    session: Session,
    seen: FileSeen,
    *,
    asset_id: int | None,
    verified: bool = True,
    error_code: str | None = None,
    error_message: str | None = None,
) -> None:
    """Record where an asset's file lies, or why a file has no asset."""
    session.execute(
        _SAVED,
        {
            "root_id": seen.root_id,
            "raw_path": raw_path(seen.path),
            "asset_id": asset_id,
            "path": shown_path(seen.path),
            **_columns(seen.state),
            "verified": verified,
            "read": verified and asset_id is not None,
            "verify_after": None,
            "verify_error": None,
            "online": True,
            "error_code": error_code,
            "error_message": error_message,
        },
    )


def _saved() -> Insert:
    """A location as it is, in the place of what it was; built once, for it is done for every file.

    Its parameters are the columns that are named here, which file it is, and ``read``: whether all
    of it was read just now.
    """
    table = cast(Table, Location.__table__)
    given = [
        *("asset_id", "path", "size_bytes", "modified_ns", "changed_ns", "device", "inode"),
        *("verified", "verified_at", "verify_after", "verify_error"),
        *("online", "error_code", "error_message"),
    ]
    # By the database's clock, as all that it is compared with.
    read = case((bindparam("read", type_=Boolean), func.clock_timestamp()))
    statement = insert(table).values(verified_at=read)
    other = table.c.asset_id.is_distinct_from(statement.excluded.asset_id)
    return statement.on_conflict_do_update(
        index_elements=[table.c.root_id, table.c.raw_path],
        set_={
            **{name: statement.excluded[name] for name in given},
            "held_since": case((other, func.now()), else_=table.c.held_since),
            "seen_at": func.now(),
        },
    )


_SAVED = _saved()


def _columns(state: FileState) -> dict[str, Any]:
    return {
        "size_bytes": state.size,
        "modified_ns": state.modified_ns,
        "changed_ns": state.changed_ns,
        "device": signed(state.device),
        "inode": signed(state.inode),
    }


def confirm(session: Session, location_ids: Sequence[int], state: FileState) -> None:
    """These names of one file were read through, and are of their assets."""
    session.execute(
        update(Location)
        .where(Location.id.in_(location_ids))
        .values(
            **_columns(state),
            verified=True,
            verified_at=func.clock_timestamp(),
            verify_after=None,
            verify_error=None,
            online=True,
            seen_at=func.now(),
        )
    )


def files_of(session: Session, asset_id: int, *, online_only: bool = True) -> list[Path]:
    """Absolute paths of an asset's files: those that were read first, then as first seen."""
    statement = (
        select(Root.raw_path, Location.raw_path)
        .join(Root, Root.id == Location.root_id)
        .where(Location.asset_id == asset_id)
        .order_by(Location.verified.desc(), Location.id)
    )
    if online_only:
        statement = statement.where(Location.online)
    return [path_from_raw(root) / path_from_raw(path) for root, path in session.execute(statement)]


def locations_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[dict[str, object]]]:
    """Each asset's locations as people are shown them."""
    found: dict[int, list[dict[str, object]]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Location.asset_id, Root.path, Location.path, Location.online, Location.verified)
        .join(Root, Root.id == Location.root_id)
        .where(among(Location.asset_id, asset_ids))
        .order_by(Location.id)
    )
    for asset_id, root, path, online, verified in session.execute(statement):
        if asset_id is not None:
            found[asset_id].append(
                {"root": root, "path": path, "online": online, "verified": verified}
            )
    return found


def mark_online(
    session: Session,
    root_id: int,
    path: Path,
    *,
    online: bool = True,
    state: FileState | None = None,
) -> None:
    """The file is there (in this state), or is gone; its asset stays either way."""
    here = and_(Location.root_id == root_id, Location.raw_path == raw_path(path))
    values: dict[str, Any] = {"online": online}
    changed = Location.online != online
    if state is not None:
        values |= _columns(state)
        columns = (Location.changed_ns, Location.device, Location.inode)
        fresh = (state.changed_ns, signed(state.device), signed(state.inode))
        changed = or_(
            changed, *(c.is_distinct_from(f) for c, f in zip(columns, fresh, strict=True))
        )
    session.execute(update(Location).where(here, changed).values(**values, seen_at=func.now()))


def mark_missing(session: Session, location_ids: Sequence[int]) -> None:
    """These files are gone."""
    session.execute(
        update(Location)
        .where(Location.id.in_(location_ids), Location.online)
        .values(online=False, seen_at=func.now())
    )
