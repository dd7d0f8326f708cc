"""Watch all watched roots: a thread for each, and who has which."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from catalog.db.engine import Database
from catalog.domain.paths import shown_path
from catalog.domain.watch_report import WatchReport
from catalog.domain.watching import RESCAN_S
from catalog.errors import CatalogError, DatabaseUnavailableError
from catalog.store import watching
from catalog.store.locks import WatchLocks
from catalog.store.watching import WatchedRoot
from catalog.watch.beside import Beside
from catalog.watch.events import Events
from catalog.watch.intake import Intake
from catalog.watch.mounts import on_network
from catalog.watch.root import RootState

_ROOTS_S = 1.0  # between looks at which roots are watched, and whether they are there
_AGAIN_S = 5.0
_SHORTEST_S = 0.05

_log = logging.getLogger("catalog.watch")


class RootThread:
    """Watches one root until it is stopped."""

    def __init__(self, state: RootState, *, rescan_s: float) -> None:
        self.state = state
        self._rescan_s = rescan_s
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._events: Events | None = None
        self._scan_at = 0.0
        self._later: dict[str, float] = {}
        state.wake = self._awake.set
        state.stopping = self._stopping.is_set
        name = f"watch-{state.root.id}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; waits."""
        self._stopping.set()
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait_s = self._turn()
            except CatalogError as error:  # the database is away: it is asked again
                _log.warning("watch_broken_off", extra={"code": error.code, "reason": str(error)})
                wait_s, self._scan_at = _AGAIN_S, 0.0
            except Exception:  # noqa: BLE001  # one fault must not end the watching
                _log.exception("watch_fault", extra={"root": self.state.shown})
                wait_s, self._scan_at = _AGAIN_S, 0.0
            self._awake.wait(wait_s)
            self._awake.clear()
        self._deafen()

    def _turn(self) -> float:
        """Do what is due; seconds until something may be."""
        if not self.state.is_there():
            self._deafen()
            return _ROOTS_S
        if self._events is None:
            self._listen()
        self._hear()
        now = time.monotonic()
        if now >= self._scan_at or (self.state.overfull and self.state.at_rest):
            self.state.scan()
            self._scan_at = now + self._rescan_s
        self.state.settle()
        due = self.state.settling.next_due()
        return _ROOTS_S if due is None else min(_ROOTS_S, max(_SHORTEST_S, due))

    def _hear(self) -> None:
        """Look where the system said that something changed."""
        assert self._events is not None  # noqa: S101  # made by the caller
        paths, lost = self._events.take()
        if lost:
            self._scan_at = 0.0
        now = time.monotonic()
        paths |= {path: True for path, at in self._later.items() if at <= now}
        self._later = {path: at for path, at in self._later.items() if at > now}
        if paths and now < self._scan_at:
            # What came into a new folder before the system watched that, it does not tell.
            settle_s = max(self.state.settling.settle_s, 1.0)
            for folder in self.state.look_at(paths):
                if folder not in self._later:
                    self._later[folder] = now + settle_s

    def _listen(self) -> None:
        root = self.state.root
        settings = root.settings
        polls = settings.poll == "always" or (settings.poll == "auto" and on_network(root.path))
        poll_s = min(10.0, max(0.2, settings.settle / 2)) if polls else None
        self._events = Events(root.path, poll_s=poll_s, wake=self._awake.set)
        # Its first word, when it listens, is that all has to be looked at.
        self._scan_at = time.monotonic() + _AGAIN_S
        _log.info("root_watched", extra={"root": self.state.shown, "polled": polls})

    def _deafen(self) -> None:
        if self._events is not None:
            self._events.stop()
            self._events = None
            self._later = {}


class Watcher:
    """Watches every root that is to be watched, and that no other watcher has.

    Another watcher of the same catalogue waits: it takes over the roots of one that ends.
    """

    def __init__(
        self,
        database: Database,
        intake: Intake,
        beside: Beside,
        report: WatchReport,
        *,
        rescan_s: float = RESCAN_S,
    ) -> None:
        self._database = database
        self._intake = intake
        self._beside = beside
        self._report = report
        self._rescan_s = rescan_s
        self._locks = WatchLocks(database.engine)
        self._mine: dict[int, WatchedRoot] = {}
        self._threads: dict[int, RootThread] = {}

    def root_ids(self) -> list[int]:
        """The roots that are watched here now."""
        return list(self._mine)

    def run(self, stop: threading.Event) -> None:
        """Watch until the event is set."""
        try:
            while not stop.is_set():
                try:
                    self._follow()
                except DatabaseUnavailableError as error:
                    # The locks are lost, so another watcher may have the roots.
                    _log.warning("watch_broken_off", extra={"reason": str(error)})
                    self._let_go(list(self._threads))
                    stop.wait(_AGAIN_S)
                stop.wait(_ROOTS_S)
        finally:
            self._let_go(list(self._threads))
            self._locks.close()

    def scan(self, stop: threading.Event, work: Callable[[], None]) -> None:
        """Look over every root once, and wait for what settles; then do the ``work``."""
        try:
            with self._database.session() as session:
                watched = watching.watched_roots(session)
            taken = [root for root in watched if self._take(root)]
            self._report.roots = len(taken)
            states = [self._state_of(root) for root in taken]
            awake = threading.Event()
            for state in states:
                state.wake = awake.set
                self._scan_one(state)
            while not stop.is_set() and not all(state.at_rest for state in states):
                dues = [state.settling.next_due() for state in states]
                awake.wait(min([due for due in dues if due is not None], default=_ROOTS_S))
                awake.clear()
                for state in states:
                    state.settle(once=True)
                    if state.overfull and state.at_rest:
                        state.scan()
            if not stop.is_set():
                work()
                self._beside.look(at_all=True)
        finally:
            self._locks.close()

    def _state_of(self, root: WatchedRoot) -> RootState:
        return RootState(self._database, root, self._intake, self._beside, self._report)

    def _scan_one(self, state: RootState) -> None:
        if state.is_there():
            state.scan()
        else:
            self._report.paused.append(state.shown)

    def _take(self, root: WatchedRoot) -> bool:
        shown = shown_path(root.path)
        if not self._locks.take(root.id):
            if shown not in self._report.elsewhere:
                self._report.elsewhere.append(shown)
                _log.warning("root_watched_elsewhere", extra={"root": shown})
            return False
        if shown in self._report.elsewhere:
            self._report.elsewhere.remove(shown)
        self._mine[root.id] = root
        return True

    def _follow(self) -> None:
        """Begin and end threads as the roots' settings say."""
        self._locks.check()
        with self._database.session() as session:
            watched = {root.id: root for root in watching.watched_roots(session)}
        changed = [
            root_id
            for root_id, mine in self._mine.items()
            if root_id not in watched or self._differs(mine, watched[root_id])
        ]
        self._let_go(changed)
        for root_id, root in watched.items():
            if root_id not in self._threads and self._take(root):
                self._threads[root_id] = RootThread(self._state_of(root), rescan_s=self._rescan_s)
        self._report.roots = len(self._mine)
        self._report.paused = [
            each.state.shown
            for each in self._threads.values()
            if each.state.root.paused_why is not None
        ]

    def _let_go(self, root_ids: list[int]) -> None:
        for root_id in root_ids:
            if thread := self._threads.pop(root_id, None):
                thread.stop()
            self._mine.pop(root_id, None)
            with suppress(DatabaseUnavailableError):  # then it is given back already
                self._locks.give_back(root_id)

    def _differs(self, mine: WatchedRoot, now: WatchedRoot) -> bool:
        """Whether a root is to be watched otherwise; which folder it is, its thread finds out."""
        if (mine.path, mine.settings) != (now.path, now.settings):
            return True
        # Somebody said that the folder is to be taken as it is.
        thread = self._threads.get(mine.id)
        paused = thread is not None and thread.state.root.paused_why is not None
        return paused and now.paused_why is None
