"""Ingests that somebody asked the server for: one after the other, in a thread of their own."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from catalog.api import Catalog
from catalog.errors import CatalogError, NotFoundError, TooManyRequestsError

_log = logging.getLogger("catalog.web")

MOST_KEPT, MOST_WAITING = 100, 20


class _StoppedError(BaseException):
    """The server ends, and what is being done is broken off: it may be done again."""


@dataclass
class Run:
    """One ingest. ``state`` is waiting, running, done, failed or stopped."""

    id: str
    paths: Sequence[str]
    where: str
    by: str
    state: str = "waiting"
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON form; ``report`` is what ``catalog ingest --json`` prints."""
        return {
            "id": self.id,
            "paths": list(self.paths),
            "where": self.where,
            "by": self.by,
            "state": self.state,
            "stages": {name: dict(stage) for name, stage in self.stages.items()},
            "report": self.report,
            "error": self.error,
        }


class Runs:
    """Does ingests and keeps the last hundred of them, as long as the server runs."""

    def __init__(self, catalog: Catalog, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._where = "workers" if catalog.has_workers else "here"
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest")

    def start(
        self,
        catalog: Catalog,
        paths: Sequence[str],
        *,
        collection: str | None,
        tags: Sequence[str],
        tell: Callable[[str, dict[str, Any]], None],
    ) -> dict[str, Any]:
        """Begin an ingest, or let it wait for those before it.

        Raises
        ------
        TooManyRequestsError
            If twenty wait already.
        """
        run = Run(uuid.uuid4().hex, list(paths), self._where, catalog.actor.name)
        with self._lock:
            if sum(each.state == "waiting" for each in self._runs.values()) >= MOST_WAITING:
                raise TooManyRequestsError(
                    f"{MOST_WAITING} ingests wait already.",
                    remedy="Wait until one is done, or name several paths at once.",
                    retry_after_s=30,
                )
            self._runs[run.id] = run
            while len(self._runs) > MOST_KEPT:
                self._runs.popitem(last=False)
        self._thread.submit(self._do, run, catalog, collection, tags, tell)
        return run.as_json()

    def list(self) -> list[dict[str, Any]]:
        """All that are kept, the latest first."""
        with self._lock:
            return [run.as_json() for run in reversed(self._runs.values())]

    def get(self, run_id: str) -> dict[str, Any]:
        """One of them.

        Raises
        ------
        NotFoundError
            If it is not, or no longer, known.
        """
        with self._lock:
            run = self._runs.get(run_id)
        if run is None:
            raise NotFoundError(
                f"There is no ingest {run_id[:64]!r}.",
                remedy="The last hundred since the server was started are kept.",
            )
        return run.as_json()

    def close(self) -> None:
        """Break off what runs; ``stopping`` is to be set before."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _do(
        self,
        run: Run,
        catalog: Catalog,
        collection: str | None,
        tags: Sequence[str],
        tell: Callable[[str, dict[str, Any]], None],
    ) -> None:
        run.state = "running"
        progress = _Told(run, self._stopping, lambda: tell("ingest", run.as_json()))
        do = catalog.hand_over if run.where == "workers" else catalog.ingest
        try:
            report = do(*run.paths, collection=collection, tags=tags, progress=progress)
            run.report, run.state = report.as_json(), "done"
        except CatalogError as error:
            run.error, run.state = error.as_json()["error"], "failed"
        except _StoppedError:
            run.state = "stopped"
        except Exception:  # noqa: BLE001  # it is logged, and the next run goes on
            _log.exception("ingest_fault", extra={"run": run.id})
            fault = CatalogError(
                "Something in the catalogue itself went wrong.",
                remedy="Please report this; the server's log shows where it was.",
            )
            run.error, run.state = fault.as_json()["error"], "failed"
        tell("ingest", run.as_json())


class _Told:
    """A listener that keeps a run's numbers, and tells of them."""

    def __init__(self, run: Run, stopping: threading.Event, tell: Callable[[], None]) -> None:
        self._run, self._stopping, self._tell = run, stopping, tell

    def begin(self, stage: str, total: float | None, unit: str) -> None:
        """A stage starts."""
        known = self._run.stages.setdefault(stage, {"done": 0.0, "total": 0.0, "unit": unit})
        known["total"] += total or 0.0
        self._go_on()

    def advance(self, stage: str, amount: float, note: str = "") -> None:  # noqa: ARG002  # names of files are not for everybody
        """So much more is done."""
        known = self._run.stages.setdefault(stage, {"done": 0.0, "total": 0.0, "unit": ""})
        known["done"] = round(known["done"] + amount, 3)
        self._go_on()

    def end(self, stage: str) -> None:  # noqa: ARG002  # it is told as a whole
        """A stage is over."""
        self._go_on()

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError
        self._tell()
