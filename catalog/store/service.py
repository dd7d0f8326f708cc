"""The service: what workers were told of, and whether they are to work at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, exists, func, literal, or_, select, text, true, update
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Root, Service, Stage
from catalog.store.arrays import among
from catalog.store.intervals import seconds
from catalog.store.locks import held_assets

_OPEN = ("due", "running")
# Any number that nobody else uses: one reconciler at a time.
_ROUND = 0xCA7A_5E2D


@dataclass(frozen=True, slots=True)
class Pause:
    """Since when the service stands still, and who said so."""

    since: datetime
    by: str | None


def paused(session: Session) -> Pause | None:
    """The pause that holds, if any."""
    row = session.execute(select(Service.paused_at, Service.paused_by)).one_or_none()
    return None if row is None or row.paused_at is None else Pause(row.paused_at, row.paused_by)


def pause(session: Session, by: str) -> None:
    """Let workers leave work due from the commit on. One that holds already stays as it is."""
    standing = update(Service).where(Service.paused_at.is_(None))
    session.execute(standing.values(paused_at=func.clock_timestamp(), paused_by=by))


def resume(session: Session) -> bool:
    """Let workers work again; whether they did not.

    What they were told of meanwhile they have let go by: nothing counts as sent.
    """
    going = update(Service).where(Service.paused_at.is_not(None))
    resumed = going.values(paused_at=None, paused_by=None).returning(Service.single)
    if session.execute(resumed).first() is None:
        return False
    session.execute(update(Stage).where(Stage.state.in_(_OPEN)).values(sent_at=None))
    return True


def take_round(session: Session) -> bool:
    """Whether no other reconciler is at it; then none is until this session ends."""
    taken = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(session.execute(taken, {"key": _ROUND}).scalar_one())


def note_sent(
    session: Session, asset_ids: Sequence[int], name: str, *, untold: bool = False
) -> list[int]:
    """Of these assets those that wait for the stage, noted as told of from now on.

    With ``untold`` those alone of which nobody was told since they became due.
    """
    if not asset_ids:
        return []
    wanted = Stage.sent_at.is_(None) if untold else true()
    statement = (
        update(Stage)
        .where(among(Stage.asset_id, asset_ids), Stage.name == name, Stage.state.in_(_OPEN), wanted)
        .values(sent_at=func.clock_timestamp())
        .returning(Stage.asset_id)
    )
    return sorted(session.execute(statement).scalars())


def may_be_wanted(session: Session, asset_id: int) -> tuple[bool, bool]:
    """Of an analysed asset: whether a proxy may be wanted, and whether words of its speech.

    One look, which of most assets says no: what is really wanted takes several.
    """
    asked = select(Stage.name).where(Stage.asset_id == asset_id)
    by_policy = exists(select(Root.id).where(Root.proxy.is_not(None)))
    may_speak = exists().where(
        Asset.id == asset_id,
        Asset.kind != "still",
        or_(Asset.speaking.is_(None), ~func.isempty(Asset.speaking)),
    )
    row = session.execute(
        select(
            or_(by_policy, literal("proxy").in_(asked)),
            or_(may_speak, literal("recognise").in_(asked)),
        )
    ).one()
    return bool(row[0]), bool(row[1])


def note_unsent(session: Session, asset_ids: Sequence[int], name: str) -> None:
    """Nobody could be told of these after all."""
    chosen = update(Stage).where(among(Stage.asset_id, asset_ids), Stage.name == name)
    session.execute(chosen.values(sent_at=None))


def claim_unsent(
    session: Session, name: str, *, lease_s: float, grace_s: float, limit: int
) -> list[int]:
    """Assets that wait for the stage and of which no worker knows, most likely; so noted.

    Those are due and were not told of for ``lease_s`` seconds; or ``running``
    and held by nobody: their worker is gone, and with it the message. What
    became so less than ``grace_s`` seconds ago is being told of by whoever made
    it so. Two who ask get different ones; the longest untold come first.
    """
    now = func.clock_timestamp()
    # The message was taken; what was begun then is over.
    used_up = and_(Stage.state == "running", Stage.sent_at < Stage.started_at)
    untold = or_(Stage.sent_at.is_(None), Stage.sent_at < now - seconds(lease_s), used_up)
    since = case((Stage.state == "running", Stage.started_at), else_=Stage.due_at)
    claimed = (
        select(Stage.asset_id)
        .where(
            Stage.name == name,
            Stage.state.in_(_OPEN),
            untold,
            since < now - seconds(grace_s),
            Stage.asset_id.not_in(held_assets()),
        )
        .order_by(Stage.sent_at.nulls_first(), Stage.asset_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("claimed")
    )
    statement = (
        update(Stage)
        .where(Stage.name == name, Stage.asset_id == claimed.c.asset_id)
        .values(sent_at=now)
        .returning(Stage.asset_id)
    )
    return sorted(session.execute(statement).scalars())


def waiting_for(session: Session, name: str, *, limit: int) -> list[int]:
    """Assets that wait for the stage and that nobody is at work on, the longest waiting first."""
    statement = select(Stage.asset_id).where(
        Stage.name == name, Stage.state.in_(_OPEN), Stage.asset_id.not_in(held_assets())
    )
    return list(
        session.execute(statement.order_by(Stage.due_at, Stage.asset_id).limit(limit)).scalars()
    )


def left_lying(session: Session, *, after_s: float) -> int:
    """How many stages wait although nobody was told of them, or began, for ``after_s`` seconds.

    Of encoding nobody is told asset by asset: one message does for all that waits.
    """
    last = func.greatest(Stage.sent_at, Stage.started_at, Stage.due_at)
    statement = select(func.count()).where(
        Stage.state.in_(_OPEN),
        Stage.name != "encode",
        last < func.clock_timestamp() - seconds(after_s),
        Stage.asset_id.not_in(held_assets()),
    )
    return session.execute(statement).scalar_one()


def open_work(session: Session) -> list[dict[str, Any]]:
    """Per stage and state that is not done: how many, and for how many seconds the oldest waits."""
    waits = func.extract("epoch", func.clock_timestamp() - func.min(Stage.due_at))
    statement = (
        select(Stage.name, Stage.state, func.count().label("count"), waits.label("oldest_s"))
        .where(Stage.state != "done")
        .group_by(Stage.name, Stage.state)
        .order_by(Stage.name, Stage.state)
    )
    return [dict(row._mapping) for row in session.execute(statement)]
