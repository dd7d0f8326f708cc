"""Run the service: start all, look after all, end all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from catalog.db.embedded import EmbeddedPostgres
from catalog.dispatch.embedded import EmbeddedRedis
from catalog.errors import BrokerUnavailableError
from catalog.settings import Settings
from catalog.supervisor.change import ALL, Change, Tell
from catalog.supervisor.child import Child, Command
from catalog.supervisor.one import only_one
from catalog.supervisor.services import commands, environment, log_of, media_processes

_LOOK_S = 0.2
_REDIS_PATIENCE_S = 60.0


def supervise(
    settings: Settings,
    server: EmbeddedPostgres | None,
    tell: Tell,
    stop: threading.Event,
    *,
    media: int | None = None,
) -> None:
    """Run everything a service needs on this machine, until ``stop`` is set.

    ``server`` is the embedded PostgreSQL, if it is that; ``media`` how many
    processes decode. A child that ends is started again, after 1, 2, 4 … 60 s.

    Raises
    ------
    AlreadyRunningError
        If another process does this for the same home.
    BrokerUnavailableError
        If no broker is named and none can be started.
    """
    with only_one(settings.home), ExitStack() as stack:
        run = _Run(settings, _OneAtATime(tell), stop)
        stack.callback(run.changed, Change(ALL, "stopped"))
        if server is not None:
            run.server = server
            run.changed(Change("postgres", "ready"))
        broker_url = settings.broker_url
        if broker_url is None:
            redis = EmbeddedRedis(settings.home / "redis")
            broker_url = redis.prepare()
            command = Command("redis", redis.command, redis.READY_WORDS)
            stack.enter_context(run.running([command], broker_url))
            run.wait_for_broker()
        if not stop.is_set():
            started = commands(settings, media=media or media_processes())
            stack.enter_context(run.running(started, broker_url))
            run.look_after()
        run.changed(Change(ALL, "stopping"))


class _OneAtATime:
    """Tells in turn, whichever thread has something to tell."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._lock = tell, threading.Lock()

    def changed(self, change: Change) -> None:
        with self._lock:
            self._tell.changed(change)

    def line(self, service: str, line: str) -> None:
        with self._lock:
            self._tell.line(service, line)


class _Run:
    """The children, and what was last told of each."""

    def __init__(self, settings: Settings, tell: Tell, stop: threading.Event) -> None:
        self._settings, self._tell, self._stop = settings, tell, stop
        self._children: list[Child] = []
        self._told_ready: set[str] = set()
        self.server: EmbeddedPostgres | None = None

    def changed(self, change: Change) -> None:
        self._tell.changed(change)

    @contextmanager
    def running(self, wanted: Sequence[Command], broker_url: str) -> Iterator[None]:
        """Start these; end them, all at once, when the block is left."""
        surroundings = environment(self._settings, broker_url)
        mine = [
            Child(each, surroundings, log_of(self._settings, each.name), self._tell.line)
            for each in wanted
        ]
        try:
            for child in mine:
                self._children.append(child)
                self._start(child)
            yield
        finally:
            self._end(mine)

    def _start(self, child: Child) -> None:
        self._told_ready.discard(child.command.name)
        child.start()
        self.changed(Change(child.command.name, "starting", child.pid))

    def _end(self, mine: Sequence[Child]) -> None:
        for child in mine:
            child.ask_to_end()
        began = time.monotonic()
        for child in mine:
            child.hurry(began + child.command.finish_s)
        for child in mine:
            pid = child.pid
            if pid is not None:
                itself = child.end(began + child.command.patience_s)
                detail = "" if itself else "killed: it did not end by itself"
                self.changed(Change(child.command.name, "stopped", pid, detail))
            self._children.remove(child)

    def wait_for_broker(self) -> None:
        """Until Redis is ready: nothing else can begin before."""
        deadline = time.monotonic() + _REDIS_PATIENCE_S
        while not self._look() and not self._stop.wait(_LOOK_S / 4):
            if time.monotonic() > deadline:
                raise BrokerUnavailableError(
                    f"The embedded Redis is not ready after {_REDIS_PATIENCE_S:.0f} s.",
                    remedy=f"See {log_of(self._settings, 'redis')}, or set CATALOG_BROKER_URL.",
                )

    def look_after(self) -> None:
        """Until it is to stop: say when all are ready, and start again what has ended."""
        told = False
        while not self._stop.wait(_LOOK_S):
            ready = self._look()
            if ready and not told:
                self.changed(Change(ALL, "ready"))
            told = ready

    def _look(self) -> bool:
        """Look at every part once; whether all are ready."""
        self._look_at_server()
        for child in self._children:
            name, pid = child.command.name, child.pid
            if pid is None:
                if time.monotonic() >= child.next_start:
                    self._start(child)
            elif (code := child.ended()) is not None:
                wait = max(0.0, child.next_start - time.monotonic())
                detail = f"exit code {code}; started again in {wait:.0f} s"
                self.changed(Change(name, "exited", pid, detail))
            elif child.ready and name not in self._told_ready:
                self._told_ready.add(name)
                self.changed(Change(name, "ready", pid))
        return all(child.ready for child in self._children)

    def _look_at_server(self) -> None:
        if self.server is not None and not self.server.is_running():
            self.changed(Change("postgres", "exited", None, "started again now"))
            self.server.ensure_running()
            self.changed(Change("postgres", "ready"))
