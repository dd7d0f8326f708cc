"""Stages: where each asset stands, and why it failed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, null, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from catalog.db.models import Asset, Location, Stage
from catalog.errors import CatalogError, DecoderStalledError, UnreadableFileError
from catalog.store.announcements import announce
from catalog.store.arrays import among
from catalog.store.intervals import seconds

_NO_ERROR: dict[str, Any] = {
    "error_code": None,
    "error_message": None,
    "retryable": False,
    "retry_at": None,
}
_NEW_START: dict[str, Any] = {**_NO_ERROR, "tries": 0, "lost": 0}
# Waits in memory of Celery end after minutes; these are of another order.
FIRST_RETRY_S, RETRY_FACTOR, LONGEST_RETRY_S = 60, 4, 6 * 3600
MOST_LOST = 3
"""Workers that may end over an asset without a word: it would be handed on for ever."""
MOST_TRIES = 8
"""Failures after which what may pass by itself waits for a person all the same."""
BY_THE_WAY = ("proxy", "recognise", "sound")
"""Stages without which an asset is found all the same."""
# How it shows that the storage of a file is away, or hangs.
_OUT_OF_REACH = (UnreadableFileError.code, DecoderStalledError.code)
_ROWS = 1000  # of four values each; a statement takes 65,535


@dataclass(frozen=True, slots=True)
class StageState:
    """One asset's standing in one stage."""

    state: str
    attempts: int
    error_code: str | None
    error_message: str | None
    retryable: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One begun attempt: its number, and how many before it ended without a word."""

    number: int
    lost: int


def stage_of(session: Session, asset_id: int, name: str) -> StageState | None:
    """The asset's standing in the stage called ``name``."""
    row = session.execute(
        select(
            Stage.state, Stage.attempts, Stage.error_code, Stage.error_message, Stage.retryable
        ).where(Stage.asset_id == asset_id, Stage.name == name)
    ).one_or_none()
    return None if row is None else StageState(*row)


def state_and_content(session: Session, asset_id: int, name: str) -> tuple[str, str] | None:
    """The asset's state in the stage, and its fingerprint; None if the stage never began."""
    statement = select(Stage.state, Asset.fingerprint).join(Asset, Asset.id == Stage.asset_id)
    row = session.execute(
        statement.where(Stage.asset_id == asset_id, Stage.name == name)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def due(session: Session, asset_ids: Sequence[int], name: str) -> list[int]:
    """Which of these assets wait for the stage, in the order they were registered.

    ``running`` counts as waiting: its worker may be gone. Who really works on
    an asset holds its lock.
    """
    statement = select(Stage.asset_id).where(
        among(Stage.asset_id, asset_ids), Stage.name == name, Stage.state.in_(("due", "running"))
    )
    return list(session.execute(statement.order_by(Stage.asset_id)).scalars())


def coming(session: Session, name: str, *, told_s: float) -> bool:
    """Whether somebody is at work in the stage, or was told to be within so many seconds."""
    told = Stage.sent_at > func.clock_timestamp() - seconds(told_s)
    at_work = (Stage.state == "running") | ((Stage.state == "due") & told)
    return bool(session.execute(select(exists().where(Stage.name == name, at_work))).scalar_one())


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

    What is `BY_THE_WAY` is no failure of its asset, which is found without it.
    """
    statement = select(Stage.asset_id, Stage.error_code, Stage.error_message).where(
        among(Stage.asset_id, asset_ids), Stage.state == "failed", Stage.name.not_in(BY_THE_WAY)
    )
    rows = session.execute(statement.order_by(Stage.asset_id)).all()
    return [(row[0], row[1] or "", row[2] or "") for row in rows]


def make_due(session: Session, asset_ids: Sequence[int], name: str) -> None:
    """Ask for the stage, whether it was done, has failed or was never asked for."""
    rows = [{"asset_id": asset_id, "name": name} for asset_id in sorted(asset_ids)]
    for first in range(0, len(rows), _ROWS):
        statement = insert(Stage).values(rows[first : first + _ROWS])
        session.execute(statement.on_conflict_do_nothing())
    only = Stage.state.in_(("done", "failed", "waiting"))
    _set(session, asset_ids, name, only=only, **_DUE, **_NEW_START)


def start_stage(session: Session, asset_id: int, name: str, worker: str) -> Attempt:
    """The work has begun; counts as an attempt.

    Whoever begins holds the asset's lock: one that is ``running`` then was
    left by a worker that ended without a word.
    """
    started = insert(Stage).values(
        asset_id=asset_id,
        name=name,
        state="running",
        attempts=1,
        worker=worker,
        started_at=func.clock_timestamp(),
    )
    row = session.execute(
        started.on_conflict_do_update(
            index_elements=[Stage.asset_id, Stage.name],
            set_={
                "state": "running",
                "attempts": Stage.attempts + 1,
                "lost": Stage.lost + case((Stage.state == "running", 1), else_=0),
                "worker": worker,
                "started_at": func.clock_timestamp(),
                "finished_at": None,
                "progress": None,
                **_NO_ERROR,
            },
        ).returning(Stage.attempts, Stage.lost)
    ).one()
    return Attempt(*row)


def still_at_it(session: Session, asset_id: int, name: str, attempt: int) -> bool:
    """Whether nobody began again since this attempt; its row is held until the session ends.

    A worker that stood still past its lease has lost the asset to another, and
    must not write over what that one found.
    """
    statement = select(Stage.attempts).where(Stage.asset_id == asset_id, Stage.name == name)
    return session.execute(statement.with_for_update()).scalar_one_or_none() == attempt


def note_progress(
    session: Session, asset_id: int, name: str, share: float | None, *, attempt: int
) -> bool:
    """So much of the media, of 1, the attempt is through; False if it counts no more.

    Then another has begun since, or the asset was removed. None where nobody knows how long it is.
    """
    running = and_(Stage.state == "running", Stage.attempts == attempt)
    progress = None if share is None else round(min(1.0, max(0.0, share)), 3)
    return bool(_set(session, [asset_id], name, only=running, progress=progress))


def finish_stage(session: Session, asset_id: int, name: str, *, attempt: int) -> bool:
    """The work of this attempt is done; False if another has begun since, whose work counts.

    What is analysed for the first time is to be encoded: from now on that is due.
    """
    values = {"state": "done", **_now_done(), **_NEW_START}
    if name != "analyse":
        return bool(_set(session, [asset_id], name, only=_of(attempt), **values))
    this = and_(Stage.asset_id == asset_id, Stage.name == name, Stage.attempts == attempt)
    finished = update(Stage).where(this).values(**values).returning(Stage.asset_id).cte("finished")
    wanted = select(finished.c.asset_id, literal("encode"))
    encode = insert(Stage).from_select(["asset_id", "name"], wanted).on_conflict_do_nothing()
    # In one statement: this is done for every asset.
    counted = select(func.count()).select_from(finished).add_cte(encode.cte("wanted"))
    return bool(session.execute(counted).scalar_one())


def mark_done(
    session: Session,
    asset_ids: Sequence[int],
    name: str,
    worker: str,
    *,
    took_s: float | None = None,
) -> None:
    """The stage is done for these assets, however it stood before; it took so many seconds.

    With ``encode`` they are ready, which is announced.
    """
    values: dict[str, Any] = {"state": "done", "worker": worker, **_now_done()}
    values["attempts"] = func.greatest(Stage.attempts, 1)
    if took_s is not None:
        values["started_at"] = func.clock_timestamp() - seconds(took_s)
    # In one order, for two processes may do this at once over the same assets.
    rows = [{"asset_id": a, "name": name, "state": "due"} for a in sorted(asset_ids)]
    for first in range(0, len(rows), _ROWS):
        statement = insert(Stage).values(rows[first : first + _ROWS])
        session.execute(statement.on_conflict_do_nothing())
    newly = _set(session, asset_ids, name, only=Stage.state != "done", **values, **_NEW_START)
    if name == "encode":
        announce(session, newly, "ready")


def release_stage(
    session: Session, asset_ids: Sequence[int], name: str, *, attempt: int | None = None
) -> None:
    """The work (of this attempt) was broken off; it is due again."""
    values = {"state": "due", "worker": None, "due_at": func.clock_timestamp()}
    _set(session, asset_ids, name, only=_of(attempt), **values)


def fail_stage(
    session: Session, asset_id: int, name: str, error: CatalogError, *, attempt: int | None = None
) -> None:
    """The work (of this attempt) failed; the reason is kept for the administrator, and announced.

    What may pass by itself is tried again `MOST_TRIES` times in all, each time
    after a longer while; the whiles differ, so that what failed together does
    not come back together. A failure of what is `BY_THE_WAY` is none of its asset.
    """
    wait_s = func.least(FIRST_RETRY_S * func.power(RETRY_FACTOR, Stage.tries), LONGEST_RETRY_S)
    later = seconds(wait_s * (0.5 + func.random()))
    again = and_(literal(error.retryable), Stage.tries + 1 < MOST_TRIES)
    failed = _set(
        session,
        [asset_id],
        name,
        only=_of(attempt),
        state="failed",
        tries=Stage.tries + 1,
        retry_at=case((again, func.clock_timestamp() + later), else_=null()),
        finished_at=func.clock_timestamp(),
        error_code=error.code,
        error_message=str(error)[:2000].replace("\x00", "\\x00"),
        retryable=error.retryable,
    )
    if name not in BY_THE_WAY:
        announce(session, failed, "failed", error.code)


def _now_done() -> dict[str, Any]:
    now = func.clock_timestamp()
    return {"finished_at": now, "first_done_at": func.coalesce(Stage.first_done_at, now)}


_DUE: dict[str, Any] = {"state": "due", "due_at": func.clock_timestamp(), "sent_at": None}


def _of(attempt: int | None) -> ColumnElement[bool] | None:
    return None if attempt is None else Stage.attempts == attempt


def _set(
    session: Session,
    asset_ids: Sequence[int],
    name: str,
    *,
    only: ColumnElement[bool] | None = None,
    **values: Any,  # noqa: ANN401  # columns of the table
) -> list[int]:
    """Write these columns; the assets whose rows there were to write to."""
    chosen = and_(
        among(Stage.asset_id, asset_ids), Stage.name == name, true() if only is None else only
    )
    # Locked in one order first: an UPDATE takes rows as it finds them, and two
    # processes over the same assets would wait for each other.
    if len(asset_ids) > 1:
        locked = select(Stage.asset_id).where(chosen).order_by(Stage.asset_id)
        session.execute(locked.with_for_update())
    written = update(Stage).where(chosen).values(**values).returning(Stage.asset_id)
    return list(session.execute(written).scalars())


def retry_failed(session: Session, asset_ids: Sequence[int] | None = None) -> list[tuple[int, str]]:
    """Make stages due again that failed, or wait: all, or those of some assets; which they were.

    Encoding fails for want of a frame's picture, which only a new analysis
    brings back: it becomes due as well.
    """
    statement = (
        update(Stage)
        .where(Stage.state.in_(("failed", "waiting")))
        .values(**_DUE, **_NEW_START)
        .returning(Stage.asset_id, Stage.name)
    )
    if asset_ids is not None:
        statement = statement.where(among(Stage.asset_id, asset_ids))
    failed = [(row.asset_id, row.name) for row in session.execute(statement)]
    encoding = [asset_id for asset_id, name in failed if name == "encode"]
    _set(session, encoding, "analyse", **_DUE, **_NEW_START)
    return failed


def retry_reachable(
    session: Session, *, root_id: int | None = None, asset_ids: Sequence[int] = ()
) -> int:
    """Make due what failed for want of a file that can be reached again; how many stages.

    Of these assets, or of all with a file in a root. Whether somebody would have
    tried again by himself or had given it up: what was wrong is over.
    """
    wanted = among(Stage.asset_id, asset_ids)
    if root_id is not None:
        files = select(Location.asset_id).where(Location.root_id == root_id, Location.online)
        wanted = Stage.asset_id.in_(files)
    again = (
        update(Stage)
        .where(Stage.state == "failed", Stage.error_code.in_(_OUT_OF_REACH), wanted)
        .values(**_DUE, **_NEW_START)
    )
    return len(session.execute(again.returning(Stage.asset_id)).all())


def try_again(session: Session, *, limit: int) -> list[tuple[int, str]]:
    """Make failed stages due whose time to be tried again has come; which they were.

    Of encoding also the analysis from the second time on: by then it is no
    longer likely that the pictures were only out of reach.
    """
    come = (
        select(Stage.asset_id, Stage.name)
        .where(Stage.state == "failed", Stage.retry_at <= func.clock_timestamp())
        .order_by(Stage.retry_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("come")
    )
    rows = session.execute(
        update(Stage)
        .where(Stage.asset_id == come.c.asset_id, Stage.name == come.c.name)
        # One more worker, not three more.
        .values(**_DUE, **_NO_ERROR, lost=func.least(Stage.lost, MOST_LOST - 1))
        .returning(Stage.asset_id, Stage.name, Stage.tries)
    ).all()
    encoding = [row.asset_id for row in rows if row.name == "encode" and row.tries > 1]
    _set(session, encoding, "analyse", **_DUE, **_NEW_START)
    return sorted((row.asset_id, row.name) for row in rows)
