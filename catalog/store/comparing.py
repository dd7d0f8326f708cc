"""What two encoders make of the same frames."""

from __future__ import annotations

import numpy as np
from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from catalog.db.models import Asset, Clip, Embedding, Frame, Phrase
from catalog.domain.everyday import SENTENCES


def newest_phrases(session: Session, encoder_id: int, limit: int) -> list[str]:
    """Texts that were asked for under the encoder, the newest first."""
    asked = and_(Phrase.encoder_id == encoder_id, Phrase.text.not_in(SENTENCES))
    statement = select(Phrase.text).where(asked)
    newest = statement.order_by(Phrase.created_at.desc(), Phrase.text).limit(limit)
    return list(session.execute(newest).scalars())


def captions(session: Session, limit: int) -> list[str]:
    """What people wrote of shots and assets, spread over the catalogue."""
    logged = select(Clip.text).where(Clip.kind == "subclip")
    described = select(func.coalesce(Asset.description, Asset.title))
    every = logged.union(described).subquery()
    words = every.c[0]
    # The order is arbitrary and the same each time.
    spread = select(words).where(func.length(words) > 0).order_by(func.md5(words)).limit(limit)
    return list(session.execute(spread).scalars())


def nearest_shots(
    session: Session, encoder_id: int, other_id: int, vector: np.ndarray, limit: int
) -> list[tuple[int, str, float]]:
    """The shots nearest to a vector: clip, asset's name, cosine; by exact comparison.

    Only frames that have a vector under both encoders take part, of shots that a search
    shows.
    """
    mine = aliased(Embedding)
    cosine = func.max(1 - mine.vector.cosine_distance(vector))
    statement = (
        select(mine.clip_id, Asset.name, cosine)
        .join(Clip, Clip.id == mine.clip_id)
        .join(Asset, Asset.id == mine.asset_id)
        .where(
            mine.encoder_id == encoder_id,
            Clip.flag.is_(None),
            Asset.superseded_by.is_(None),
            _has_vector(mine.frame_id, other_id),
        )
        .group_by(mine.clip_id, Asset.name)
        .order_by(cosine.desc(), mine.clip_id)
        .limit(limit)
    )
    return [(row[0], row[1], float(row[2])) for row in session.execute(statement)]


def count_common(session: Session, one: int, other: int) -> int:
    """How many frames have a vector under both encoders."""
    mine = aliased(Embedding)
    both = select(func.count()).where(mine.encoder_id == one, _has_vector(mine.frame_id, other))
    return session.execute(both.select_from(mine)).scalar_one()


def count_frames(session: Session) -> int:
    """How many frames there are."""
    return session.execute(select(func.count()).select_from(Frame)).scalar_one()


def _has_vector(frame_id: InstrumentedAttribute[int], encoder_id: int) -> ColumnElement[bool]:
    other = aliased(Embedding)
    return exists().where(other.frame_id == frame_id, other.encoder_id == encoder_id)
