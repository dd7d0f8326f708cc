"""What a watcher has done."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.results import Failure

_MOST_LISTED = 1000


@dataclass
class WatchReport:
    """Counts since it began, and the first thousand failures and warnings. Threads add to it.

    Attributes
    ----------
    roots:
        How many were watched.
    counts:
        ``registered`` (new), ``known``, ``back`` (files that are there again),
        ``missing`` (files that are gone), ``waiting`` (left unsettled by a single scan).
    failures, warnings:
        Files that could not be registered; other things an administrator should see.
    paused, elsewhere:
        Roots whose storage is away, and roots that another watcher has.
    """

    roots: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    warnings: list[Failure] = field(default_factory=list)
    paused: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of the counts."""
        with self._lock:
            self.counts[name] += number

    def fail(self, failure: Failure) -> None:
        """A file could not be registered."""
        with self._lock:
            if any(failure.path == each.path for each in self.failures):
                return  # it was tried again
            self.failed += 1
            if len(self.failures) < _MOST_LISTED:
                self.failures.append(failure)

    def warn(self, warning: Failure) -> None:
        """An administrator should see this."""
        with self._lock:
            if len(self.warnings) < _MOST_LISTED:
                self.warnings.append(warning)

    def as_json(self) -> dict[str, Any]:
        """JSON form, as ``catalog watch --json`` prints it at its end."""
        names = ("registered", "known", "back", "missing", "waiting")
        return {
            "roots": self.roots,
            **{name: self.counts[name] for name in names},
            "failed": self.failed,
            "failures": [failure.as_json() for failure in self.failures],
            "warnings": [warning.as_json() for warning in self.warnings],
            "paused": self.paused,
            "elsewhere": self.elsewhere,
        }
