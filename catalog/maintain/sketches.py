"""Sketches of centres: made behind the vectors, where a library is large enough to want them."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.errors import DatabaseConflictError
from catalog.maintain.alone import alone
from catalog.store import sketches
from catalog.store.sketches import Progress
from catalog.store.vectors import EncoderRow

# Below this a scan of half of all takes a few milliseconds.
SKETCHED_FROM = 20_000
# What has no sketch gets none until it is this share of all; until then its vectors are compared.
_WORTH_FILLING = 0.02
# From here on the library may be another than the basis was made of.
_GROWN = 2
_BATCH = 500  # assets
_PATIENCE_S = 1.0
_PAUSE_S = 0.05
# Any number, as long as it stays the same; the encoder's id is the lock's second half.
_LOCK = 0x736B_6574


def keep_sketches(database: Database, encoder: EncoderRow, centres: int) -> bool:
    """Make what sketches an encoder's centres lack, if they are worth it; whether all are made.

    One process makes them; a second does not wait for it. Where somebody still writes who may
    not know of it, they are left to the next call. Searches are right without, only slower.
    """
    if centres < SKETCHED_FROM or encoder.dimension > sketches.MOST_DIMENSIONS:
        return False
    try:
        return _keep(database, encoder, centres)
    except DatabaseConflictError:
        return False  # it stood in others' way, and can wait


def _keep(database: Database, encoder: EncoderRow, centres: int) -> bool:
    with database.session() as session:
        if not sketches.hold(session, encoder.id):
            return False
        if not _due(session, encoder, sketches.progress(session, encoder.id), centres):
            return False
    with alone(database, _LOCK, encoder.id) as connection:
        if connection is None or not _make(database, encoder, centres):
            return False
        # The index tells which assets have one without a look at their pages, once they
        # are known to; and what `announce` left in it is met by each search.
        connection.execute(text("VACUUM (ANALYZE, INDEX_CLEANUP ON) catalog.sketch"))
        return True


def _due(session: Session, encoder: EncoderRow, now: Progress | None, centres: int) -> bool:
    """Whether enough lacks a sketch; while the encoder is held."""
    if now is None or now.awaits is not None:
        return True
    enough = max(math.ceil(centres * _WORTH_FILLING), 1)
    return sketches.lacking(session, encoder.id, now.basis_id, enough) >= enough


def _make(database: Database, encoder: EncoderRow, centres: int) -> bool:
    """As far as others let us; whether all are made."""
    with database.session() as session:
        if not sketches.hold(session, encoder.id):
            return False
        now = sketches.progress(session, encoder.id)
        # Another process may have been quicker, and the encoder removed meanwhile.
        if not _due(session, encoder, now, centres):
            return False
        if now is None or centres >= _GROWN * now.made_of:
            now = sketches.make_basis(session, encoder, centres)
    if now is None:
        return False
    if _may_go_on(database, now):
        if not _fill(database, encoder, now.basis_id, centres):
            return False
        # An earlier call announced it: what was written since then it did not.
        now = replace(now, awaits=None)
        with database.session() as session:
            if not sketches.hold(session, encoder.id) or not _due(session, encoder, now, centres):
                return True
    if not _announced(database, encoder.id, now):
        return False
    return _fill(database, encoder, now.basis_id, centres)


def _may_go_on(database: Database, now: Progress) -> bool:
    return now.awaits is not None and _all_ended(database, now.awaits)


def _announced(database: Database, encoder_id: int, now: Progress) -> bool:
    """Say what is to be made, unless that was said; whether all know who write."""
    with database.session() as session:
        if now.awaits is not None and sketches.settled(session, now.awaits) is not None:
            return False  # said before, and somebody still writes
        if not sketches.hold(session, encoder_id):
            return False
        sketches.announce(session, encoder_id, now.basis_id)
    with database.session() as session:
        awaits = sketches.announce_made(session, now.basis_id)
    return awaits is not None and _all_ended(database, awaits)


def _all_ended(database: Database, awaits: int) -> bool:
    """Whether all who may not have seen the announcement end within our patience."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        with database.session() as session:
            ended = sketches.settled(session, awaits)
        if ended is None or ended or time.monotonic() > until:
            return bool(ended)
        time.sleep(_PAUSE_S)


def _fill(database: Database, encoder: EncoderRow, basis_id: int, centres: int) -> bool:
    with database.session() as session:
        basis = sketches.read_basis(session, basis_id)
    if basis is None:
        return False  # the encoder was removed meanwhile
    while True:
        with database.session() as session:
            if not sketches.hold(session, encoder.id):
                return False
            assets = sketches.announced(session, encoder.id, basis_id, _BATCH)
            if not assets:
                left = sketches.lacking(session, encoder.id, basis_id, centres)
                sketches.finish(session, basis_id, centres - left)
                return True
            sketches.sketch(session, encoder, basis, assets)
