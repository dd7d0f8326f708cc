"""Vectors of clips and frames that serve as examples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, exists, false, or_, select
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, Clip, Embedding, Frame
from catalog.domain.examples import FrameOrClip
from catalog.store.visibility import actor_of, visible_to


def vectors_of(session: Session, encoder_id: int, shot: FrameOrClip) -> np.ndarray | None:
    """The vectors of a frame, or of a clip's frames, ``(n, dimension)``; None without any.

    What is said or logged has no frames of its own: its pictures are those of
    the shots it lies over.
    """
    statement = select(Embedding.vector).where(Embedding.encoder_id == encoder_id)
    if shot.kind == "frame":
        statement = statement.where(Embedding.frame_id == shot.id)
    else:
        clip = aliased(Clip)
        frames = (
            select(Frame.id)
            .join(clip, clip.asset_id == Frame.asset_id)
            .where(
                clip.id == shot.id,
                or_(
                    Frame.clip_id == clip.id,
                    # A still's frame stands for no time at all.
                    (clip.kind != "shot")
                    & (Frame.start_pts < clip.end_pts)
                    & (Frame.end_pts > clip.start_pts),
                ),
            )
        )
        statement = statement.where(Embedding.frame_id.in_(frames))
    rows = session.execute(statement.order_by(Embedding.frame_id)).scalars().all()
    return np.asarray(rows, dtype=np.float32) if rows else None


def is_there(session: Session, shot: FrameOrClip) -> bool:
    """Whether there is such a clip or frame for this session to see."""
    table = Frame if shot.kind == "frame" else Clip
    found = select(table.id).join(Asset, Asset.id == table.asset_id)
    mine = found.where(table.id == shot.id, visible_to(actor_of(session)))
    return session.execute(select(exists(mine))).scalar_one()


def among_examples(shots: Sequence[FrameOrClip]) -> ColumnElement[bool]:
    """Whether the candidate's clip is one of the examples, or holds an example's frame."""
    clips = [shot.id for shot in shots if shot.kind == "clip"]
    frames = [shot.id for shot in shots if shot.kind == "frame"]
    found: list[ColumnElement[bool]] = []
    if clips:
        found.append(Clip.id.in_(clips))
    if frames:
        own = aliased(Frame)
        found.append(Clip.id.in_(select(own.clip_id).where(own.id.in_(frames))))
    return or_(*found) if found else false()
