"""Tells browsers and programs what happens, as server-sent events."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from catalog.api import Catalog
from catalog.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("catalog.web")

BEAT_S = 5.0
# Whoever reads that slowly is better off beginning anew.
_MOST_WAITING = 1000
_AGAIN_S = 2.0

Event = tuple[str, dict[str, Any]]


@dataclass(eq=False)
class Subscriber:
    """Somebody who listens; ``queue`` is of the server's event loop."""

    catalog: Catalog
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Event] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))
    lost: bool = False

    def put(self, event: Event) -> None:
        """Hand over an event, in the event loop."""
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lost = True


class Hub:
    """Listens to PostgreSQL for all who listen to it, on one connection, while anybody does."""

    def __init__(self, catalog: Catalog, stopping: threading.Event) -> None:
        self._catalog, self._stopping = catalog, stopping
        self._subscribers: set[Subscriber] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._listening = threading.Event()

    @contextmanager
    def subscribed(self, catalog: Catalog) -> Iterator[Subscriber]:
        """Listen, as far as this catalogue's user may know, until the block ends."""
        subscriber = Subscriber(catalog, asyncio.get_running_loop())
        with self._lock:
            self._subscribers.add(subscriber)
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="events", daemon=True)
                self._thread.start()
        try:
            yield subscriber
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)

    def wait_until_listening(self, timeout_s: float) -> bool:
        """Whether nothing that happens from now on is missed."""
        return self._listening.wait(timeout_s)

    def publish(self, name: str, body: dict[str, Any]) -> None:
        """Tell all; from any thread. For what has no asset, so that nobody sees too much."""
        with self._lock:
            subscribers = [s for s in self._subscribers if not s.catalog.actor.limited]
        for subscriber in subscribers:
            _hand_over(subscriber, (name, body))

    def close(self) -> None:
        """Wait until nothing listens; ``stopping`` is to be set before."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                for events in self._catalog.events(self._stopping):
                    self._listening.set()
                    if events:
                        self._tell(events)
            except CatalogError as error:
                self._listening.clear()
                _log.warning("events_unavailable", extra={"reason": error.message})
                self._stopping.wait(_AGAIN_S)

    def _tell(self, events: list[dict[str, Any]]) -> None:
        with self._lock:
            subscribers = list(self._subscribers)
        for subscriber in subscribers:
            for event in subscriber.catalog.seen_events(events):
                _hand_over(subscriber, ("asset", event))


def _hand_over(subscriber: Subscriber, event: Event) -> None:
    try:
        subscriber.loop.call_soon_threadsafe(subscriber.put, event)
    except RuntimeError:  # its loop has ended, and it with it
        subscriber.lost = True


async def stream(
    hub: Hub,
    catalog: Catalog,
    stopping: threading.Event,
    still_known: Any,  # noqa: ANN401
) -> AsyncIterator[str]:
    """The events as text/event-stream, until the server stops or the asker is known no more.

    ``still_known`` is an async function that says whether they are.
    """
    with hub.subscribed(catalog) as subscriber:
        await run_in_threadpool(hub.wait_until_listening, BEAT_S)
        told = await run_in_threadpool(catalog.progress)
        # How soon a browser comes again after a break, in milliseconds.
        yield f"retry: 2000\n{_written('progress', told)}"
        while not (stopping.is_set() or subscriber.lost):
            try:
                name, body = await asyncio.wait_for(subscriber.queue.get(), BEAT_S)
                yield _written(name, body)
            except TimeoutError:
                if not await still_known():
                    return
                yield ": beat\n\n"
            if subscriber.queue.empty():
                now = await run_in_threadpool(catalog.progress)
                if now != told:
                    told = now
                    yield _written("progress", told)


def _written(name: str, body: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(body)}\n\n"
