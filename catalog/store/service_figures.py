"""The service in figures: how fast it is, what waits, and who does how much."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from catalog.db.models import Frame, Stage
from catalog.store import service
from catalog.store.intervals import seconds
from catalog.store.verifying import verifying_figures

RATES_S, TIMINGS_S = 3600, 86_400
_MOST_WORKERS = 50


def service_figures(session: Session) -> dict[str, Any]:
    """Rates of the last hour, what waits longest, timings of the last day, workers, the pause.

    Times are seconds. A stage that was done in a process of one's own counts too,
    if it is known when it began.
    """
    pause = service.paused(session)
    return {
        "paused": None if pause is None else f"{pause.since.isoformat()} by {pause.by}",
        "rates": _rates(session),
        "oldest_pending_s": _oldest(session),
        "timings": {row.pop("name"): row for row in _timings(session, Stage.name)},
        "workers": _timings(session, Stage.worker, Stage.name),
        "verifying": verifying_figures(session),
    }


def _within(last_s: float) -> ColumnElement[bool]:
    # Not clock_timestamp(), which may change from row to row: no index is used for that.
    return Stage.finished_at > func.now() - seconds(last_s)


def _rates(session: Session) -> dict[str, int]:
    made = select(Stage.asset_id).where(
        Stage.name == "encode", Stage.state == "done", _within(RATES_S)
    )
    ready = made.subquery()
    frames = select(func.count()).select_from(Frame).where(Frame.asset_id.in_(made))
    assets = select(func.count()).select_from(ready)
    return {
        "assets_last_hour": session.execute(assets).scalar_one(),
        "frames_last_hour": session.execute(frames).scalar_one(),
    }


def _oldest(session: Session) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in service.open_work(session):
        # Nobody is late with what waits for weights that are not there.
        if row["state"] not in {"failed", "waiting"}:
            waits = round(float(row["oldest_s"]), 1)
            found[row["name"]] = max(waits, found.get(row["name"], 0.0))
    return found


def _timings(session: Session, *by: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # columns
    took = func.extract("epoch", Stage.finished_at - Stage.started_at)
    share = (
        (name, func.percentile_cont(part).within_group(took))
        for name, part in (("p50_s", 0.5), ("p95_s", 0.95))
    )
    columns = [func.count().label("done"), func.avg(took).label("mean_s")]
    columns += [value.label(name) for name, value in share]
    done = (Stage.state == "done", Stage.started_at.is_not(None), _within(TIMINGS_S))
    statement = select(*by, *columns).where(*done).group_by(*by).order_by(*by)
    return [
        {
            key: round(float(value), 3) if key.endswith("_s") else value
            for key, value in row._mapping.items()
        }
        for row in session.execute(statement.limit(_MOST_WORKERS))
    ]
