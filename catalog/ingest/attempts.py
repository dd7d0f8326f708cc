"""Attempts: one process at work on one asset's stage, and what becomes of it, come what may."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.db.availability import is_unavailable
from catalog.db.engine import Database
from catalog.errors import (
    AssetBusyError,
    CatalogError,
    ServiceError,
    UnexpectedFaultError,
    WorkersLostError,
)
from catalog.store import stages
from catalog.store.locks import asset_lock
from catalog.store.stages import Attempt

_log = logging.getLogger(__name__)


@contextmanager
def attempted(database: Database, asset_id: int, stage: str) -> Iterator[Attempt | None]:
    """Hold the asset for an attempt at its stage, if that is due; None if it is not.

    Broken off (an error of ours, Ctrl-C), the stage stays due; a fault of the file's leaves
    it failed, with the reason. Whoever does the work finishes the stage.

    Raises
    ------
    AssetBusyError
        If another process is at work on the asset.
    WorkersLostError
        If too many processes ended over it without a word.
    """
    with asset_lock(database.engine, asset_id) as held:
        if not held:
            raise AssetBusyError(
                f"Another process is at work on asset {asset_id}.",
                remedy="Wait for it, or see who it is with `catalog jobs`.",
                asset=asset_id,
            )
        attempt = None
        with database.session() as session:
            if stages.due(session, [asset_id], stage):
                attempt = stages.start_stage(session, asset_id, stage, worker_name())
        if attempt is None:
            yield None
            return
        with outcome_kept(database, asset_id, stage, attempt):
            yield attempt


@contextmanager
def outcome_kept(database: Database, asset_id: int, stage: str, attempt: Attempt) -> Iterator[None]:
    """Keep in the stage how an attempt ended, if not well; see `attempted`."""
    try:
        check_lost(attempt.lost)
        yield
    except BaseException as error:
        fault = fault_of(error)
        with database.session() as session:
            if fault is None:
                stages.release_stage(session, [asset_id], stage, attempt=attempt.number)
            else:
                stages.fail_stage(session, asset_id, stage, fault, attempt=attempt.number)
        if fault is None or fault is error:
            raise
        raise fault from error


def fault_of(error: BaseException) -> CatalogError | None:
    """What is wrong with the asset; None if it is not to blame and stays due.

    A fault of our own, or of a library's, that one file brings out is that
    file's failure: the rest of a folder must not wait for its mending.
    """
    if isinstance(error, ServiceError) or not isinstance(error, Exception):
        return None
    if is_unavailable(error):  # from a connection that no session translates for
        return None
    if isinstance(error, CatalogError):
        return error
    _log.debug("analysis_fault", exc_info=error)
    reason = " ".join(str(error).split())
    return UnexpectedFaultError(
        f"The analysis broke off: {type(error).__name__}: {reason[:300]}.",
        remedy="Please report this with the file; then `catalog retry`.",
    )


def check_lost(times: int) -> None:
    """Give an asset up, for now, that ends whoever works on it.

    Raises
    ------
    WorkersLostError
        If that was so too often.
    """
    if times >= stages.MOST_LOST:
        raise WorkersLostError(
            f"The process at work on this asset ended without a word, attempt {times} in a row.",
            remedy="See the workers' logs (out of memory? a crash in the decoder?); "
            "then `catalog retry`.",
            attempts=times,
        )


def taken_over(asset_id: int) -> AssetBusyError:
    """What becomes of the work of a process that stood still past its lease: nothing."""
    return AssetBusyError(
        f"Asset {asset_id} was taken over by another process while this one stood still.",
        remedy="Nothing is to be done: the other's work counts.",
        asset=asset_id,
    )


def worker_name() -> str:
    """Who is at work, for the administrator: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"
