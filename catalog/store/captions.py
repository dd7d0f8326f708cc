"""What people logged of pictures, each text with the frame it is about; and other frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, literal, null, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Asset, AssetTag, Clip, Frame, Tag


@dataclass(frozen=True, slots=True)
class Logged:
    """A text, its language if that is known, and the frame that shows what it says.

    ``what`` is ``subclip``, ``description``, ``tag`` or ``speech``.
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


def tag_captions(session: Session, names: Sequence[str]) -> list[Logged]:
    """These tags (upper and lower case alike), each with the picture of every asset that has it.

    Of stills and single shots alone: a tag of a whole film is no caption of any frame of it.
    """
    wanted = [func.lower(name) for name in names]
    statement = (
        _one_picture(null(), Tag.name, "tag")
        .join(AssetTag, AssetTag.asset_id == Asset.id)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(func.lower(Tag.name).in_(wanted))
        .order_by(Asset.id, Tag.name)
    )
    return [Logged(*row) for row in session.execute(statement)]


def speech_captions(session: Session, words: Sequence[str]) -> list[Logged]:
    """What is said with one of these words in it, with the frame at the middle of it.

    Nobody else's speech: most of what is said is not what is seen.
    """
    said = or_(*(Clip.text.icontains(word, autoescape=True) for word in words))
    statement = _clips("speech").where(said).order_by(Asset.id, Clip.start_pts, Clip.id)
    return [Logged(*row) for row in session.execute(statement)]


def other_pictures(session: Session, count: int, seed: int, without: Sequence[int]) -> list[str]:
    """Pictures of shots that a search shows, but of these assets: so many, drawn by the seed.

    At most one of a shot, so that a long interview is not most of them.
    """
    any_frame = aliased(Frame)
    frame = (
        select(any_frame.picture)
        .where(any_frame.clip_id == Clip.id)
        .order_by(any_frame.poster.desc(), any_frame.pts, any_frame.id)
        .limit(1)
        .lateral("shown")
    )
    statement = (
        select(frame.c.picture)
        .join_from(Clip, Asset, Asset.id == Clip.asset_id)
        .join(frame, literal(True))
        .where(
            Clip.kind == "shot",
            Clip.flag.is_(None),
            Asset.superseded_by.is_(None),
            Asset.id.not_in(list(without)),
        )
        .order_by(func.md5(func.concat(Clip.id, ":", seed)), Clip.id)
        .limit(count)
    )
    return list(session.execute(statement).scalars())


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
    return _clips("subclip").where(Clip.text != "")


def _clips(kind: str) -> Select[Any]:
    """Clips of a kind, each with the frame at its middle."""
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
        select(*_columns(frame.c, language, Clip.text, kind))
        .join_from(Clip, Asset, Asset.id == Clip.asset_id)
        .join(frame, literal(True))
        .where(Clip.kind == kind, Asset.superseded_by.is_(None))
    )


def _descriptions() -> Select[Any]:
    described = _one_picture(Asset.language, Asset.description, "description")
    return described.where(Asset.description != "")


def _one_picture(language: Any, text: Any, what: str) -> Select[Any]:  # noqa: ANN401  # columns
    """Texts of stills and single shots, each with the picture that stands for it."""
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
        select(*_columns(frame.c, language, text, what))
        .select_from(Asset)
        .join(frame, literal(True))
        .where(Asset.superseded_by.is_(None), Asset.id.in_(one_shot))
    )
