"""A row of an answer as the JSON of a hit has it."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from catalog.domain.timecode import Timecode, address, start_timecode
from catalog.search.judging import said_confidence


def asset_json(row: Row[Any]) -> dict[str, Any]:
    """A row's asset as the JSON of a hit has it."""
    return {
        "id": row.asset_id,
        "name": row.asset_name,
        "kind": row.asset_kind,
        "path": row.path,
        "collection": row.collection,
        "start_timecode": row.start_timecode,
        "frame_rate": None if row.frame_rate_num is None else str(_rate(row)),
        **_warnings(row),
    }


def clip_json(row: Row[Any]) -> dict[str, Any] | None:
    """A row's clip as the JSON of a hit has it."""
    if row.shown_clip_id is None:
        return None
    return {
        "id": row.shown_clip_id,
        "kind": row.clip_kind,
        "roll": row.roll,
        "roll_confidence": rounded(row.roll_confidence),
        "start": seconds(row, row.start_pts),
        "end": seconds(row, row.end_pts),
        "timecode_in": _timecode(row, row.start_pts),
        "timecode_out": _timecode(row, row.end_pts),
    }


def rounded(share: float | None) -> float | None:
    """A share as JSON has it."""
    return None if share is None else round(share, 4)


def said_json(row: Row[Any]) -> dict[str, Any] | None:
    """The line that was said, by which a hit was found; None of what was found otherwise."""
    if row.said_id is None:
        return None
    by_meaning = row.speech_rank is not None
    return {
        "clip_id": row.said_id,
        "text": row.said_text,
        "language": row.said_language,
        "start": seconds(row, row.said_start_pts),
        "end": seconds(row, row.said_end_pts),
        "timecode_in": _timecode(row, row.said_start_pts),
        "timecode_out": _timecode(row, row.said_end_pts),
        "cosine": round(float(row.speech_cosine), 6) if by_meaning else None,
        "rank": row.speech_rank,
        "confidence": said_confidence(row),
    }


def _warnings(row: Row[Any]) -> dict[str, Any]:
    """What a person should know before using the asset; nothing of most."""
    said = {"damaged": row.damaged or None, "superseded_by": row.superseded_by}
    return {key: value for key, value in said.items() if value is not None}


def seconds(row: Row[Any], pts: int) -> float:
    """A time of the row's asset, from its beginning."""
    return round(float(pts * row.time_base_num / row.time_base_den), 6)


def _timecode(row: Row[Any], pts: int) -> str | None:
    if row.frame_rate_num is None:
        return None
    num, den = row.frame_rate_num, row.frame_rate_den
    origin = _origin(row.start_timecode, num, den)
    if origin is None:
        return None
    return address(origin, pts * row.time_base_num * num, row.time_base_den * den)


def _rate(row: Row[Any]) -> Fraction:
    return _fraction(row.frame_rate_num, row.frame_rate_den)


@lru_cache(maxsize=4096)  # a fraction takes longer to look up than whole numbers
def _origin(start: str | None, num: int, den: int) -> Timecode | None:
    rate = _fraction(num, den)
    return start_timecode(start, rate) if rate > 0 else None


_fraction = lru_cache(Fraction)
