"""A place and what it holds: entering it, with what it held before kept in the history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.errors import OutsideRootError
from catalog.ingest.recognise import is_gone, moved_from
from catalog.media.sequences import links_in
from catalog.store import locations, versions
from catalog.store.locations import FileSeen


def enter(
    session: Session,
    seen: FileSeen,
    asset_id: int,
    *,
    new: bool,
    verified: bool,
    why: str = versions.CHANGED,
) -> None:
    """A file holds this asset; if its place held another, that is history now.

    Content that changed under the same name is the next version of what was
    there, also where it could not be read in between, as a file that is still being
    written. A new asset gets what a person had said of the one before.
    """
    before = locations.find_location(session, seen.root_id, seen.path, lock=True)
    old = None if before is None else before.asset_id
    if before is not None and old is None:
        old = versions.last_held(session, seen.root_id, seen.path)
    elif before is not None and old != asset_id:
        versions.keep_in_history(session, [before.id], why)
    locations.save_location(session, seen, asset_id=asset_id, verified=verified)
    if not new:  # what nobody knew nothing can have superseded
        versions.is_here(session, asset_id)
    if old is None or old == asset_id:
        return
    if new:
        versions.carry_over(session, old, asset_id)
    if why == versions.CHANGED:
        versions.supersede(session, old, asset_id)


def settle_moves(database: Database, asset_id: int, seen: FileSeen, *, verified: bool) -> None:
    """Look after the asset's other places, now that one was entered.

    Those that are gone are missing. If the new one was read through, it is one of
    them under another name: that one lives on in the history.
    """
    with database.session() as session:
        places = locations.of_assets(session, [asset_id])
        here = locations.find_location(session, seen.root_id, seen.path)
    others = [place for place in places if here is not None and place.id != here.id]
    gone = [place for place in others if is_gone(place)]
    if not gone:
        return
    moved = moved_from(gone, seen.state, seen.path.name) if verified else None
    with database.session() as session:
        locations.mark_missing(session, [place.id for place in gone])
        if moved is not None:
            versions.forget_moved(session, [moved.id])


def check_inside(file: Path, roots: Sequence[Path]) -> None:
    """No link may lead the catalogue out of the folders it was given.

    Parameters
    ----------
    file:
        The absolute path; of a sequence no frame may be such a link.
    roots:
        The roots' real paths.

    Raises
    ------
    OutsideRootError
        If the file lies, links followed, below none of them.
    """
    for each in (file, *links_in(file)):
        _check_inside(each, roots)


def _check_inside(file: Path, roots: Sequence[Path]) -> None:
    real = Path(os.path.realpath(file))
    if any(real.is_relative_to(root) for root in roots):
        return
    raise OutsideRootError(
        f"{shown_path(file)} is a link, or lies below one, that leads to {shown_path(real)},"
        " out of every root; expected a file within the roots.",
        remedy="Ingest it where it lies: its folder becomes a root then.",
        path=shown_path(file),
        leads_to=shown_path(real),
    )


def real_roots(roots: Sequence[Path]) -> list[Path]:
    """The roots with their own links followed: a root may be a link."""
    return [Path(os.path.realpath(root)) for root in roots]
