"""Work in this process, where there is no broker to wake workers with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from catalog.db.engine import Database
from catalog.domain.progress import Progress, Silent
from catalog.domain.results import IngestReport
from catalog.errors import CatalogError
from catalog.media.sequences import is_present
from catalog.store import watching

_AT_ONCE = 32
_LOOK_S = 10.0  # for what others left, or what a root brought that was only now taken
_AGAIN_S = 5.0

_log = logging.getLogger("catalog.watch")

IngestFiles = Callable[[Sequence[Path], Progress], IngestReport]


class _Stopped(BaseException):  # no error: the watcher is to end
    """Breaks off an ingest; what is done of it stays done."""


class _UntilStopped(Silent):
    """Shows nothing, and breaks the work off when it is to end."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        """Go on, or not."""
        del stage, total, unit
        self._check()

    def advance(self, stage: str, amount: float, note: str = "") -> None:
        """Go on, or not."""
        del stage, amount, note
        self._check()

    def _check(self) -> None:
        if self._stopping():
            raise _Stopped


class LocalWork:
    """A thread that analyses and encodes what is due of some roots.

    What is due is asked of the database, so it also does what was left by others.
    """

    def __init__(
        self,
        database: Database,
        ingest: IngestFiles,
        stop: threading.Event,
    ) -> None:
        self._database = database
        self._ingest = ingest
        self.roots: Callable[[], Sequence[int]] = list
        self._asked_to_stop = stop
        self._due = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="local-work")

    def start(self) -> None:
        """Begin with what is due already."""
        self._due.set()
        self._thread.start()

    def wake(self, _asset_id: int = 0, _backfill: bool = False) -> None:
        """Something is due."""
        self._due.set()

    def close(self) -> None:
        """Break the work off, and end."""
        self._stop.set()
        self._due.set()
        if self._thread.ident is not None:
            self._thread.join()

    def drain(self) -> None:
        """Do, here and now, all that is due; each asset is tried once."""
        with suppress(_Stopped):
            self._drain()

    def _stopping(self) -> bool:
        return self._stop.is_set() or self._asked_to_stop.is_set()

    def _drain(self) -> None:
        after = 0
        while not self._stopping():
            with self._database.session() as session:
                due = watching.unfinished_files(session, self.roots(), after=after, limit=_AT_ONCE)
            if not due:
                return
            after = due[-1][0]
            there = [path for _, path in due if is_present(path)]
            if not there:
                continue
            report = self._ingest(there, _UntilStopped(self._stopping))
            _log.info("files_ingested", extra={"ready": report.ready, "failed": report.failed})

    def _run(self) -> None:
        while not self._stop.is_set():
            self._due.wait(_LOOK_S)
            self._due.clear()
            try:
                self.drain()
            except CatalogError as error:  # no weights, no database: what is due stays so
                _log.warning("work_broken_off", extra={"code": error.code, "reason": str(error)})
                self._try_again()
            except Exception:  # noqa: BLE001  # one fault must not end the watching
                _log.exception("work_fault")
                self._try_again()

    def _try_again(self) -> None:
        self._stop.wait(_AGAIN_S)
        self._due.set()
