"""Encoders that are given their vectors while another one answers: entering, switching, removing.

An encoder is *active* (one at most: it answers), *filling* (every frame and spoken line, also
what is ingested meanwhile, is given its vector), or *kept* (it answered once; what it has stays).
A sentence encoder is filled with lines alone, and may answer for speech; it is filled on then.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from catalog.db.models import SCHEMA, Embedding, Encoder, EncoderPace, Phrase
from catalog.store import spoken
from catalog.store.intervals import seconds
from catalog.store.partitions import TABLES, drop_partitions
from catalog.store.vectors import BATCHES, EncoderRow, list_encoders

# A rate is of the last minutes; what lies further back tells of another time of day.
PACE_S = 300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an encoder is filled, by all who work at it."""

    frames: int
    seconds: float

    @property
    def rate(self) -> float | None:
        """Frames per second; None where nobody was at it of late."""
        return self.frames / self.seconds if self.frames and self.seconds > 0 else None


def filling(session: Session) -> list[EncoderRow]:
    """The encoders that are being filled, in the order in which they were entered."""
    return [row for row in list_encoders(session) if row.filling]


def begin_filling(session: Session, encoder_id: int) -> None:
    """Have every frame and line given its vector, from the commit on; not of the active one."""
    chosen = update(Encoder).where(Encoder.id == encoder_id, ~Encoder.active)
    since = func.coalesce(Encoder.filling_since, func.clock_timestamp())
    session.execute(chosen.values(filling_since=since))


def note_problem(session: Session, encoder_id: int, problem: str) -> None:
    """Say why the encoder cannot be filled just now."""
    session.execute(update(Encoder).where(Encoder.id == encoder_id).values(problem=problem))


def note_pace(session: Session, encoder_id: int, frames: int) -> None:
    """Count a batch that was just encoded; whatever stood in its way does so no more."""
    now = func.date_trunc("minute", func.clock_timestamp())
    there = select(Encoder.id, now, literal(frames)).where(Encoder.id == encoder_id)
    counted = insert(EncoderPace).from_select(["encoder_id", "minute", "frames"], there)
    session.execute(
        counted.on_conflict_do_update(
            index_elements=[EncoderPace.encoder_id, EncoderPace.minute],
            set_={"frames": EncoderPace.frames + counted.excluded.frames},
        )
    )
    old = EncoderPace.minute < func.clock_timestamp() - seconds(2 * PACE_S)
    session.execute(delete(EncoderPace).where(EncoderPace.encoder_id == encoder_id, old))
    troubled = update(Encoder).where(Encoder.id == encoder_id, Encoder.problem.is_not(None))
    session.execute(troubled.values(problem=None))


def pace(session: Session, encoder_id: int) -> Pace:
    """How fast it went in the last minutes."""
    now = func.clock_timestamp()
    # The first minute counts from when filling began, which may be within it.
    began = func.greatest(func.min(EncoderPace.minute), func.min(Encoder.filling_since))
    statement = (
        select(
            func.coalesce(func.sum(EncoderPace.frames), 0),
            func.coalesce(func.extract("epoch", now - began), 0),
        )
        .join(Encoder, Encoder.id == EncoderPace.encoder_id)
        .where(EncoderPace.encoder_id == encoder_id, EncoderPace.minute > now - seconds(PACE_S))
    )
    frames, took = session.execute(statement).one()
    return Pace(int(frames), float(took))


def switch_to(session: Session, encoder_id: int) -> bool:
    """Let this encoder answer from the commit on, unless that hid a frame; whether it does.

    Until this session ends nobody writes a vector, so that every frame that could
    be found before can be found after.

    Raises
    ------
    LookupError
        If there is no such encoder (any more).
    """
    # Whoever writes a vector asks for a share of its encoder's row.
    locked = select(Encoder.id, Encoder.active).order_by(Encoder.id).with_for_update()
    active = {row.id: row.active for row in session.execute(locked)}
    if encoder_id not in active:
        raise LookupError(encoder_id)
    for before in (known for known, answers in active.items() if answers):
        if before == encoder_id or _hides(session, before, encoder_id):
            return bool(before == encoder_id)
    session.execute(update(Encoder).where(Encoder.active).values(active=False))
    chosen = update(Encoder).where(Encoder.id == encoder_id)
    session.execute(chosen.values(active=True, filling_since=None, problem=None))
    return True


def _hides(session: Session, before: int, after: int) -> bool:
    """Whether a frame, or a spoken line, has a vector under the one and none under the other."""
    own, other = aliased(Embedding), aliased(Embedding)
    has = exists().where(other.frame_id == own.frame_id, other.encoder_id == after)
    missing = select(own.frame_id).where(own.encoder_id == before, ~has).limit(1)
    return session.execute(missing).first() is not None or spoken.hides(session, before, after)


def hear_with(session: Session, encoder_id: int) -> bool:
    """Let this sentence encoder answer for speech from the commit on, unless that hid a line.

    It goes on being filled. The one that answered before, if any, is kept as it is.

    Raises
    ------
    LookupError
        If there is no such encoder (any more).
    """
    locked = select(Encoder.id, Encoder.active, Encoder.hears).order_by(Encoder.id)
    rows = {row.id: row for row in session.execute(locked.with_for_update())}
    if encoder_id not in rows:
        raise LookupError(encoder_id)
    if rows[encoder_id].hears:
        return True
    answering = [row.id for row in rows.values() if row.active or row.hears]
    if any(spoken.hides(session, before, encoder_id) for before in answering):
        return False
    before = update(Encoder).where(Encoder.hears)
    session.execute(before.values(hears=False, filling_since=None, problem=None))
    session.execute(update(Encoder).where(Encoder.id == encoder_id).values(hears=True))
    return True


def hold_batches(session: Session) -> None:
    """Wait for the batches that are being encoded; no other begins until this session ends."""
    session.execute(select(func.pg_advisory_xact_lock(BATCHES)))


def remove_encoder(session: Session, encoder_id: int) -> int:
    """Drop the encoder with its vectors, centres, graph, phrases and calibration; bytes freed.

    After `hold_batches`, for a batch on its way has nowhere to put its vectors.

    Raises
    ------
    ServiceError
        If others kept the tables locked for a minute.
    """
    freed = _bytes_of(session, encoder_id)
    session.execute(delete(Phrase).where(Phrase.encoder_id == encoder_id))
    drop_partitions(session, encoder_id)
    session.execute(delete(Encoder).where(Encoder.id == encoder_id))
    return freed


def _bytes_of(session: Session, encoder_id: int) -> int:
    total = 0
    for name in TABLES:
        size = text("SELECT coalesce(pg_total_relation_size(to_regclass(:name)), 0)")
        found = session.execute(size, {"name": f"{SCHEMA}.{name}_{encoder_id}"}).scalar_one()
        total += int(found)
    return total
