"""Watching: take in what settles in watched roots."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.api.ingest import IngestVerbs
from catalog.dispatch import NoDispatcher
from catalog.domain.progress import Progress
from catalog.domain.results import IngestReport
from catalog.domain.watch_report import WatchReport
from catalog.domain.watching import RESCAN_S
from catalog.errors import InvalidInputError

if TYPE_CHECKING:
    from catalog.watch.local import LocalWork

_log = logging.getLogger("catalog.watch")


class WatchVerbs(IngestVerbs):
    """The verb that watches."""

    def watch(
        self, stop: threading.Event, *, once: bool = False, rescan: float = RESCAN_S
    ) -> WatchReport:
        """Watch every watched root until ``stop`` is set; what was done.

        A file is registered when it has settled, and workers are told to analyse it.
        Where no broker is set, that is said in the log, and the work is done here. A
        second watcher of the same catalogue waits until this one ends.

        Parameters
        ----------
        once:
            Look over all roots once, take in what has settled, and end. What has not
            settled within its root's settle time is left for the next time.
        rescan:
            Seconds between looks at everything, for what the system did not tell.

        Raises
        ------
        InvalidInputError
            If there cannot be so many seconds.
        ServiceError
            With ``once``, if a service it needs is away. Else it waits for that service.
        """
        from catalog.ingest.sidecars import read_sidecars

        # What listens to the system takes its time to import, and most verbs listen to nothing.
        from catalog.watch.beside import Beside
        from catalog.watch.intake import Intake
        from catalog.watch.local import LocalWork
        from catalog.watch.watcher import Watcher

        if not 0.1 <= rescan <= 86_400 * 7:
            raise InvalidInputError(
                f"{rescan!r} s between scans were asked for; expected 0.1 to {86_400 * 7}.",
                remedy=f"Leave it out for {RESCAN_S:g}.",
            )
        report = WatchReport()
        local: LocalWork | None = None
        if isinstance(self.dispatcher, NoDispatcher):
            _log.warning("no_broker", extra={"reason": "the work is done in this process"})
            local = LocalWork(self.database, self._ingest_files, stop)
        wake = self._wake if local is None else local.wake
        tools = self._tools(None)
        beside = Beside(self.database, lambda asset_ids: read_sidecars(tools, asset_ids))
        intake = Intake(self.database, wake, beside, report)
        watcher = Watcher(self.database, intake, beside, report, rescan_s=rescan)
        if local is not None:
            local.roots = watcher.root_ids
        try:
            if once:
                watcher.scan(stop, lambda: None if local is None else local.drain())
            else:
                if local is not None:
                    local.start()
                beside.start()
                _log.info("watching")
                watcher.run(stop)
        finally:
            intake.close()
            beside.close()
            if local is not None:
                local.close()
        return report

    def _ingest_files(self, files: Sequence[Path], progress: Progress) -> IngestReport:
        from catalog.ingest.arrivals import Labels

        return self._ingest(files, Labels(), progress=progress)

    def _wake(self, asset_id: int, backfill: bool) -> None:
        # The intake has noted it as sent, or the reconciler would send it again.
        self.dispatcher.analyse(asset_id, backfill=backfill)
