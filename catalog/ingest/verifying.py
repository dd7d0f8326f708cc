"""Verifying in the background: a file now and then, at a pace, after everything else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.errors import MediaError
from catalog.ingest.verify import Verifier, altered, file_is_there
from catalog.media.fingerprint import look
from catalog.store import roots, service, verifying
from catalog.store.locations import LocationState
from catalog.store.locks import verification_held, verification_lock

_log = logging.getLogger(__name__)

SLICE_S = 300.0
"""How long a run goes on before it lets others have the process; a file is read to its end."""
LOOK_S = 2.0
"""How often, while a file is read, it is looked whether others want to read."""
FAULT_S, GAVE_WAY_S = 86_400.0, 3600.0
"""For how long a file is left that could not be read, or was not read to its end."""
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is read through.

    Attributes
    ----------
    bytes_per_s:
        On average; 0 is nothing at all.
    again_s:
        What was read through within so many seconds is not read again.
    """

    bytes_per_s: float
    again_s: float


STILL = Pace(0.0, 0.0)
"""Nothing is read."""


@dataclass(slots=True)
class Verified:
    """What a run has done; ``idle`` is why it did no more."""

    confirmed: int = 0
    bytes_read: int = 0
    split: int = 0
    faults: int = 0
    idle: str = ""


class _GaveWayError(BaseException):
    """Somebody wants to read what is fresh. Nothing is wrong with the file."""


def wants_verifying(session: Session, pace: Pace) -> bool:
    """Whether a worker should be sent to verify now: it is time, and nobody is at it, or waits."""
    return (
        pace.bytes_per_s > 0
        and verifying.pace_allows(session)
        and not verifying.others_want_to_read(session)
        and not verification_held(session)
        and verifying.anything_to_verify(session, again_s=pace.again_s)
    )


def verify_some(database: Database, pace: Pace) -> Verified:
    """Read files through until the pace, the time or other work says to stop.

    One process of the catalogue at a time does; others return at once. What was read is noted
    file by file, so that whoever is killed has lost but one.

    Raises
    ------
    ServiceError
        If the database is away.
    """
    done = Verified()
    if pace.bytes_per_s <= 0:
        done.idle = "it is switched off"
        return done
    with verification_lock(database.engine) as held:
        if not held:
            done.idle = "another is at it"
            return done
        try:
            _go_on(database, pace, done)
        except _GaveWayError:
            done.idle = "others want to read"
    return done


def _go_on(database: Database, pace: Pace, done: Verified) -> None:
    end = monotonic() + SLICE_S
    verifier = Verifier(database, on_bytes=_watchful(database))
    while True:
        with database.session() as session:
            away = [number for number, root in roots.list_roots(session) if not root.exists()]
            places = verifying.next_to_verify(
                session, again_s=pace.again_s, limit=_AT_ONCE, but=away
            )
        if not places:
            done.idle = "all files were read through"
            return
        for place in places:
            if (why := _must_rest(database)) or monotonic() >= end:
                done.idle = why or "its time is up"
                return
            _verify_one(database, verifier, place, pace, done)


def _must_rest(database: Database) -> str:
    with database.session() as session:
        if service.paused(session) is not None:
            return "the service is paused"
        if verifying.others_want_to_read(session):
            return "others want to read"
        return "" if verifying.pace_allows(session) else "the pace is kept"


def _watchful(database: Database) -> Callable[[int], None]:
    """Hears of bytes that were read, and gives way as soon as others want to read."""
    looked = monotonic()

    def heard(_count: int) -> None:
        nonlocal looked
        if monotonic() - looked < LOOK_S:
            return
        looked = monotonic()
        with database.session() as session:
            if verifying.others_want_to_read(session):
                raise _GaveWayError

    return heard


def _verify_one(
    database: Database, verifier: Verifier, place: LocationState, pace: Pace, done: Verified
) -> None:
    before, fault = verifier.bytes_read, None
    try:
        fault = _fault_of(database, verifier, place, done)
    except MediaError as error:
        fault = error.message
    finally:
        read = verifier.bytes_read - before
        done.bytes_read += read
        if read:
            with database.session() as session:
                verifying.count_read(session, read / pace.bytes_per_s)
    if fault is None:
        return
    if fault:
        done.faults += 1
        _log.warning("verify_fault", extra={"path": shown_path(place.file), "reason": fault})
    with database.session() as session:
        verifying.put_off(session, place.id, FAULT_S, fault or None)


def _fault_of(
    database: Database, verifier: Verifier, place: LocationState, done: Verified
) -> str | None:
    """Read a file; what is wrong with it: None is nothing, and empty that it cannot be said now."""
    if not file_is_there(place.file):
        return ""  # whether it is missing, or its storage away, the watcher and an ingest judge
    if not look(place.file).written_as(place.state):
        return "It was written to since it was catalogued; an ingest takes that in."
    # Whoever is through with it takes that back. Else it was broken off, or has ended or hung its
    # reader, and without this it would be the next again, for ever.
    with database.session() as session:
        verifying.put_off(session, place.id, GAVE_WAY_S, None)
    split = verifier.verify(place)
    if split is None:
        done.confirmed += 1
        return None
    done.split += 1
    if altered(place) is not None:
        done.faults += 1  # noted with the file itself
        _log.error("content_altered", extra={"path": split.path, "asset_id": split.was})
    return None
