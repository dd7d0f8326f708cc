"""Reading files through in the background: which is the next, when, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, text, true, update
from sqlalchemy.orm import Session

from catalog.db.models import Location, Root, Service, Stage
from catalog.store.intervals import seconds
from catalog.store.locations import LocationState, known_locations, states_of

CATCH_UP_S = 86_400.0
"""What was not read at the pace, for there was other work, is caught up with for so long back."""
_READS_MEDIA = ("analyse", "proxy", "sound")


def next_to_verify(
    session: Session, *, again_s: float, limit: int, but: Collection[int] = ()
) -> list[LocationState]:
    """Files to be read through: never read ones first, then those that were read longest ago.

    Those within the last ``again_s`` seconds are left; ``but`` are roots that are away.
    """
    statement = known_locations().where(_due(again_s))
    if but:
        statement = statement.where(Location.root_id.not_in(but))
    order = (Location.verified, Location.verified_at.nulls_first())
    return states_of(session.execute(statement.order_by(None).order_by(*order).limit(limit)))


def anything_to_verify(session: Session, *, again_s: float) -> bool:
    """Whether there is any such file, roots that are away counted."""
    return bool(session.execute(select(exists().where(_due(again_s)))).scalar_one())


def _due(again_s: float) -> ColumnElement[bool]:
    now = func.now()
    # Each alternative is a range of the one index.
    old = or_(
        Location.verified.is_(False),
        and_(Location.verified.is_(True), Location.verified_at.is_(None)),
        and_(Location.verified.is_(True), Location.verified_at < now - seconds(again_s)),
    )
    return and_(
        Location.online,
        Location.asset_id.is_not(None),
        old,
        or_(Location.verify_after.is_(None), Location.verify_after <= now),
    )


def others_want_to_read(session: Session) -> bool:
    """Whether there is work that reads media and comes first: it waits, or a file is analysed."""
    at_work = and_(Stage.name == "analyse", Stage.state == "running")
    waits = and_(Stage.name.in_(_READS_MEDIA), Stage.state == "due")
    return bool(session.execute(select(exists().where(or_(at_work, waits)))).scalar_one())


def pace_allows(session: Session) -> bool:
    """Whether it is time for the next file."""
    later = select(exists().where(Service.verify_from > func.clock_timestamp()))
    return not session.execute(later).scalar_one()


def count_read(session: Session, took_s: float) -> None:
    """What was read is, at the pace, so many seconds' worth: the next file waits for them."""
    now = func.clock_timestamp()
    earliest = now - seconds(CATCH_UP_S)
    since = func.greatest(func.coalesce(Service.verify_from, now), earliest)
    session.execute(update(Service).values(verify_from=since + seconds(literal(took_s))))


def put_off(session: Session, location_id: int, for_s: float, error: str | None) -> None:
    """Leave a file for so many seconds; what was wrong with it, if anything."""
    later = func.clock_timestamp() + seconds(for_s)
    values: dict[str, Any] = {"verify_after": later}
    if error is not None:
        values["verify_error"] = error[:2000].replace("\x00", "\\x00")
    session.execute(update(Location).where(Location.id == location_id).values(**values))


def note_error(session: Session, root_id: int, raw_path: bytes, error: str) -> None:
    """Keep with a file what reading it through has found, until it is next read."""
    here = and_(Location.root_id == root_id, Location.raw_path == raw_path)
    session.execute(update(Location).where(here).values(verify_error=error[:2000]))


def verifying_figures(session: Session) -> dict[str, Any]:
    """How far the files are known by reading: counts, bytes of the last day, the oldest, faults."""
    there = and_(Location.online, Location.asset_id.is_not(None))
    lately = Location.verified_at > func.now() - text("interval '1 day'")
    read = and_(there, Location.verified, lately)
    size = func.coalesce(func.sum(Location.size_bytes), 0)
    files, count = session.execute(select(func.count(), size).where(read)).one()
    oldest = select(func.min(Location.verified_at)).where(there, Location.verified)
    never = select(func.count()).where(there, Location.verified.is_(False))
    faults = select(func.count()).where(_at_fault())
    until = session.execute(select(Service.verify_from).where(true())).scalar_one_or_none()
    since = session.execute(oldest).scalar_one()
    return {
        "never_read": session.execute(never).scalar_one(),
        "files_last_day": files,
        "bytes_last_day": int(count),
        "oldest": None if since is None else since.isoformat(),
        "faults": session.execute(faults).scalar_one(),
        "next": None if until is None else until.isoformat(),
    }


def _at_fault() -> ColumnElement[bool]:
    # What is gone nobody will read again, and it is known to be missing.
    return and_(Location.verify_error.is_not(None), Location.online)


def faults(session: Session, *, limit: int) -> list[tuple[str, str]]:
    """Files that could not be read through, or were not what they were: path and reason."""
    columns = (Root.path, Location.path, Location.verify_error)
    joined = select(*columns).join(Root, Root.id == Location.root_id)
    statement = joined.where(_at_fault())
    rows = session.execute(statement.order_by(Location.id.desc()).limit(limit))
    return [(f"{row[0]}/{row[1]}", row[2] or "") for row in rows]
