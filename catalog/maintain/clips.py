"""Clips by id: what they are, and the ranges that people mark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.db.models import Asset
from catalog.domain.labels import clean_text
from catalog.domain.timecode import (
    frames_per_day,
    parse_timecode,
    start_timecode,
    timecode_at,
)
from catalog.errors import InvalidInputError, NotFoundError
from catalog.maintain.assets import Reference, resolve
from catalog.store import assets, audit, clips

Moment = float | int | str
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_NOT_GIVEN = object()


def clip_body(row: Row[Any] | Any) -> dict[str, Any]:  # noqa: ANN401  # a row of clip_columns()
    """A clip as JSON has it; times are seconds from the asset's first picture."""
    return {
        "id": row.id,
        "kind": row.kind,
        "roll": row.roll,
        "roll_confidence": _rounded(row.roll_confidence),
        "roll_by_person": row.roll_by_person,
        "flag": row.flag,
        **times_body(row, row.start_pts, row.end_pts),
        "text": row.text,
        "language": row.language,
        "by_person": row.kind == "subclip" and row.sidecar_id is None,
        "frame_id": row.frame_id,
        "asset": {
            "id": row.asset_id,
            "name": row.asset_name,
            "kind": row.asset_kind,
            "collection": row.collection,
        },
    }


def times_body(row: Any, start_pts: int, end_pts: int) -> dict[str, Any]:  # noqa: ANN401  # a row of clip_columns()
    """A range of a clip's asset as JSON has it."""
    base = Fraction(row.time_base_num or 0, row.time_base_den or 1)
    start, end, rate = start_pts * base, end_pts * base, _rate(row)
    return {
        "start": round(float(start), 6),
        "end": round(float(end), 6),
        "timecode_in": timecode_at(row.start_timecode, rate, start),
        "timecode_out": timecode_at(row.start_timecode, rate, end),
    }


def show_clip(database: Database, clip_id: int) -> dict[str, Any]:
    """A clip, with its own frames.

    Raises
    ------
    NotFoundError
        If there is no such clip.
    """
    with database.session() as session:
        row = _clip(session, clip_id)
        frames = clips.frames_of_clip(session, clip_id)
    base = Fraction(row.time_base_num or 0, row.time_base_den or 1)
    return {**clip_body(row), "frames": [_frame(frame, base) for frame in frames]}


def show_clips(database: Database, clip_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of these clips that are there, in this order, without their frames."""
    with database.session() as session:
        rows = clips.get_clips(session, clip_ids)
    return [clip_body(rows[each]) for each in clip_ids if each in rows]


def mark(
    database: Database, reference: Reference, start: Moment, end: Moment, name: str | None
) -> dict[str, Any]:
    """Enter a subclip of an asset.

    Raises
    ------
    NotFoundError
        If there is no such asset.
    InvalidInputError
        If the range is not within it, or no range; or the name cannot be kept.
    """
    text = _name(name)
    with database.session() as session:
        asset = assets.get_asset(session, resolve(session, reference))
        assert asset is not None  # noqa: S101  # resolved above
        first, last = range_of(asset, start, end)
        made = clips.add_subclip(session, asset.id, first, last, text)
        body = clip_body(_clip(session, made))
        audit.note(session, "subclip.add", [asset.id], clip=made, now=_said(body))
    return body


def change(
    database: Database,
    clip_id: int,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    name: object = _NOT_GIVEN,
) -> dict[str, Any]:
    """Change range or name of a subclip that a person marked.

    Raises
    ------
    NotFoundError, InvalidInputError
        As `mark`; or if the clip is no such subclip.
    """
    with database.session() as session:
        before = _own(session, clip_id)
        asset = assets.get_asset(session, before["asset"]["id"])
        assert asset is not None  # noqa: S101  # the clip is its
        values: dict[str, Any] = {}
        if start is not None or end is not None:
            first, last = range_of(
                asset,
                before["start"] if start is None else start,
                before["end"] if end is None else end,
            )
            values |= {"start_pts": first, "end_pts": last}
        if name is not _NOT_GIVEN:
            values["text"] = _name(None if name is None else str(name))
        if values:
            clips.change_subclip(session, clip_id, **values)
        body = clip_body(_clip(session, clip_id))
        facts = {"clip": clip_id, "before": _said(before), "now": _said(body)}
        audit.note(session, "subclip.change", [asset.id], **facts)
    return body


def unmark(database: Database, clip_id: int) -> int:
    """Forget a subclip that a person marked; its asset's id.

    Raises
    ------
    NotFoundError, InvalidInputError
        As `change`.
    """
    with database.session() as session:
        before = _own(session, clip_id)
        clips.delete_subclip(session, clip_id)
        asset_id = int(before["asset"]["id"])
        audit.note(session, "subclip.remove", [asset_id], clip=clip_id, before=_said(before))
    return asset_id


def _clip(session: Session, clip_id: int) -> Row[Any]:
    row = clips.get_clips(session, [clip_id]).get(clip_id)
    if row is None:
        raise NotFoundError(
            f"There is no clip {clip_id}.", remedy="Take the number from a search's hits."
        )
    return row


def _own(session: Session, clip_id: int) -> dict[str, Any]:
    body = clip_body(_clip(session, clip_id))
    if not body["by_person"]:
        raise InvalidInputError(
            f"Clip {clip_id} is no subclip that a person marked; only those are changed so.",
            remedy="Mark a subclip of your own in its place.",
        )
    return body


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in ("start", "end", "text")}


def _name(name: str | None) -> str | None:
    return None if name is None else clean_text(name, "name of a subclip", 1000)


def _frame(frame: Row[Any], base: Fraction) -> dict[str, Any]:
    return {
        "id": frame.id,
        "at": round(float(frame.pts * base), 6),
        "start": round(float(frame.start_pts * base), 6),
        "end": round(float(frame.end_pts * base), 6),
        "width": frame.width,
        "height": frame.height,
        "poster": frame.poster,
        "collapsed": frame.collapsed,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _rate(row: Any) -> Fraction | None:  # noqa: ANN401  # an asset's row, or a clip's
    if row.frame_rate_num and row.frame_rate_den:
        return Fraction(row.frame_rate_num, row.frame_rate_den)
    return None


def range_of(asset: Asset, start: Moment, end: Moment) -> tuple[int, int]:
    """A range of an asset in pts; to the nearest, as times in seconds are rounded.

    Raises
    ------
    InvalidInputError
        If it is not within the asset, or no range.
    """
    if asset.time_base_num is None or asset.time_base_den is None or not asset.duration_pts:
        raise InvalidInputError(
            f"The asset {asset.id} has no length; expected a film or a sound that was analysed.",
            remedy="See `catalog jobs` for what is still to be done.",
        )
    base = Fraction(asset.time_base_num, asset.time_base_den)
    first, last = (round(_seconds(asset, each) / base) for each in (start, end))
    if not 0 <= first < last <= asset.duration_pts:
        length = round(float(asset.duration_pts * base), 3)
        raise InvalidInputError(
            f"From {str(start)[:40]} to {str(end)[:40]} is no part of {length} s; expected a "
            "begin before an end, both within.",
            remedy="Give seconds from the first picture, or timecodes of the essence.",
        )
    return first, last


def _seconds(asset: Asset, moment: Moment) -> Fraction:
    """A moment in seconds (a number, or its text) or as the essence's timecode."""
    text = str(moment).strip()
    if _SECONDS.fullmatch(text):
        return Fraction(text)
    rate = _rate(asset)
    if rate is not None and text.isascii() and any(mark in text for mark in ":;"):
        first, named = start_timecode(asset.start_timecode, rate), parse_timecode(text, rate)
        if named.drop == first.drop:
            day = frames_per_day(first.nominal, drop=first.drop)
            return Fraction((named.frames - first.frames) % day) / rate
    raise InvalidInputError(
        f"{text[:40]!r} is no moment; expected seconds such as 12.5, or a timecode "
        "as the essence counts (; before the frames: drop-frame).",
        remedy="Take it from a shot: `start`, or `timecode_in`.",
    )
