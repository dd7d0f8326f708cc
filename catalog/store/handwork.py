"""What people said of an asset's shots, carried over when they are found anew.

An analysis puts new shots in the place of the old. A flag, a roll, a poster or a place in a
bin goes to the shot that now holds the middle of the one it was given to.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import Session

from catalog.db.models import BinItem, Clip, Frame


@dataclass(frozen=True, slots=True)
class _Flag:
    middle: int
    flag: str | None


@dataclass(frozen=True, slots=True)
class _Roll:
    middle: int
    roll: str | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class _Poster:
    middle: int
    pts: int


@dataclass(frozen=True, slots=True)
class _InBin:
    middle: int
    item_id: int
    bin_id: int
    position: int
    note: str | None
    start_pts: int | None
    end_pts: int | None
    roll: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Handwork:
    """Flags, rolls, posters and places in bins that people gave to the shots of one asset."""

    flags: tuple[_Flag, ...]
    rolls: tuple[_Roll, ...]
    posters: tuple[_Poster, ...]
    bins: tuple[_InBin, ...]


def _shots_of(asset_id: int) -> ColumnElement[bool]:
    return and_(Clip.asset_id == asset_id, Clip.kind == "shot")


def handwork_of(session: Session, asset_id: int) -> Handwork:
    """What people said of the asset's present shots."""
    mine = _shots_of(asset_id)
    middle = func.div(Clip.start_pts + Clip.end_pts, 2).label("middle")
    flags = session.execute(select(middle, Clip.flag).where(mine, Clip.flag_by_person))
    rolls = session.execute(
        select(middle, Clip.roll, Clip.roll_chance).where(mine, Clip.roll_by_person)
    )
    posters = session.execute(
        select(middle, Frame.pts)
        .join(Frame, Frame.clip_id == Clip.id)
        .where(mine, Frame.poster_by_person)
    )
    bins = session.execute(
        select(
            middle,
            *(BinItem.id, BinItem.bin_id, BinItem.position, BinItem.note),
            *(BinItem.start_pts, BinItem.end_pts, BinItem.roll, BinItem.line),
        )
        .join(BinItem, BinItem.clip_id == Clip.id)
        .where(mine)
    )
    return Handwork(
        tuple(_Flag(int(at), flag) for at, flag in flags),
        tuple(_Roll(int(at), *rest) for at, *rest in rolls),
        tuple(_Poster(int(at), pts) for at, pts in posters),
        tuple(_InBin(int(at), *rest) for at, *rest in bins),
    )


def give_back(session: Session, asset_id: int, work: Handwork) -> None:
    """Give it to the asset's new shots; a place in a bin is kept as long as there is a shot."""
    for flag in work.flags:
        session.execute(
            update(Clip)
            .where(Clip.id == _shot_at(session, asset_id, flag.middle))
            .values(flag=flag.flag, flag_by_person=True)
        )
    for roll in work.rolls:
        shot = _shot_at(session, asset_id, roll.middle)
        # What turns out to be black or a slate is neither, whatever was said of it before.
        session.execute(
            update(Clip)
            .where(Clip.id == shot, Clip.flag.is_(None))
            .values(
                roll=roll.roll,
                roll_confidence=1.0,
                roll_chance=roll.chance,
                roll_by_person=True,
            )
        )
    for poster in work.posters:
        clip = _shot_at(session, asset_id, poster.middle)
        nearest = session.execute(
            select(Frame.id)
            .where(Frame.clip_id == clip)
            .order_by(func.abs(Frame.pts - poster.pts), Frame.pts)
            .limit(1)
        ).scalar_one_or_none()
        if clip is not None and nearest is not None:
            set_poster(session, clip, nearest)
    items = [
        {
            "id": item.item_id,
            "bin_id": item.bin_id,
            "position": item.position,
            "note": item.note,
            "clip_id": clip,
            "start_pts": item.start_pts,
            "end_pts": item.end_pts,
            "roll": item.roll,
            "line": item.line,
        }
        for item in work.bins
        if (clip := _shot_at(session, asset_id, item.middle)) is not None
    ]
    if items:
        session.execute(insert(BinItem), items)


def set_poster(session: Session, clip_id: int, frame_id: int) -> None:
    """A person's choice of the frame that stands for its clip."""
    others = and_(Frame.clip_id == clip_id, Frame.poster)
    session.execute(update(Frame).where(others).values(poster=False, poster_by_person=False))
    chosen = update(Frame).where(Frame.id == frame_id)
    session.execute(chosen.values(poster=True, poster_by_person=True))


def _shot_at(session: Session, asset_id: int, pts: int) -> int | None:
    """The shot that holds a moment; of a still, which has no length, its one shot."""
    return session.execute(
        select(Clip.id)
        .where(_shots_of(asset_id), Clip.start_pts <= pts)
        .order_by(Clip.start_pts.desc())
        .limit(1)
    ).scalar_one_or_none()
