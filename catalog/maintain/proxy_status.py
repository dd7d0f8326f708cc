"""What is made of an asset on demand: whether it was asked for, and how far it is."""

from __future__ import annotations

from typing import Any

from catalog.db.engine import Database
from catalog.domain.renditions import RenditionKind
from catalog.maintain.assets import Reference, resolve
from catalog.store import jobs, renditions


def proxy_status(database: Database, reference: Reference) -> dict[str, Any]:
    """Where the proxy of an asset stands; see `Catalog.proxy_status`."""
    kind = RenditionKind.PROXY
    with database.session() as session:
        asset_id = resolve(session, reference)
        # In this order: of one that is finished in between, done without being made is not told.
        told = {row["name"]: row for row in jobs.all_stages(session, asset_id)}
        made = asset_id in renditions.assets_with(session, [asset_id], kind)
    return status_of(asset_id, told.get(kind.value), made=made)


def has_rendition(database: Database, reference: Reference, kind: RenditionKind) -> bool:
    """Whether an asset has a rendition of the kind; NotFoundError if it is none that is seen."""
    with database.session() as session:
        asset_id = resolve(session, reference)
        return asset_id in renditions.assets_with(session, [asset_id], kind)


def status_of(asset_id: int, stage: dict[str, Any] | None, *, made: bool) -> dict[str, Any]:
    """The same, of what is known already: its stage, and whether there is a proxy."""
    state = "done" if made else "none"
    error = None
    if stage is not None:
        state = stage["state"]
        if stage["error_code"]:
            error = {"code": stage["error_code"], "message": stage["error_message"]}
    return {
        "asset": asset_id,
        "kind": RenditionKind.PROXY.value,
        "state": state,
        "progress": None if stage is None else stage["progress"],
        "attempts": 0 if stage is None else stage["attempts"],
        "made": made,
        "error": error,
    }
