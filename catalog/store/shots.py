"""Writing what an analysis found: clips and their frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from catalog.db.models import Clip, Frame
from catalog.domain.media import Shot
from catalog.store.arrays import among
from catalog.store.handwork import give_back, handwork_of
from catalog.store.rolls import NEW, tell_rolls

BATCH = 500


def replace_shots(
    session: Session, asset_id: int, shots: Sequence[Shot], *, first: bool = False
) -> int:
    """Put these shots in the place of the asset's earlier ones; how many frames they hold.

    Speech and logged subclips stay: they do not come from the cut detector. What people said
    of the earlier shots goes to these (`catalog.store.handwork`). The caller has written to
    the asset's row, and so holds it. ``first``: no analysis of it was begun before.
    """
    # Frames before clips, as whoever writes vectors locks them: so neither waits for the other.
    frames_of = select(Frame.id).where(Frame.asset_id == asset_id).order_by(Frame.id)
    earlier = None if first else session.execute(frames_of.with_for_update()).all()
    # No shot is without a frame: what has none is new, and nobody has said anything of it.
    work = handwork_of(session, asset_id) if earlier else None
    if earlier:
        session.execute(delete(Clip).where(Clip.asset_id == asset_id, Clip.kind == "shot"))
    frames = 0
    for at in range(0, len(shots), BATCH):
        frames += _insert_batch(session, asset_id, shots[at : at + BATCH])
    if work is not None:
        give_back(session, asset_id, work)
    tell_rolls(session, [asset_id], NEW, held=True)
    return frames


def set_flag(session: Session, clip_ids: Sequence[int], flag: str | None) -> list[int]:
    """A person's word on what these shots are; the ids of those that are shots.

    What is flagged is neither A-roll nor B-roll; of what no longer is, the rolls are to be told.
    """
    values: dict[str, Any] = {"flag": flag, "flag_by_person": True}
    if flag is not None:
        values |= {"roll": None, "roll_confidence": None, "roll_chance": None}
        values["roll_by_person"] = False
    flagged = update(Clip).where(among(Clip.id, clip_ids), Clip.kind == "shot").values(**values)
    return list(session.execute(flagged.returning(Clip.id)).scalars())


def _insert_batch(session: Session, asset_id: int, shots: Sequence[Shot]) -> int:
    clip_ids = session.execute(
        insert(Clip).returning(Clip.id, sort_by_parameter_order=True),
        [
            {
                "asset_id": asset_id,
                "kind": "shot",
                "start_pts": shot.start_pts,
                "end_pts": shot.end_pts,
                "flag": shot.flag,
            }
            for shot in shots
        ],
    ).scalars()
    rows = [
        {
            "asset_id": asset_id,
            "clip_id": clip_id,
            "pts": frame.pts,
            "start_pts": frame.start_pts,
            "end_pts": frame.end_pts,
            "picture": frame.picture,
            "width": frame.width,
            "height": frame.height,
            "collapsed": frame.collapsed,
            "poster": frame.poster,
        }
        for clip_id, shot in zip(clip_ids, shots, strict=True)
        for frame in shot.frames
    ]
    if rows:
        session.execute(insert(Frame), rows)
    return len(rows)


def frames_of(session: Session, asset_ids: Sequence[int]) -> dict[int, int]:
    """How many frames each of these assets has."""
    counted = select(Frame.asset_id, func.count()).where(among(Frame.asset_id, asset_ids))
    rows = session.execute(counted.group_by(Frame.asset_id)).all()
    return {row[0]: row[1] for row in rows}
