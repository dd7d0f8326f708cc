"""Content that was forgotten: until it is certain that no file of it is left in the frame store."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Removed
from catalog.store.intervals import seconds


def note(session: Session, fingerprints: Sequence[str]) -> None:
    """The files of these are to be deleted after this session, and looked for later."""
    if fingerprints:
        rows = [{"fingerprint": each} for each in sorted(fingerprints)]
        noted = insert(Removed).on_conflict_do_update(
            index_elements=[Removed.fingerprint], set_={"at": func.now()}
        )
        session.execute(noted, rows)


def to_look_for(session: Session, *, after_s: float, limit: int) -> dict[str, bool]:
    """What was forgotten longer than so many seconds ago, and whether it has come back since.

    Held until the session ends: two who ask get different ones.
    """
    back = exists(select(Asset.id).where(Asset.fingerprint == Removed.fingerprint))
    statement = (
        select(Removed.fingerprint, back)
        .where(Removed.at < func.clock_timestamp() - seconds(after_s))
        .order_by(Removed.at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Removed)
    )
    return {row[0]: bool(row[1]) for row in session.execute(statement)}


def done_with(session: Session, fingerprints: Sequence[str]) -> None:
    """Nothing of these is left."""
    session.execute(delete(Removed).where(Removed.fingerprint.in_(fingerprints)))
