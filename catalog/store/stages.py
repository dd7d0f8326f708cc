"""Stages: where each asset stands, and why it failed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Frame, Stage
from catalog.errors import CatalogError
from catalog.store.arrays import among

_NO_ERROR: dict[str, Any] = {"error_code": None, "error_message": None, "retryable": False}
_ROWS = 1000  # of four values each; a statement takes 65,535


@dataclass(frozen=True, slots=True)
class StageState:
    """One asset's standing in one stage."""

    state: str
    attempts: int
    error_code: str | None
    error_message: str | None
    retryable: bool


def stage_of(session: Session, asset_id: int, name: str) -> StageState | None:
    """The asset's standing in the stage called ``name``."""
    row = session.execute(
        select(
            Stage.state, Stage.attempts, Stage.error_code, Stage.error_message, Stage.retryable
        ).where(Stage.asset_id == asset_id, Stage.name == name)
    ).one_or_none()
    return None if row is None else StageState(*row)


def due(session: Session, asset_ids: Sequence[int], name: str) -> list[int]:
    """Which of these assets wait for the stage, in the order they were registered.

    ``running`` counts as waiting: its worker may be gone. Who really works on
    an asset holds its lock.
    """
    statement = select(Stage.asset_id).where(
        among(Stage.asset_id, asset_ids), Stage.name == name, Stage.state.in_(("due", "running"))
    )
    return list(session.execute(statement.order_by(Stage.asset_id)).scalars())


def done(session: Session, asset_ids: Sequence[int], name: str) -> list[int]:
    """Which of these assets are through the stage."""
    statement = select(Stage.asset_id).where(
        among(Stage.asset_id, asset_ids), Stage.name == name, Stage.state == "done"
    )
    return list(session.execute(statement).scalars())


def not_failed(session: Session, asset_ids: Sequence[int], name: str) -> list[int]:
    """These assets without those that failed at the stage."""
    statement = select(Stage.asset_id).where(
        among(Stage.asset_id, asset_ids), Stage.name == name, Stage.state == "failed"
    )
    failed = set(session.execute(statement).scalars())
    return [asset_id for asset_id in asset_ids if asset_id not in failed]


def failed(session: Session, asset_ids: Sequence[int]) -> list[tuple[int, str, str]]:
    """The failures of these assets: id, error code and reason.

    A proxy that cannot be made is no failure of its asset, which is found without it.
    """
    statement = select(Stage.asset_id, Stage.error_code, Stage.error_message).where(
        among(Stage.asset_id, asset_ids), Stage.state == "failed", Stage.name != "proxy"
    )
    rows = session.execute(statement.order_by(Stage.asset_id)).all()
    return [(row[0], row[1] or "", row[2] or "") for row in rows]


def make_due(session: Session, asset_ids: Sequence[int], name: str) -> None:
    """Ask for the stage, whether it was done, has failed or was never asked for."""
    rows = [{"asset_id": asset_id, "name": name} for asset_id in sorted(asset_ids)]
    for first in range(0, len(rows), _ROWS):
        statement = insert(Stage).values(rows[first : first + _ROWS])
        session.execute(statement.on_conflict_do_nothing())
    values = {"state": "due", **_NO_ERROR}
    _set(session, asset_ids, name, only=Stage.state.in_(("done", "failed")), **values)


def start_stage(session: Session, asset_id: int, name: str, worker: str) -> None:
    """The work has begun; counts as an attempt."""
    started = insert(Stage).values(
        asset_id=asset_id,
        name=name,
        state="running",
        attempts=1,
        worker=worker,
        started_at=func.clock_timestamp(),
    )
    session.execute(
        started.on_conflict_do_update(
            index_elements=[Stage.asset_id, Stage.name],
            set_={
                "state": "running",
                "attempts": Stage.attempts + 1,
                "worker": worker,
                "started_at": func.clock_timestamp(),
                "finished_at": None,
                **_NO_ERROR,
            },
        )
    )


def finish_stage(session: Session, asset_ids: Sequence[int], name: str) -> None:
    """The work is done."""
    _set(session, asset_ids, name, state="done", finished_at=func.clock_timestamp())


def mark_done(session: Session, asset_ids: Sequence[int], name: str, worker: str) -> None:
    """The stage is done for these assets, however it stood before."""
    values = {"state": "done", "worker": worker, "finished_at": func.clock_timestamp()}
    # In one order, for two processes may do this at once over the same assets.
    rows = [{"asset_id": a, "name": name, "attempts": 1, "state": "due"} for a in sorted(asset_ids)]
    for first in range(0, len(rows), _ROWS):
        statement = insert(Stage).values(rows[first : first + _ROWS])
        session.execute(statement.on_conflict_do_nothing())
    _set(session, asset_ids, name, only=Stage.state != "done", **values, **_NO_ERROR)


def release_stage(session: Session, asset_ids: Sequence[int], name: str) -> None:
    """The work was broken off; it is due again."""
    _set(session, asset_ids, name, state="due", worker=None)


def fail_stage(session: Session, asset_id: int, name: str, error: CatalogError) -> None:
    """The work failed; the reason is kept for the administrator."""
    _set(
        session,
        [asset_id],
        name,
        state="failed",
        finished_at=func.clock_timestamp(),
        error_code=error.code,
        error_message=str(error)[:2000].replace("\x00", "\\x00"),
        retryable=error.retryable,
    )


def _set(
    session: Session,
    asset_ids: Sequence[int],
    name: str,
    *,
    only: ColumnElement[bool] | None = None,
    **values: Any,  # noqa: ANN401  # columns of the table
) -> None:
    chosen = and_(
        among(Stage.asset_id, asset_ids), Stage.name == name, true() if only is None else only
    )
    # Locked in one order first: an UPDATE takes rows as it finds them, and two
    # processes over the same assets would wait for each other.
    if len(asset_ids) > 1:
        locked = select(Stage.asset_id).where(chosen).order_by(Stage.asset_id)
        session.execute(locked.with_for_update())
    session.execute(update(Stage).where(chosen).values(**values))


def retry_failed(session: Session, asset_ids: Sequence[int] | None = None) -> list[tuple[int, str]]:
    """Make failed stages due again: all, or those of some assets; which they were.

    Encoding fails for want of a frame's picture, which only a new analysis
    brings back: it becomes due as well.
    """
    statement = (
        update(Stage)
        .where(Stage.state == "failed")
        .values(state="due", **_NO_ERROR)
        .returning(Stage.asset_id, Stage.name)
    )
    if asset_ids is not None:
        statement = statement.where(among(Stage.asset_id, asset_ids))
    failed = [(row.asset_id, row.name) for row in session.execute(statement)]
    encoding = [asset_id for asset_id, name in failed if name == "encode"]
    _set(session, encoding, "analyse", state="due", **_NO_ERROR)
    return failed


def list_stages(session: Session, *, failed_only: bool, limit: int) -> list[dict[str, Any]]:
    """Open and failed work (or only the failed), the latest first."""
    order = case((Stage.state == "failed", 0), (Stage.state == "running", 1), else_=2)
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
        )
        .join(Asset, Asset.id == Stage.asset_id)
        .where(Stage.state == "failed" if failed_only else Stage.state != "done")
        .order_by(order, Stage.finished_at.desc().nulls_last(), Stage.asset_id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in session.execute(statement)]


def all_stages(session: Session, asset_id: int) -> list[dict[str, Any]]:
    """Where one asset stands in each stage."""
    statement = select(
        Stage.name, Stage.state, Stage.attempts, Stage.error_code, Stage.error_message
    ).where(Stage.asset_id == asset_id)
    rows = session.execute(statement.order_by(Stage.name))
    return [dict(row._mapping) for row in rows]


def frames_of(session: Session, asset_ids: Sequence[int]) -> dict[int, int]:
    """How many frames each of these assets has."""
    counted = select(Frame.asset_id, func.count()).where(among(Frame.asset_id, asset_ids))
    rows = session.execute(counted.group_by(Frame.asset_id)).all()
    return {row[0]: row[1] for row in rows}
