"""One open catalogue per worker process.

Opened in the child, after the fork: a connection, a thread of torch or a CUDA context
opened before it would be of no use after. What decodes is made ready then as well, so that
the first file of each process, and of each that replaces it, does not wait for libraries.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import Any

from celery.signals import (
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
)
from celery.worker import WorkController

from catalog import Catalog
from catalog.dispatch import MEDIA_QUEUE
from catalog.errors import CatalogError


class ProcessCatalog:
    """Opens the environment's catalogue once per process, however many threads ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._pid = 0
        self._siblings = 1
        self._decodes = False

    def begin(self, sender: WorkController, **_signal: Any) -> None:  # noqa: ANN401  # Celery's keywords
        """Learn, before the fork, how many processes there will be, and of what use."""
        count = sender.concurrency
        self._siblings = count if isinstance(count, int) else _processors()
        self._decodes = MEDIA_QUEUE in sender.app.amqp.queues.consume_from
        # What is there now stays. Nobody need look through it for garbage, at the least a child,
        # which would have to copy the memory that it shares.
        gc.freeze()

    def make_ready(self, **_signal: Any) -> None:  # noqa: ANN401  # Celery's keywords
        """In a process that decodes, load what that needs, beside the start of the process."""
        if self._decodes:
            threading.Thread(target=self._start_decoders, name="make ready", daemon=True).start()

    def get(self) -> Catalog:
        """The catalogue of the process, opened now if it is not yet."""
        with self._lock:
            if self._catalog is None or self._pid != os.getpid():
                self._catalog, self._pid = Catalog.open(), os.getpid()
                # Together they use each processor once.
                self._catalog.decoders.threads = max(1, _processors() // self._siblings)
            return self._catalog

    def _start_decoders(self) -> None:
        try:
            self.get().decoders.start()
        except CatalogError:
            return  # the first task meets it again, and says so where people look

    def close(self, **_signal: Any) -> None:  # noqa: ANN401  # Celery's keywords
        """Close it, if this process has opened it."""
        with self._lock:
            mine, self._catalog = self._catalog, None
            if mine is not None and self._pid == os.getpid():
                mine.close()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_process = ProcessCatalog()
catalog = _process.get


worker_init.connect(_process.begin, weak=False)
worker_process_init.connect(_process.make_ready, weak=False)
# A prefork child says the first, the threads and solo pools the second.
worker_process_shutdown.connect(_process.close, weak=False)
worker_shutdown.connect(_process.close, weak=False)
