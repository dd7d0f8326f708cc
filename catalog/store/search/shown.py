"""What a hit shows of its asset, its shot and its picture, whichever statement finds it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from catalog.db.models import Asset, Clip, Frame

Shown = tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]

ASSET_SHOWN: Shown = (
    Asset.name.label("asset_name"),
    Asset.kind.label("asset_kind"),
    Asset.collection,
    Asset.damaged,
    Asset.superseded_by,
    Asset.start_timecode,
    Asset.frame_rate_num,
    Asset.frame_rate_den,
    Asset.time_base_num,
    Asset.time_base_den,
)
SHOT_SHOWN: Shown = (
    Clip.id.label("shown_clip_id"),
    Clip.kind.label("clip_kind"),
    Clip.roll,
    Clip.roll_confidence,
    Clip.start_pts,
    Clip.end_pts,
    Frame.id.label("frame_id"),
    Frame.pts.label("frame_pts"),
    Frame.picture,
)
