"""Encoders, their vectors, and the queue of frames that have none; of speech see `spoken`.

"Frames without a vector under encoder E" *is* the queue: there is no list
beside it that could disagree with the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Dialect, Text, exists, func, select, union, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session, aliased

from catalog.db.direct import rows_of
from catalog.db.models import Calibration, Clip, Embedding, Encoder, Frame, Phrase, Stage
from catalog.store import lacking
from catalog.store.arrays import among
from catalog.store.locks import lease
from catalog.store.partitions import add_partitions
from catalog.store.spoken import unheard

MAX_DIMENSION = 4000  # pgvector's limit of an index on halfvec
# Any number that nobody else uses. Shared by whoever encodes a batch, for itself by whoever
# removes an encoder: vectors of an encoder that is gone have no place to go.
BATCHES = 0xCA7A_BA7C
_ENTERING = 0xCA7A_E27E


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder as the catalogue knows it."""

    id: int
    name: str
    dimension: int
    precision: str
    weights_digest: str
    active: bool
    filling: bool
    """Whether it is being given its vectors beside the active one."""
    problem: str | None
    """Why that stood still the last time."""
    sees: bool
    """Whether it encodes pictures; else it is a sentence encoder, of speech alone."""
    hears: bool
    """Whether it answers for speech in the active encoder's place."""
    calibrated: Sequence[str]
    """Languages with a calibration of their own, as BCP 47 tags."""


@dataclass(frozen=True, slots=True)
class ClaimedFrame:
    """A frame this session holds until it commits, and where its picture lies."""

    id: int
    clip_id: int
    asset_id: int
    picture: str


_COLUMNS = (
    Encoder.id,
    Encoder.name,
    Encoder.dimension,
    Encoder.precision,
    Encoder.weights_digest,
    Encoder.active,
    Encoder.filling_since.is_not(None),
    Encoder.problem,
    Encoder.sees,
    Encoder.hears,
    func.array(
        select(Calibration.language)
        .where(Calibration.encoder_id == Encoder.id, Calibration.language != "")
        .order_by(Calibration.language)
        .correlate(Encoder)
        .scalar_subquery(),
        type_=ARRAY(Text),
    ),
)


_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
# Every search asks it: compiled once, as the driver takes it.
ANSWERING = str(
    select(*_COLUMNS)
    .where(Encoder.active | Encoder.hears)
    .compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
)

# So is this of every query that is new.
_PHRASES = f"""
    SELECT text, vector, characters_read FROM {Phrase.__table__}
    WHERE encoder_id = %(encoder_id)s AND text = ANY (%(texts)s)
"""  # noqa: S608  # of our own words alone


def list_encoders(session: Session) -> list[EncoderRow]:
    """Every encoder the catalogue has or had vectors of."""
    return [EncoderRow(*row) for row in session.execute(select(*_COLUMNS).order_by(Encoder.id))]


def active_encoder(session: Session) -> EncoderRow | None:
    """The encoder that answers searches, or None in a catalogue that never encoded."""
    row = session.execute(select(*_COLUMNS).where(Encoder.active)).one_or_none()
    return None if row is None else EncoderRow(*row)


def find_encoder(session: Session, name: str) -> EncoderRow | None:
    """The encoder of that name."""
    row = session.execute(select(*_COLUMNS).where(Encoder.name == name)).one_or_none()
    return None if row is None else EncoderRow(*row)


def answering(session: Session) -> tuple[EncoderRow | None, EncoderRow | None]:
    """The encoder that answers searches, and the one that answers for speech."""
    rows = session.connection().exec_driver_sql(ANSWERING).all()
    found = [EncoderRow(*row) for row in rows]
    active = next((row for row in found if row.active), None)
    return active, next((row for row in found if row.hears), active)


def add_encoder(
    session: Session,
    *,
    name: str,
    dimension: int,
    precision: str,
    weights_digest: str,
    sees: bool = True,
) -> EncoderRow:
    """Enter an encoder, with its partitions of the vectors and of their centres.

    Two sessions may try at once: the second waits for the first and finds it done.
    Others go on searching and writing meanwhile.
    """
    # Else the second would wait within the table of encoders, which the partitions' foreign
    # keys want for themselves: each would wait for the other.
    session.execute(select(func.pg_advisory_xact_lock(_ENTERING)))
    session.execute(
        insert(Encoder)
        .values(
            name=name,
            dimension=dimension,
            precision=precision,
            weights_digest=weights_digest,
            sees=sees,
        )
        .on_conflict_do_nothing(index_elements=[Encoder.name])
    )
    row = find_encoder(session, name)
    assert row is not None  # noqa: S101  # written above, in this transaction
    add_partitions(session, row.id, row.dimension)
    return row


def activate_first(session: Session, row: EncoderRow) -> EncoderRow:
    """Let this encoder answer unless one does already; the one that does."""
    session.execute(select(Encoder.id).order_by(Encoder.id).with_for_update(key_share=True))
    active = active_encoder(session)
    if active is not None:
        return active
    session.execute(
        update(Encoder).where(Encoder.id == row.id).values(active=True, filling_since=None)
    )
    return row


def _without_vector(encoder_id: int) -> ColumnElement[bool]:
    """Of a frame; a sentence encoder lacks none."""
    has = exists().where(Embedding.frame_id == Frame.id, Embedding.encoder_id == encoder_id)
    sees = exists().where(Encoder.id == encoder_id, Encoder.sees)
    return ~has & sees


def count_missing(session: Session, encoder_id: int, asset_ids: Sequence[int] | None = None) -> int:
    """How many frames (of these assets, or of all) have no vector under the encoder."""
    return lacking.count(session, Frame.asset_id, _without_vector(encoder_id), asset_ids)


def assets_missing(session: Session, encoder_id: int, asset_ids: Sequence[int]) -> set[int]:
    """Which of these assets have frames or spoken lines without a vector under the encoder."""
    seen = select(Frame.asset_id).where(
        _without_vector(encoder_id), among(Frame.asset_id, asset_ids)
    )
    said = select(Clip.asset_id).where(unheard(encoder_id), among(Clip.asset_id, asset_ids))
    return set(session.execute(union(seen, said)).scalars())


def assets_waiting(
    session: Session,
    encoder_id: int | None,
    *,
    fresh: bool,
    after: int = 0,
    limit: int = 500,
) -> list[int]:
    """Analysed assets that still want encoding, by id from ``after`` on.

    ``fresh``: those never encoded, of which the stage is due. Else those that were, and have a
    frame or a spoken line without a vector of this encoder. What failed there waits for an
    administrator. ``encoder_id`` None: nothing has a vector yet.
    """
    analysed, encoded = aliased(Stage), aliased(Stage)
    statement = (
        select(encoded.asset_id)
        .join(analysed, (analysed.asset_id == encoded.asset_id) & (analysed.name == "analyse"))
        .where(encoded.name == "encode", analysed.state == "done", encoded.asset_id > after)
        .order_by(encoded.asset_id)
        .limit(limit)
    )
    if fresh:
        # As the partial index of open work has it: of a million assets few are open.
        open_ones = encoded.state.in_(("due", "running"))
        none_seen = encoded.state != "failed"
        statement = statement.where(none_seen if encoder_id is None else open_ones)
    elif encoder_id is None:
        return []
    else:
        unseen = select(Frame.asset_id).where(_without_vector(encoder_id))
        missing = unseen.union_all(select(Clip.asset_id).where(unheard(encoder_id)))
        statement = statement.where(encoded.state == "done", encoded.asset_id.in_(missing))
    return list(session.execute(statement).scalars())


def begin_batch(session: Session, encoder_id: int, *, lease_s: float) -> bool:
    """Whether there is such an encoder; if so it stays until this session ends.

    What the session claims is let go of if it stands still for ``lease_s`` seconds: then
    its process is stopped.
    """
    lease(session, lease_s)
    session.execute(select(func.pg_advisory_xact_lock_shared(BATCHES)))
    # A statement of its own: whoever removed encoders while we waited is seen.
    found = session.execute(select(Encoder.id).where(Encoder.id == encoder_id))
    return found.first() is not None


def claim_frames(
    session: Session,
    encoder_id: int,
    *,
    limit: int | None = None,
    after: int = 0,
    asset_ids: Sequence[int] | None = None,
    wait: bool = False,
) -> list[ClaimedFrame]:
    """Up to ``limit`` frames without a vector, as `lacking.claim` has them."""
    rows = lacking.claim(
        session,
        (Frame.id, Frame.clip_id, Frame.asset_id, Frame.picture),
        Frame.asset_id,
        _without_vector(encoder_id),
        limit=limit,
        after=after,
        asset_ids=asset_ids,
        wait=wait,
    )
    return [ClaimedFrame(*row) for row in rows]


def still_missing(
    session: Session, encoder_id: int, claimed: Sequence[ClaimedFrame]
) -> list[ClaimedFrame]:
    """Those of the claimed frames that have no vector even now."""
    return lacking.still_missing(session, Frame.id, _without_vector(encoder_id), claimed)


def write_vectors(
    session: Session, encoder_id: int, frames: Sequence[ClaimedFrame], vectors: np.ndarray
) -> int:
    """Store one vector per frame; how many were new.

    Parameters
    ----------
    vectors:
        ``(len(frames), dimension)`` unit vectors, float32.
    """
    rows = [
        {
            "encoder_id": encoder_id,
            "frame_id": frame.id,
            "clip_id": frame.clip_id,
            "asset_id": frame.asset_id,
            "vector": vector,
        }
        for frame, vector in zip(frames, vectors, strict=True)
    ]
    return lacking.fill(session, Embedding.frame_id, rows)


@dataclass(frozen=True, slots=True, eq=False)
class KeptPhrase:
    """A text's vector ``(dimension,)``, and how much of it was read; None: all."""

    vector: np.ndarray
    characters_read: int | None = None


def cached_phrases(
    session: Session, encoder_id: int, texts: Sequence[str]
) -> dict[str, KeptPhrase]:
    """What is already known of these texts."""
    wanted = {"encoder_id": encoder_id, "texts": list(texts)}
    return {
        row.text: KeptPhrase(np.asarray(row.vector, dtype=np.float32), row.characters_read)
        for row in rows_of(session.connection(), _PHRASES, wanted)
    }


def save_phrases(
    session: Session,
    encoder_id: int,
    texts: Sequence[str],
    vectors: Sequence[np.ndarray],
    *,
    read: Mapping[str, int] | None = None,
) -> None:
    """Keep the vectors of these texts, ``(dimension,)`` each; ``read``: of those read in part."""
    rows = [
        {
            "encoder_id": encoder_id,
            "text": phrase,
            "vector": vector,
            "characters_read": (read or {}).get(phrase),
        }
        for phrase, vector in zip(texts, vectors, strict=True)
    ]
    # The encoder may just be going, and its phrases with it.
    there = (
        select(Encoder.id)
        .where(Encoder.id == encoder_id)
        .with_for_update(read=True, key_share=True)
    )
    if rows and session.execute(there).first() is not None:
        session.execute(insert(Phrase).on_conflict_do_nothing(), rows)


def count_vectors(session: Session, encoder_id: int) -> int:
    """How many frames have a vector under the encoder."""
    statement = select(func.count()).select_from(Embedding)
    return session.execute(statement.where(Embedding.encoder_id == encoder_id)).scalar_one()
