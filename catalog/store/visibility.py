"""How much of the catalogue a session sees: all, or some collections.

`Database.seen_by` says so once; every statement that reads assets for somebody asks here.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, and_, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from catalog.db.engine import ACTOR
from catalog.db.models import Asset, Clip, Frame
from catalog.domain.actor import Actor
from catalog.errors import ForbiddenError, NotFoundError
from catalog.store.arrays import among


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on `Asset` that it may be seen by them."""
    if actor.collections is None:
        return true()
    names = sorted(actor.collections)
    if not names:
        return literal(False)  # SQL's false
    lowered = array([func.lower(literal(name, Text)) for name in names])
    return func.coalesce(func.lower(Asset.collection) == any_(lowered), literal(False))


def narrowed(actor: Actor, where: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition, for what may be seen by them alone."""
    return and_(where, visible_to(actor)) if actor.limited else where


def actor_of(session: Session) -> Actor:
    """Who is at work in this session."""
    actor = session.info[ACTOR]
    assert isinstance(actor, Actor)  # noqa: S101  # Database.session puts it there
    return actor


def seen(session: Session, asset_ids: list[int]) -> list[int]:
    """Those of these assets that this session sees, in their order."""
    actor = actor_of(session)
    if not actor.limited or not asset_ids:
        return asset_ids
    statement = select(Asset.id).where(among(Asset.id, asset_ids), visible_to(actor))
    found = set(session.execute(statement).scalars())
    return [asset_id for asset_id in asset_ids if asset_id in found]


def clip_asset(session: Session, clip_id: int) -> int:
    """The asset of a clip that this session sees.

    Raises
    ------
    NotFoundError
        If there is no such clip, or it is not for this session to see.
    """
    return _asset_of(session, Clip, clip_id, "clip")


def frame_asset(session: Session, frame_id: int) -> int:
    """The asset of a frame that this session sees.

    Raises
    ------
    NotFoundError
        If there is no such frame, or it is not for this session to see.
    """
    return _asset_of(session, Frame, frame_id, "frame")


def _asset_of(session: Session, table: type[Clip | Frame], given: int, what: str) -> int:
    statement = (
        select(table.asset_id)
        .join(Asset, Asset.id == table.asset_id)
        .where(table.id == given, visible_to(actor_of(session)))
    )
    found = session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFoundError(
            f"There is no {what} {given}.", remedy="Take the number from a search's hits."
        )
    return int(found)


def check_collection(session: Session, name: str | None) -> None:
    """Refuse to put anything where this session could not see it.

    Raises
    ------
    ForbiddenError
        If it does not see that collection.
    """
    actor = actor_of(session)
    if not actor.sees(name):
        raise ForbiddenError(
            f"{actor.name} may not put anything into "
            f"{'no collection' if name is None else repr(name)}.",
            remedy="Choose a collection that you see, or ask an administrator.",
        )
