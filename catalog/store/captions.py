"""What people logged of pictures: descriptions and subclips, each with the frame it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, Clip, Frame


@dataclass(frozen=True, slots=True)
class Logged:
    """A text, its language if that is known, and the frame that shows what it says.

    ``what`` is ``subclip`` or ``description``.
    """

    asset_id: int
    asset: str
    frame_id: int
    picture: str
    language: str | None
    text: str
    what: str


def logged_captions(session: Session) -> list[Logged]:
    """Subclips' texts with the frame at their middle, and descriptions that mean one picture.

    A description means one picture where the asset is a still or a single shot; what is
    said of a whole film is no caption of any frame of it. Superseded assets say nothing.
    """
    both = union_all(_subclips(), _descriptions()).subquery("logged")
    order = (both.c.asset_id, both.c.frame_id, both.c.what.desc(), both.c.text)
    return [Logged(*row) for row in session.execute(select(both).order_by(*order))]


def _columns(frame: Any, language: Any, text: Any, what: str) -> list[Any]:  # noqa: ANN401
    return [
        Asset.id.label("asset_id"),
        Asset.name.label("asset"),
        frame.id.label("frame_id"),
        frame.picture,
        language.label("language"),
        text.label("text"),
        literal(what).label("what"),
    ]


def _subclips() -> Select[Any]:
    middle = (Clip.start_pts + Clip.end_pts) / 2
    any_frame = aliased(Frame)
    away = func.greatest(any_frame.start_pts - middle, middle - any_frame.end_pts, 0)
    frame = (
        select(any_frame.id, any_frame.picture)
        .where(any_frame.asset_id == Clip.asset_id)
        .order_by(away, func.abs(any_frame.pts - middle), any_frame.id)
        .limit(1)
        .lateral("shown")
    )
    language = func.coalesce(Clip.language, Asset.language)
    return (
        select(*_columns(frame.c, language, Clip.text, "subclip"))
        .join_from(Clip, Asset, Asset.id == Clip.asset_id)
        .join(frame, literal(True))
        .where(Clip.kind == "subclip", Clip.text != "", Asset.superseded_by.is_(None))
    )


def _descriptions() -> Select[Any]:
    one_shot = (
        select(Clip.asset_id)
        .where(Clip.kind == "shot")
        .group_by(Clip.asset_id)
        .having(func.count() == 1)
    )
    any_frame = aliased(Frame)
    frame = (
        select(any_frame.id, any_frame.picture)
        .where(any_frame.asset_id == Asset.id)
        .order_by(any_frame.poster.desc(), any_frame.pts, any_frame.id)
        .limit(1)
        .lateral("shown")
    )
    return (
        select(*_columns(frame.c, Asset.language, Asset.description, "description"))
        .join(frame, literal(True))
        .where(
            Asset.description != "",
            Asset.superseded_by.is_(None),
            Asset.id.in_(one_shot),
        )
    )
