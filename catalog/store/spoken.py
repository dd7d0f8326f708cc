"""Vectors of what is said, and the queue of spoken lines that have none.

"Spoken lines with words and without a vector under encoder E" *is* the queue. A line whose
text is changed loses its vectors by a trigger, and so stands in it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Clip, SpeechEmbedding
from catalog.store import lacking
from catalog.store.arrays import among


@dataclass(frozen=True, slots=True)
class ClaimedLine:
    """A spoken line this session holds until it commits, and its words."""

    id: int
    asset_id: int
    text: str


def unheard(encoder_id: int) -> ColumnElement[bool]:
    """Whether a clip is a spoken line with words that has no vector under the encoder."""
    has = exists().where(
        SpeechEmbedding.clip_id == Clip.id, SpeechEmbedding.encoder_id == encoder_id
    )
    return and_(_in_words(), ~has)


def _in_words() -> ColumnElement[bool]:
    """Speech that was only heard, and of which nobody knows the words, has nothing to encode."""
    return and_(Clip.kind == "speech", Clip.text.regexp_match(r"\S"))


def anything_said(session: Session) -> bool:
    """Whether there is any spoken line with words."""
    return session.execute(select(Clip.id).where(_in_words()).limit(1)).first() is not None


def count_lines(session: Session, asset_ids: Sequence[int]) -> int:
    """How many spoken lines with words these assets have."""
    statement = select(func.count()).select_from(Clip).where(_in_words())
    return session.execute(statement.where(among(Clip.asset_id, asset_ids))).scalar_one()


def count_missing(session: Session, encoder_id: int, asset_ids: Sequence[int] | None = None) -> int:
    """How many spoken lines (of these assets, or of all) have no vector under the encoder."""
    return lacking.count(session, Clip.asset_id, unheard(encoder_id), asset_ids)


def count_vectors(session: Session, encoder_id: int) -> int:
    """How many spoken lines have a vector under the encoder."""
    statement = select(func.count()).select_from(SpeechEmbedding)
    return session.execute(statement.where(SpeechEmbedding.encoder_id == encoder_id)).scalar_one()


def claim_lines(
    session: Session,
    encoder_id: int,
    *,
    limit: int,
    after: int = 0,
    asset_ids: Sequence[int] | None = None,
    wait: bool = False,
) -> list[ClaimedLine]:
    """Up to ``limit`` lines without a vector, as `lacking.claim` has them."""
    rows = lacking.claim(
        session,
        (Clip.id, Clip.asset_id, Clip.text),
        Clip.asset_id,
        unheard(encoder_id),
        limit=limit,
        after=after,
        asset_ids=asset_ids,
        wait=wait,
    )
    return [ClaimedLine(row[0], row[1], row[2] or "") for row in rows]


def still_missing(
    session: Session, encoder_id: int, claimed: Sequence[ClaimedLine]
) -> list[ClaimedLine]:
    """Those of the claimed lines that have no vector even now."""
    return lacking.still_missing(session, Clip.id, unheard(encoder_id), claimed)


def write_vectors(
    session: Session, encoder_id: int, lines: Sequence[ClaimedLine], vectors: np.ndarray
) -> int:
    """Store one vector per line; how many were new.

    Parameters
    ----------
    vectors:
        ``(len(lines), dimension)`` unit vectors, float32.
    """
    rows = [
        {
            "encoder_id": encoder_id,
            "clip_id": line.id,
            "asset_id": line.asset_id,
            "vector": vector,
        }
        for line, vector in zip(lines, vectors, strict=True)
    ]
    return lacking.fill(session, SpeechEmbedding.clip_id, rows)


def hides(session: Session, before: int, after: int) -> bool:
    """Whether a line has a vector under the one encoder and none under the other."""
    own, other = aliased(SpeechEmbedding), aliased(SpeechEmbedding)
    has = exists().where(other.clip_id == own.clip_id, other.encoder_id == after)
    missing = select(own.clip_id).where(own.encoder_id == before, ~has).limit(1)
    return session.execute(missing).first() is not None
