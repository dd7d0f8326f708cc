"""Where the assets stand, as people are shown it: work that is open, and how far it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Stage
from catalog.store.visibility import actor_of, visible_to

# A share of the media. Of work that is over, or was broken off, it says nothing.
_PROGRESS = case((Stage.state == "running", Stage.progress)).label("progress")


def list_stages(session: Session, *, failed_only: bool, limit: int) -> list[dict[str, Any]]:
    """Open and failed work (or only the failed), the latest first."""
    first = (("failed", 0), ("running", 1), ("waiting", 3))
    order = case(*((Stage.state == state, place) for state, place in first), else_=2)
    statement = (
        select(
            Stage.asset_id,
            Asset.name.label("asset"),
            Stage.name.label("stage"),
            Stage.state,
            Stage.attempts,
            Stage.worker,
            Stage.started_at,
            Stage.finished_at,
            Stage.error_code,
            Stage.error_message,
            Stage.retryable,
            Stage.tries,
            Stage.retry_at,
            Stage.due_at,
            Stage.sent_at,
            _PROGRESS,
        )
        .join(Asset, Asset.id == Stage.asset_id)
        .where(Stage.state == "failed" if failed_only else Stage.state != "done")
        .where(visible_to(actor_of(session)))
        .order_by(order, Stage.finished_at.desc().nulls_last(), Stage.asset_id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in session.execute(statement)]


def count_states(session: Session) -> dict[str, dict[str, int]]:
    """How many of the assets that this session sees are in which state, per stage."""
    counted = select(Stage.name, Stage.state, func.count()).group_by(Stage.name, Stage.state)
    actor = actor_of(session)
    if actor.limited:
        counted = counted.join(Asset, Asset.id == Stage.asset_id).where(visible_to(actor))
    found: dict[str, dict[str, int]] = {}
    for name, state, number in session.execute(counted.order_by(Stage.name, Stage.state)):
        found.setdefault(name, {})[state] = number
    return found


def all_stages(session: Session, asset_id: int) -> list[dict[str, Any]]:
    """Where one asset stands in each stage."""
    statement = select(
        Stage.name,
        Stage.state,
        Stage.attempts,
        Stage.error_code,
        Stage.error_message,
        _PROGRESS,
    ).where(Stage.asset_id == asset_id)
    rows = session.execute(statement.order_by(Stage.name))
    return [dict(row._mapping) for row in rows]
