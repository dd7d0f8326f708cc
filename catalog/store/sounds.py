"""Sound encoders, what they have heard, and what they made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from sqlalchemy import delete, exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, SoundEncoder, SoundHeard, SoundPhrase, SoundWindow, Stage
from catalog.store.arrays import among


@dataclass(frozen=True, slots=True)
class SoundEncoderRow:
    """A sound encoder as the catalogue knows it."""

    id: int
    name: str
    dimension: int
    weights_digest: str


@dataclass(frozen=True, slots=True)
class HeardWindow:
    """A range of an asset's sound, in its time base, and its vector."""

    start_pts: int
    end_pts: int
    vector: np.ndarray


_COLUMNS = (
    SoundEncoder.id,
    SoundEncoder.name,
    SoundEncoder.dimension,
    SoundEncoder.weights_digest,
)


def find_encoder(session: Session, name: str) -> SoundEncoderRow | None:
    """The sound encoder of that name."""
    row = session.execute(select(*_COLUMNS).where(SoundEncoder.name == name)).one_or_none()
    return None if row is None else SoundEncoderRow(*row)


def enter_encoder(
    session: Session, *, name: str, dimension: int, weights_digest: str
) -> SoundEncoderRow:
    """The sound encoder's row, written if it is new."""
    values = {"name": name, "dimension": dimension, "weights_digest": weights_digest}
    statement = upsert(SoundEncoder).values(values)
    session.execute(statement.on_conflict_do_nothing(index_elements=[SoundEncoder.name]))
    row = find_encoder(session, name)
    assert row is not None  # noqa: S101  # written above, in this transaction
    return row


def kept_phrase(session: Session, encoder_id: int, phrase: str) -> np.ndarray | None:
    """The vector ``(dimension,)`` of a text under a sound encoder, if it was asked for before."""
    mine = (SoundPhrase.encoder_id == encoder_id, SoundPhrase.text == phrase)
    vector = session.execute(select(SoundPhrase.vector).where(*mine)).scalar_one_or_none()
    return None if vector is None else np.asarray(vector, dtype=np.float32)


def keep_phrase(session: Session, encoder_id: int, phrase: str, vector: np.ndarray) -> None:
    """Keep the vector ``(dimension,)`` of a text; no more, where the encoder has gone meanwhile."""
    columns = (SoundPhrase.encoder_id, SoundPhrase.text, SoundPhrase.vector)
    values = (literal(phrase, columns[1].type), literal(vector, columns[2].type))
    row = select(SoundEncoder.id, *values).where(SoundEncoder.id == encoder_id)
    # Locked, it cannot go before this is written.
    there = row.with_for_update(key_share=True, read=True)
    session.execute(upsert(SoundPhrase).from_select(columns, there).on_conflict_do_nothing())


def unheard(
    session: Session, encoder_id: int | None, asset_ids: Sequence[int] | None = None
) -> list[int]:
    """Which assets (of these, or all) have sound that the encoder has not heard.

    Those that are analysed, in the order they were registered; without those that failed,
    which wait for `catalog retry`. No encoder has heard anything.
    """
    analysed = exists().where(
        Stage.asset_id == Asset.id, Stage.name == "analyse", Stage.state == "done"
    )
    failed = exists().where(
        Stage.asset_id == Asset.id, Stage.name == "sound", Stage.state == "failed"
    )
    statement = select(Asset.id).where(
        Asset.kind.in_(("video", "audio")), Asset.audio_tracks > 0, analysed, ~failed
    )
    if encoder_id is not None:
        heard = exists().where(SoundHeard.asset_id == Asset.id, SoundHeard.encoder_id == encoder_id)
        statement = statement.where(~heard)
    if asset_ids is not None:
        statement = statement.where(among(Asset.id, asset_ids))
    return list(session.execute(statement.order_by(Asset.id)).scalars())


def time_base_of(session: Session, asset_id: int) -> Fraction:
    """Seconds per pts of an analysed asset."""
    row = session.execute(
        select(Asset.time_base_num, Asset.time_base_den).where(Asset.id == asset_id)
    ).one()
    return Fraction(row[0] or 0, row[1] or 1)


def write_windows(
    session: Session, encoder_id: int, asset_id: int, windows: Sequence[HeardWindow]
) -> None:
    """All that an encoder made of an asset's sound, in the place of what it made before."""
    mine = (SoundWindow.encoder_id == encoder_id, SoundWindow.asset_id == asset_id)
    session.execute(delete(SoundWindow).where(*mine))
    if windows:
        rows = [
            {
                "encoder_id": encoder_id,
                "asset_id": asset_id,
                "start_pts": each.start_pts,
                "end_pts": each.end_pts,
                "vector": each.vector,
            }
            for each in windows
        ]
        session.execute(insert(SoundWindow), rows)
    heard = upsert(SoundHeard).values(encoder_id=encoder_id, asset_id=asset_id)
    session.execute(
        heard.on_conflict_do_update(
            index_elements=[SoundHeard.encoder_id, SoundHeard.asset_id],
            set_={"heard_at": func.now()},
        )
    )


def figures(session: Session) -> list[tuple[SoundEncoderRow, int, int]]:
    """Every sound encoder, how many assets it has heard, and its windows of sound."""
    heard = select(func.count()).where(SoundHeard.encoder_id == SoundEncoder.id)
    windows = select(func.count()).where(SoundWindow.encoder_id == SoundEncoder.id)
    rows = session.execute(
        select(*_COLUMNS, heard.scalar_subquery(), windows.scalar_subquery()).order_by(
            SoundEncoder.id
        )
    )
    return [(SoundEncoderRow(*row[:-2]), row[-2], row[-1]) for row in rows]
