"""Versions: what lay at a place before, and what came after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DateTime,
    LargeBinary,
    Text,
    and_,
    any_,
    cast,
    delete,
    exists,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, AssetTag, Location, LocationHistory, Root
from catalog.domain.paths import path_from_raw, raw_path
from catalog.store.arrays import among

CHANGED, MOVED, MISTAKEN = "changed", "moved", "mistaken"
_RAWS = ARRAY(LargeBinary)


def keep_in_history(session: Session, location_ids: Sequence[int], why: str) -> None:
    """Write down what these places hold, because they are about to hold it no more."""
    columns = ["root_id", "asset_id", "path", "raw_path", "size_bytes", "modified_ns"]
    held = select(
        *(Location.__table__.c[name] for name in columns), Location.held_since, literal(why, Text)
    ).where(Location.id.in_(location_ids), Location.asset_id.is_not(None))
    session.execute(insert(LocationHistory).from_select([*columns, "held_since", "why"], held))


def forget_moved(session: Session, location_ids: Sequence[int]) -> None:
    """These files lie elsewhere now: their places go into the history."""
    keep_in_history(session, location_ids, MOVED)
    session.execute(delete(Location).where(Location.id.in_(location_ids)))


def taken_in(session: Session, root_id: int, paths: Sequence[Path], asset_id: int) -> None:
    """What lies at these paths below a root is part of an asset now, and no asset of its own.

    Those that were are kept in the history of their places, superseded by the asset.
    """
    raws = [raw_path(path) for path in paths]
    held = session.execute(
        select(Location.id, Location.asset_id)
        .where(Location.root_id == root_id, Location.raw_path == any_(literal(raws, _RAWS)))
        .with_for_update(of=Location)
    ).all()
    if not held:
        return
    forget = [location_id for location_id, _ in held]
    keep_in_history(session, forget, CHANGED)
    session.execute(delete(Location).where(Location.id.in_(forget)))
    for old in sorted({old for _, old in held if old not in (None, asset_id)}):
        supersede(session, old, asset_id)


def last_held(session: Session, root_id: int, path: Path) -> int | None:
    """The asset that lay at a path until it changed into what could not be read; None if none."""
    last = session.execute(
        select(LocationHistory.asset_id, LocationHistory.why, Asset.superseded_by)
        .join(Asset, Asset.id == LocationHistory.asset_id)
        .where(LocationHistory.root_id == root_id, LocationHistory.raw_path == raw_path(path))
        .order_by(LocationHistory.held_until.desc(), LocationHistory.id.desc())
        .limit(1)
    ).first()
    if last is None or last.why != CHANGED or last.superseded_by is not None:
        return None
    held: int = last.asset_id
    return held


def changed_file(session: Session, asset_id: int) -> Path | None:
    """Where the asset's last file lay until it was written to; None if none of it was."""
    last = session.execute(
        select(Root.raw_path, LocationHistory.raw_path.label("below"), LocationHistory.why)
        .join(Root, Root.id == LocationHistory.root_id)
        .where(LocationHistory.asset_id == asset_id)
        .order_by(LocationHistory.held_until.desc(), LocationHistory.id.desc())
        .limit(1)
    ).first()
    if last is None or last.why != CHANGED:
        return None
    return path_from_raw(last.raw_path) / path_from_raw(last.below)


def is_here(session: Session, asset_id: int) -> None:
    """A file has this content: nothing has superseded it."""
    session.execute(
        update(Asset)
        .where(Asset.id == asset_id, Asset.superseded_by.is_not(None))
        .values(superseded_by=None)
    )


def supersede(session: Session, old: int, new: int) -> None:
    """``new`` lies where ``old`` lay: its next version, unless ``old`` has other files.

    No circle can come of it, for what has a file is superseded by nothing.
    """
    elsewhere = exists(select(1).where(Location.asset_id == old))
    session.execute(update(Asset).where(Asset.id == old, ~elsewhere).values(superseded_by=new))


def carry_over(session: Session, old: int, new: int) -> None:
    """What a person said of ``old`` is said of ``new``, too: its collection and its tags.

    What a sidecar said it has to say again, and clips are of the old pictures.
    """
    before = select(Asset.collection).where(Asset.id == old).scalar_subquery()
    session.execute(
        update(Asset).where(Asset.id == new, Asset.collection.is_(None)).values(collection=before)
    )
    tags = select(literal(new), AssetTag.tag_id).where(
        AssetTag.asset_id == old, AssetTag.from_sidecar.is_(False)
    )
    session.execute(
        upsert(AssetTag).from_select(["asset_id", "tag_id"], tags).on_conflict_do_nothing()
    )


def history_of(session: Session, asset_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Where each asset lay before, the first place first."""
    found: dict[int, list[dict[str, Any]]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(
            LocationHistory.asset_id,
            Root.path.label("root"),
            LocationHistory.path,
            LocationHistory.held_since,
            LocationHistory.held_until,
            LocationHistory.why,
        )
        .join(Root, Root.id == LocationHistory.root_id)
        .where(among(LocationHistory.asset_id, asset_ids))
        .order_by(LocationHistory.held_until, LocationHistory.id)
    )
    for row in session.execute(statement):
        entry = dict(row._mapping)
        found[entry.pop("asset_id")].append(entry)
    return found


def versions_of(session: Session, asset_id: int) -> list[dict[str, Any]]:
    """All that ever lay where this asset lies or lay: place by place, the first version first.

    ``held_until`` and ``why`` are None of what a place holds now.
    """
    past, present = LocationHistory, Location
    places = union_all(
        select(past.root_id, past.raw_path).where(past.asset_id == asset_id),
        select(present.root_id, present.raw_path).where(present.asset_id == asset_id),
    ).subquery()
    entries = union_all(
        select(
            past.asset_id, past.root_id, past.raw_path, past.path, past.size_bytes,
            past.held_since, past.held_until, past.why,
        ),
        select(
            present.asset_id, present.root_id, present.raw_path, present.path,
            present.size_bytes, present.held_since,
            cast(null(), DateTime(timezone=True)), cast(null(), Text),
        ).where(present.asset_id.is_not(None)),
    ).subquery()  # fmt: skip
    same = and_(places.c.root_id == entries.c.root_id, places.c.raw_path == entries.c.raw_path)
    statement = (
        select(
            entries.c.asset_id.label("asset"),
            Asset.name,
            Asset.fingerprint,
            entries.c.size_bytes,
            Root.path.label("root"),
            entries.c.path,
            entries.c.held_since,
            entries.c.held_until,
            entries.c.why,
            Asset.superseded_by,
        )
        .join(Asset, Asset.id == entries.c.asset_id)
        .join(Root, Root.id == entries.c.root_id)
        .where(exists(select(1).where(same).correlate(entries)))
        .order_by(
            Root.path, entries.c.path, entries.c.held_until.nulls_last(), entries.c.held_since
        )
    )
    return [dict(row._mapping) for row in session.execute(statement)]
