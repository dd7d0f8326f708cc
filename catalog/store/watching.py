"""What a watcher asks and writes: watched roots, what is known of their files, what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    and_,
    any_,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Location, Root, Sidecar, Stage
from catalog.domain.file_state import FileState
from catalog.domain.paths import path_from_raw
from catalog.domain.sidecars import IN_THE_ASSET
from catalog.domain.watching import WatchSettings
from catalog.store.arrays import among
from catalog.store.intervals import seconds
from catalog.store.locations import signed, unsigned
from catalog.store.locks import held_roots


@dataclass(frozen=True, slots=True)
class WatchedRoot:
    """A root that is watched; ``device`` and ``inode`` say which folder it was when last seen."""

    id: int
    path: Path
    settings: WatchSettings
    device: int | None
    inode: int | None
    paused_why: str | None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the catalogue knows it, by the path's bytes below its root."""

    id: int
    raw: bytes
    asset_id: int | None
    online: bool
    error_code: str | None
    state: FileState


def watched_roots(session: Session) -> list[WatchedRoot]:
    """The roots that are watched."""
    rows = session.execute(
        select(Root.id, Root.raw_path, Root.watch, Root.device, Root.inode, Root.paused_why)
        .where(Root.watched)
        .order_by(Root.id)
    )
    return [
        WatchedRoot(
            root_id,
            path_from_raw(raw),
            WatchSettings.of(kept),
            unsigned(device),
            unsigned(inode),
            paused,
        )
        for root_id, raw, kept, device, inode, paused in rows
    ]


def set_watch(session: Session, root_id: int, settings: WatchSettings | None) -> None:
    """Have a root watched like this; None: no more."""
    values: dict[str, Any] = {"watched": settings is not None, "paused_at": None}
    if settings is not None:
        values["watch"] = settings.kept()
    session.execute(update(Root).where(Root.id == root_id).values(**values, paused_why=None))


def note_folder(session: Session, root_id: int, device: int, inode: int) -> None:
    """The root's storage is there, and this is its folder; files that lay on it still do.

    Numbers of devices change when storage is mounted anew.
    """
    before = session.execute(
        select(Root.device).where(Root.id == root_id).with_for_update()
    ).scalar_one_or_none()
    session.execute(
        update(Root)
        .where(Root.id == root_id)
        .values(device=signed(device), inode=signed(inode), paused_at=None, paused_why=None)
    )
    if before is not None and before != signed(device):
        session.execute(
            update(Location)
            .where(Location.root_id == root_id, Location.device == before)
            .values(device=signed(device))
        )


def pause(session: Session, root_id: int, why: str) -> None:
    """The root's storage is away; since when, is kept."""
    session.execute(
        update(Root)
        .where(Root.id == root_id)
        .values(paused_at=func.coalesce(Root.paused_at, func.clock_timestamp()), paused_why=why)
    )


def known_files(session: Session, root_id: int, raws: Sequence[bytes]) -> dict[bytes, KnownFile]:
    """What is known of these files."""
    statement = select(
        Location.id,
        Location.raw_path,
        Location.asset_id,
        Location.online,
        Location.error_code,
        Location.size_bytes,
        Location.modified_ns,
        Location.changed_ns,
        Location.device,
        Location.inode,
    ).where(
        Location.root_id == root_id,
        Location.raw_path == any_(literal(list(raws), ARRAY(LargeBinary))),
    )
    found = {}
    for (
        number,
        raw,
        asset_id,
        online,
        code,
        size,
        modified,
        changed,
        device,
        inode,
    ) in session.execute(statement):
        state = FileState(size, modified, changed, unsigned(device), unsigned(inode))
        found[raw] = KnownFile(number, raw, asset_id, online, code, state)
    return found


def online_files(
    session: Session, root_id: int, *, below: bytes = b"", after: bytes = b"", limit: int
) -> list[tuple[int, bytes, int | None]]:
    """Files that were there when last looked for, by path: id, path, device.

    ``below`` is a file or a folder; ``after`` the last path of the page before.
    """
    statement = (
        select(Location.id, Location.raw_path, Location.device)
        .where(
            Location.root_id == root_id,
            Location.online,
            Location.raw_path > after,
            _below(below),
        )
        .order_by(Location.raw_path)
        .limit(limit)
    )
    return [(number, raw, unsigned(dev)) for number, raw, dev in session.execute(statement)]


def _below(folder: bytes) -> ColumnElement[bool]:
    if not folder:
        return true()
    # All that begins with "folder/": "0" is the byte after the slash.
    inside = and_(Location.raw_path >= folder + b"/", Location.raw_path < folder + b"0")
    return (Location.raw_path == folder) | inside


def assets_in(session: Session, root_id: int, folder: bytes) -> list[int]:
    """Assets with a file that is there in this very folder of a root; b"" is the root itself."""
    name = func.substr(Location.raw_path, len(folder) + 2 if folder else 1)
    statement = (
        select(Location.asset_id)
        .where(
            Location.root_id == root_id,
            Location.online,
            Location.asset_id.is_not(None),
            _below(folder),
            # Escaped, a slash is itself, and nothing else is a slash.
            ~func.encode(name, "escape").contains("/"),
        )
        .order_by(Location.asset_id)
        .distinct()
    )
    return [asset_id for asset_id in session.execute(statement).scalars() if asset_id is not None]


def sidecar_files(
    session: Session, root_id: int, *, after: int, limit: int
) -> list[tuple[int, int, bytes]]:
    """Files beside media of the root that said something, by id: that, the asset, the path.

    Without those that a person imported: what they said stays when they go.
    """
    statement = (
        select(Sidecar.id, Sidecar.asset_id, Sidecar.raw_path)
        .where(
            Sidecar.id > after,
            Sidecar.kind.not_in(IN_THE_ASSET),
            ~Sidecar.imported,
            exists().where(
                Location.asset_id == Sidecar.asset_id, Location.root_id == root_id, Location.online
            ),
        )
        .order_by(Sidecar.id)
        .limit(limit)
    )
    return [(row.id, row.asset_id, row.raw_path) for row in session.execute(statement)]


def some_online(session: Session, root_id: int, limit: int) -> list[bytes]:
    """A few of the root's files that were there: the last seen, for they are likely to be."""
    statement = (
        select(Location.raw_path)
        .where(Location.root_id == root_id, Location.online)
        .order_by(Location.seen_at.desc())
        .limit(limit)
    )
    return list(session.execute(statement).scalars())


def mark_back(session: Session, location_ids: Sequence[int]) -> None:
    """These files are there again."""
    session.execute(
        update(Location)
        .where(among(Location.id, location_ids), Location.online.is_(False))
        .values(online=True, seen_at=func.now())
    )


def note_settled(session: Session, asset_id: int, seconds_ago: float) -> None:
    """Since when the file of a new asset is settled."""
    moment = func.clock_timestamp() - seconds(seconds_ago)
    session.execute(update(Asset).where(Asset.id == asset_id).values(settled_at=moment))


def unfinished_files(
    session: Session, root_ids: Sequence[int], *, after: int, limit: int
) -> list[tuple[int, Path]]:
    """Assets of these roots that are neither ready nor failed, by id, each with a file."""
    over = exists().where(
        Stage.asset_id == Location.asset_id,
        ((Stage.name == "encode") & Stage.state.in_(("done", "failed")))
        | ((Stage.name == "analyse") & (Stage.state == "failed")),
    )
    first = (
        select(func.min(Location.id))
        .join(Root, Root.id == Location.root_id)
        .where(
            among(Location.root_id, root_ids),
            Location.asset_id > after,
            Location.online,
            Root.paused_at.is_(None),
            ~over,
        )
        .group_by(Location.asset_id)
        .order_by(Location.asset_id)
        .limit(limit)
    )
    statement = (
        select(Location.asset_id, Root.raw_path, Location.raw_path)
        .join(Root, Root.id == Location.root_id)
        .where(Location.id.in_(first.scalar_subquery()))
        .order_by(Location.asset_id)
    )
    return [
        (asset_id, path_from_raw(root) / path_from_raw(below))
        for asset_id, root, below in session.execute(statement)
        if asset_id is not None
    ]


def paused_roots(session: Session) -> list[tuple[str, datetime, str]]:
    """Watched roots whose storage is away: path, since when, and how that shows."""
    statement = select(Root.path, Root.paused_at, Root.paused_why).where(
        Root.watched, Root.paused_at.is_not(None)
    )
    rows = session.execute(statement.order_by(Root.path))
    return [
        (path, since, why) for path, since, why in rows if since is not None and why is not None
    ]


def unwatched_roots(session: Session) -> tuple[int, list[Path]]:
    """How many roots are to be watched, and those of them that no process watches."""
    watched = watched_roots(session)
    held = {row[0] for row in session.execute(held_roots())}
    return len(watched), sorted(root.path for root in watched if root.id not in held)


def latency(session: Session, *, newest: int) -> dict[str, Any] | None:
    """Seconds from settled to searchable of the newest assets that a watcher brought.

    None if there is none; else their number, the median, the 95th percentile and the longest.
    """
    took = func.extract("epoch", Stage.first_done_at - Asset.settled_at).label("seconds")
    taken = (
        select(took)
        .select_from(Asset)
        .join(Stage, and_(Stage.asset_id == Asset.id, Stage.name == "encode"))
        .where(Asset.settled_at.is_not(None), Stage.first_done_at.is_not(None))
        .order_by(Asset.id.desc())
        .limit(newest)
        .subquery()
    )
    at = func.percentile_cont(0.5).within_group(taken.c.seconds)
    late = func.percentile_cont(0.95).within_group(taken.c.seconds)
    row = session.execute(select(func.count(), at, late, func.max(taken.c.seconds))).one()
    if not row[0]:
        return None
    names = ("median_s", "p95_s", "longest_s")
    return {"assets": row[0]} | {
        name: round(float(value), 3) for name, value in zip(names, row[1:], strict=True)
    }
