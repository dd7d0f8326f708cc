"""Intake: settled files become assets, and somebody is told to analyse them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.orm import Session

from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.domain.results import Failure
from catalog.domain.watch_report import WatchReport
from catalog.domain.watching import WatchSettings
from catalog.errors import BrokerUnavailableError, CatalogError, MediaError
from catalog.ingest.analyse import STAGE as ANALYSE
from catalog.ingest.register import Registrar, Registration
from catalog.ingest.sending import tell
from catalog.media.sequences import rested_s
from catalog.store import assets, service, stages, watching
from catalog.watch.beside import Beside

_FRESH_S = 3600.0
_AT_ONCE = 2
"""Files read at once: one that takes an hour must not hold up what is fresh."""

_log = logging.getLogger("catalog.watch")


class _Stopped(BaseException):  # no error: the watcher is to end
    """Breaks off the reading of a file."""


# Has somebody analyse this asset; only when nothing fresh waits, if that is true.
Wake = Callable[[int, bool], None]
# Told of a file that is over: its path, and the error that kept it from being registered.
Over = Callable[[str, CatalogError | None], None]


class Intake:
    """Registers settled files of all roots, a few at once.

    A file's asset, its place, its tags and the moment it settled are written in one
    transaction; then ``wake`` is called if its analysis is due. A broker that is away
    is told of in the log: the work stays due, and whoever looks for due work finds it.
    """

    def __init__(self, database: Database, wake: Wake, beside: Beside, report: WatchReport) -> None:
        self._database = database
        self._beside = beside
        self._wake = wake
        self._report = report
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="intake")

    def submit(self, registrar: Registrar, path: str, settings: WatchSettings, over: Over) -> None:
        """Register a settled file soon; ``over`` is called from another thread."""
        settled = time.monotonic()
        self._pool.submit(self._take, registrar, path, settings, over, settled)

    def close(self) -> None:
        """End soon: files that are being read are broken off, and met again by another watcher."""
        self._stopping.set()
        self._pool.shutdown(cancel_futures=True)

    def _take(
        self,
        registrar: Registrar,
        path: str,
        settings: WatchSettings,
        over: Over,
        settled: float,
    ) -> None:
        if self._stopping.is_set():
            return
        error: CatalogError | None = None
        try:
            self._register(registrar, Path(path), settings, settled)
        except CatalogError as told:
            error = told
        except _Stopped:
            return  # it is met again
        except Exception as fault:  # noqa: BLE001  # one file must not end the watching
            _log.exception("intake_fault", extra={"path": shown_path(path)})
            error = CatalogError(f"{type(fault).__name__}: {fault}")
        if error is not None:
            self._failed(path, error)
        over(path, error)

    def _register(
        self, registrar: Registrar, path: Path, settings: WatchSettings, settled: float
    ) -> None:
        due: list[int] = []

        def note(session: Session, asset_id: int) -> None:
            if settings.tags:
                assets.add_tags(session, [asset_id], settings.tags)
            watching.note_settled(session, asset_id, time.monotonic() - settled)
            due.extend(service.note_sent(session, [asset_id], ANALYSE))

        def go_on(_read: int) -> None:
            if self._stopping.is_set():
                raise _Stopped

        found = registrar.register(
            path, collection=settings.collection, on_new=note, progress=go_on
        )
        if not found.new:
            with self._database.session() as session:
                stages.retry_reachable(session, asset_ids=[found.asset_id])
                due = service.note_sent(session, [found.asset_id], ANALYSE)
            self._beside.note_asset(found.asset_id)
        self._report.count("registered" if found.new else "known")
        _log.info(
            "file_registered",
            extra={"path": shown_path(path), "asset_id": found.asset_id, "new": found.new},
        )
        self._tell(found, due)

    def _tell(self, found: Registration, due: Sequence[int]) -> None:
        # What has lain there for long does not go before what comes in now.
        backfill = _age_s(found.path) > _FRESH_S
        # After the commit, or a quick worker would look for what is not there yet.
        try:
            tell(self._database, ANALYSE, due, lambda each: self._wake(each, backfill))
        except BrokerUnavailableError as error:
            _log.warning(
                "workers_not_told", extra={"asset_id": found.asset_id, "reason": str(error)}
            )
            self._report.warn(Failure.of(shown_path(found.path), error))

    def _failed(self, path: str, error: CatalogError) -> None:
        if isinstance(error, MediaError):
            self._report.fail(Failure.of(shown_path(path), error))
        _log.warning(
            "file_failed",
            extra={"path": shown_path(path), "code": error.code, "reason": str(error)},
        )


def _age_s(file: Path) -> float:
    """Seconds since the file came to its place, or was last written; 0 if it is gone."""
    try:
        return max(0.0, rested_s(file))
    except OSError:
        return 0.0
