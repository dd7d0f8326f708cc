"""Analyse: one decode pass per asset, and everything it found in one transaction."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.media import AssetKind, Probe, SamplingPolicy, Shot
from catalog.errors import (
    CatalogError,
    ServiceError,
    UnexpectedFaultError,
    UnreadableFileError,
    WorkersLostError,
)
from catalog.media.analyse import Analysis, analyse
from catalog.media.frame_store import FrameStore, picture_key, picture_prefix
from catalog.media.probe import probe as probe_file
from catalog.store import assets, locations, shots, stages
from catalog.store.locks import asset_lock

STAGE = "analyse"
# A file that kills the decoder would be handed from worker to worker for ever.
MAX_LOST = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Analysed:
    """What one analysis brought: frames kept, pictures collapsed into them, seconds of essence."""

    frames: int
    collapsed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Job:
    asset_id: int
    fingerprint: str
    path: Path


def analyse_asset(
    database: Database,
    store: FrameStore,
    asset_id: int,
    *,
    policy: SamplingPolicy,
    on_seconds: Callable[[float], None] = lambda _: None,
) -> Analysed | None:
    """Analyse an asset whose stage is due; None if there was nothing to do.

    Another process at work on the same asset is left to it. A break-off (an
    error of ours, Ctrl-C) leaves the stage due and the asset as it was; a fault
    of the file's leaves it failed, with the reason.

    Raises
    ------
    MediaError
        If the file cannot be catalogued; also kept in the asset's stage.
    ServiceError
        If the database or the frame store fails; the asset stays due.
    """
    with asset_lock(database.engine, asset_id) as held:
        if not held:
            return None
        with database.session() as session:
            state = stages.stage_of(session, asset_id, STAGE)
            if state is None or state.state in {"done", "failed"}:
                return None
            # "running", and yet the lock was free: its process is gone without a word.
            lost = state.attempts if state.state == "running" else 0
            stages.start_stage(session, asset_id, STAGE, worker_name())
            row = assets.get_asset(session, asset_id)
            assert row is not None  # noqa: S101  # its stage row references it
            fingerprint = row.fingerprint
            files = locations.files_of(session, asset_id)
        try:
            _check_lost(lost)
            path = _first_present(files)
            return _analyse(database, store, _Job(asset_id, fingerprint, path), policy, on_seconds)
        except BaseException as error:
            fault = _fault(error)
            with database.session() as session:
                if fault is None:
                    stages.release_stage(session, [asset_id], STAGE)
                else:
                    stages.fail_stage(session, asset_id, STAGE, fault)
            if fault is None or fault is error:
                raise
            raise fault from error


def _fault(error: BaseException) -> CatalogError | None:
    """What is wrong with the asset; None if it is not to blame and stays due.

    A fault of our own, or of a library's, that one file brings out is that
    file's failure: the rest of a folder must not wait for its mending.
    """
    if isinstance(error, ServiceError) or not isinstance(error, Exception):
        return None
    if isinstance(error, CatalogError):
        return error
    _log.debug("analysis_fault", exc_info=error)
    reason = " ".join(str(error).split())
    return UnexpectedFaultError(
        f"The analysis broke off: {type(error).__name__}: {reason[:300]}.",
        remedy="Please report this with the file; then `catalog retry`.",
    )


def _analyse(
    database: Database,
    store: FrameStore,
    job: _Job,
    policy: SamplingPolicy,
    on_seconds: Callable[[float], None],
) -> Analysed:
    asset_id, fingerprint, path = job.asset_id, job.fingerprint, job.path
    probe = probe_file(path)

    def keep(pts: int, picture: bytes) -> str:
        key = picture_key(fingerprint, pts)
        store.put(key, picture)
        return key

    # Pictures of an earlier, broken-off analysis would otherwise stay for ever.
    store.delete_prefix(picture_prefix(fingerprint))
    analysis = analyse(path, probe, policy, keep, on_seconds)
    found: list[Shot] = list(analysis)
    with database.session() as session:
        assets.describe(session, asset_id, probe)
        frames = shots.replace_shots(session, asset_id, found)
        if probe.kind is AssetKind.VIDEO:
            _add_decoded(session, asset_id, probe, analysis)
        stages.finish_stage(session, [asset_id], STAGE)
    collapsed = sum(frame.collapsed for shot in found for frame in shot.frames)
    return Analysed(frames, collapsed, float(analysis.duration or probe.duration or 0))


def _add_decoded(session: Session, asset_id: int, probe: Probe, analysis: Analysis) -> None:
    """What only decoding tells: a length the container kept silent of, the true rate, damage."""
    assets.update_decoded(
        session,
        asset_id,
        duration_pts=analysis.end_pts if probe.duration is None else None,
        variable_frame_rate=analysis.variable_frame_rate,
        decode_errors=analysis.decode_errors,
    )


def _check_lost(times: int) -> None:
    if times >= MAX_LOST:
        raise WorkersLostError(
            f"The process at work on this asset ended without a word in attempt {times}.",
            remedy="See the workers' logs (out of memory? a crash in the decoder?); "
            "then `catalog retry`.",
            attempts=times,
        )


def _first_present(files: list[Path]) -> Path:
    for path in files:
        if path.exists():
            return path
    raise UnreadableFileError(
        "No file of this asset is online; expected one at "
        f"{', '.join(map(str, files)) or 'any location'}.",
        remedy="Mount the storage, or ingest the file where it lies now; then `catalog retry`.",
    )


def worker_name() -> str:
    """Who is at work, for the administrator: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"
