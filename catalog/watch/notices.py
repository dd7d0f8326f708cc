"""What people should know of a watched root: each thing is said once."""

from __future__ import annotations

import logging

from catalog.domain.cards import card_notice
from catalog.domain.paths import shown_path
from catalog.domain.results import Failure
from catalog.domain.watch_report import WatchReport
from catalog.watch.walk import Walk

_MOST_NOTED = 10_000

_log = logging.getLogger("catalog.watch")


class Notices:
    """Warnings in log and report, once for each path and code."""

    def __init__(self, report: WatchReport) -> None:
        self._report = report
        self._noted: set[str] = set()

    def card(self, folder: str) -> None:
        """Say so if the folder belongs to a camera card."""
        if (notice := card_notice(folder)) is not None:
            self.warn(shown_path(notice[0]), "card_structure", notice[1])

    def troubles(self, walk: Walk) -> None:
        """What a walk could not look at."""
        for path, error in walk.troubles:
            self.trouble(path, error)

    def trouble(self, path: str, error: OSError) -> None:
        """Something cannot be looked at."""
        reason = (error.strerror or type(error).__name__).lower()
        self.warn(shown_path(path), "unreadable", f"cannot be looked at: {reason}")

    def warn(self, path: str, code: str, reason: str) -> None:
        """Whatever else it is."""
        key = f"{code} {path}"
        if key in self._noted:
            return
        if len(self._noted) < _MOST_NOTED:
            self._noted.add(key)
        _log.warning(code, extra={"path": path, "reason": reason})
        self._report.warn(Failure(path, code, reason))
