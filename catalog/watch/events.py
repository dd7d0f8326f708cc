"""What the system tells of changes below a folder: hints of where to look."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

from catalog.domain.paths import shown_path
from catalog.media.files import is_passed_over

MOST_HINTS = 10_000
"""Paths kept until they are looked at; if there are more, all is looked at."""
_GROUP_MS, _QUIET_MS, _ALIVE_MS = 400, 50, 250
_AGAIN_S = 5.0
_MODIFIED = watchfiles.Change.modified

_log = logging.getLogger("catalog.watch")


class Events:
    """A thread that listens to the changes below one folder.

    Parameters
    ----------
    poll_s:
        Seconds between looks at everything, where the system tells of nothing; None
        to be told by the system.
    wake:
        Called from the thread when there is something to take.
    """

    def __init__(self, folder: Path, *, poll_s: float | None, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._poll_s = poll_s
        self._wake = wake
        self._lock = threading.Lock()
        self._paths: dict[str, bool] = {}
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def take(self) -> tuple[dict[str, bool], bool]:
        """Paths to look at, and whether everything has to be: hints were lost, or may have been.

        A path is true if something came or went there; else what was there changed.
        """
        with self._lock:
            paths, self._paths = self._paths, {}
            lost, self._lost = self._lost, False
        return paths, lost

    def stop(self) -> None:
        """End the thread; waits for it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001  # a name that is no UTF-8, too many folders, …
                self._failed(error)

    def _listen(self) -> None:
        begun = False
        for changes in watchfiles.watch(
            self._folder,
            watch_filter=None,
            debounce=_GROUP_MS,
            step=_QUIET_MS,
            stop_event=self._stop,
            rust_timeout=_ALIVE_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=self._poll_s is not None,
            poll_delay_ms=max(1, round(1000 * (self._poll_s or 1))),
            ignore_permission_denied=True,
        ):
            if not begun:
                # What changed before the system was asked to tell, nobody has told.
                begun = True
                self._all_is_new()
            if changes:
                self._note(changes)

    def _note(self, changes: set[tuple[watchfiles.Change, str]]) -> None:
        told = [(path, c is not _MODIFIED) for c, path in changes if not _is_passed_over(path)]
        if not told:
            return
        with self._lock:
            for path, came_or_went in told:
                self._paths[path] = came_or_went or self._paths.get(path, False)
            if len(self._paths) > MOST_HINTS:
                self._paths, self._lost = {}, True
        self._wake()

    def _all_is_new(self) -> None:
        with self._lock:
            self._lost = True
        self._wake()

    def _failed(self, error: Exception) -> None:
        """Go on by looking at everything; of too many folders for the system, by polling."""
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        if isinstance(error, OSError) and self._poll_s is None and self._folder.is_dir():
            self._poll_s = _AGAIN_S
        _log.warning("events_lost", extra={"path": shown_path(self._folder), "reason": reason})
        self._all_is_new()
        self._stop.wait(_AGAIN_S)


def _is_passed_over(path: str) -> bool:
    return is_passed_over(path.rpartition("/")[2])
