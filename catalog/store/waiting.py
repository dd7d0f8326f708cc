"""Stages that wait for something that is not there yet, and go on by themselves once it is.

Nothing is wrong with what waits, so it is no failure; and trying each of it again and again would
be in vain. Every minute at most, one asset is sent to see (`probe`); the worker that finds what
was missing makes all others due (`wake`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, exists, func, literal, select, update
from sqlalchemy.orm import Session, aliased

from catalog.db.models import Stage
from catalog.errors import CatalogError
from catalog.store.arrays import among
from catalog.store.intervals import seconds

PROBE_S = 60.0
"""Seconds between two looks whether what is waited for has come."""
_LONGER, _MOST = 4, 4
"""How many times as long each further pause of `put_off_all` is, and how many pauses grow."""
_DUE: dict[str, Any] = {
    "state": "due",
    "due_at": func.clock_timestamp(),
    "sent_at": None,
    "error_code": None,
    "error_message": None,
    "retry_at": None,
}


def put_off(
    session: Session, asset_id: int, name: str, reason: CatalogError, *, attempt: int | None = None
) -> None:
    """Let an asset wait in a stage; why is kept for people. Of this attempt, if it is named."""
    chosen = [Stage.asset_id == asset_id, Stage.name == name]
    chosen.append(Stage.state.in_(("due", "running", "waiting")))
    if attempt is not None:
        chosen.append(Stage.attempts == attempt)
    session.execute(
        update(Stage)
        .where(and_(*chosen))
        .values(
            state="waiting",
            worker=None,
            retry_at=func.clock_timestamp() + seconds(PROBE_S),
            error_code=reason.code,
            error_message=str(reason)[:2000],
            retryable=False,
        )
    )


def put_off_all(session: Session, name: str, reason: CatalogError) -> int:
    """Let all wait that are due in the stage: what one lacks they lack; how many they are.

    For where to see is a long work done in vain: 1, 4, 16 and then 64 minutes go by until one is
    sent again. That begins anew when it has come (`wake`).
    """
    chosen = and_(Stage.name == name, Stage.state.in_(("due", "waiting")))
    before = session.execute(select(func.max(Stage.tries)).where(chosen)).scalar() or 0
    tries = min(before + 1, _MOST)
    pause = seconds(literal(PROBE_S * _LONGER ** (tries - 1)))
    put_off = (
        update(Stage)
        .where(chosen)
        .values(
            state="waiting",
            worker=None,
            tries=tries,
            retry_at=func.clock_timestamp() + pause,
            error_code=reason.code,
            error_message=str(reason)[:2000],
            retryable=False,
        )
    )
    return len(session.execute(put_off.returning(Stage.asset_id)).all())


def wake(session: Session, name: str) -> list[int]:
    """What was waited for is there: make all due that wait in the stage; which they are."""
    woken = update(Stage).where(Stage.name == name, Stage.state == "waiting")
    woken = woken.values(**_DUE, tries=0)
    return sorted(session.execute(woken.returning(Stage.asset_id)).scalars())


def probe(session: Session, name: str) -> list[int]:
    """Make one asset due that waits in the stage, unless another was sent to see just now."""
    lately, on_its_way = aliased(Stage), aliased(Stage)
    recent = exists().where(
        lately.name == name,
        lately.state == "waiting",
        lately.retry_at > func.clock_timestamp(),
    )
    under_way = exists().where(on_its_way.name == name, on_its_way.state.in_(("due", "running")))
    first = (
        select(Stage.asset_id)
        .where(Stage.name == name, Stage.state == "waiting", ~recent, ~under_way)
        .order_by(Stage.retry_at, Stage.asset_id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    sent = update(Stage).where(Stage.name == name, Stage.asset_id == first).values(**_DUE)
    return list(session.execute(sent.returning(Stage.asset_id)).scalars())


def why_waiting(
    session: Session, name: str, asset_ids: Sequence[int] | None = None
) -> tuple[int, str] | None:
    """How many (of these assets) wait in the stage, and the reason found last; None: nothing."""
    chosen = and_(Stage.name == name, Stage.state == "waiting")
    if asset_ids is not None:
        chosen = and_(chosen, among(Stage.asset_id, asset_ids))
    count = session.execute(select(func.count()).where(chosen)).scalar_one()
    last = select(Stage.error_message).where(chosen).order_by(Stage.retry_at.desc()).limit(1)
    reason = session.execute(last).scalar()
    return (count, reason or "") if count else None
