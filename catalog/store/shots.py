"""Writing what an analysis found: clips and their frames."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from catalog.db.models import Clip, Frame
from catalog.domain.media import Shot

BATCH = 500


def replace_shots(session: Session, asset_id: int, shots: Sequence[Shot]) -> int:
    """Put these shots in the place of the asset's earlier ones; how many frames they hold.

    Speech and logged subclips stay: they do not come from the cut detector.
    """
    session.execute(delete(Clip).where(Clip.asset_id == asset_id, Clip.kind == "shot"))
    frames = 0
    for first in range(0, len(shots), BATCH):
        frames += _insert_batch(session, asset_id, shots[first : first + BATCH])
    return frames


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
