"""Long work that somebody asked the server for: one after the other, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.progress import Progress
from catalog.errors import CatalogError, ConflictError, NotFoundError, TooManyRequestsError

_log = logging.getLogger("catalog.web")

MOST_KEPT, MOST_WAITING = 100, 20


class _StoppedError(BaseException):
    """Somebody cancelled it, or the server ends: it is broken off, and may be done again."""


Do = Callable[[Progress], dict[str, Any]]
"""Does the work, and says what came of it."""
Tell = Callable[[dict[str, Any]], None]
"""Passes on how far a run is."""


@dataclass
class Run:
    """One piece of work.

    ``state`` is waiting, running, stopping (cancelled, until it comes to a place where it can be
    broken off), done, failed or stopped. ``about`` is what it is, and stands in its JSON beside
    the rest; ``stopped_by`` is who cancelled it.
    """

    id: str
    about: Mapping[str, Any]
    by: str
    tell: Tell
    state: str = "waiting"
    stopped_by: str | None = None
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """JSON form; ``report`` is what the verb prints with ``--json``."""
        return {
            "id": self.id,
            **self.about,
            "by": self.by,
            "state": self.state,
            "stopped_by": self.stopped_by,
            "stages": {name: dict(stage) for name, stage in self.stages.items()},
            "report": self.report,
            "error": self.error,
        }


class Runs:
    """Does one sort of work and keeps the last hundred of it, as long as the server runs.

    ``name`` is what people call one of them.
    """

    def __init__(self, name: str, stopping: threading.Event) -> None:
        self._name, self._stopping = name, stopping
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def start(self, about: Mapping[str, Any], by: str, do: Do, tell: Tell) -> dict[str, Any]:
        """Begin, or wait for those before it.

        Raises
        ------
        TooManyRequestsError
            If twenty wait already.
        """
        run = Run(uuid.uuid4().hex, about, by, tell)
        with self._lock:
            if sum(each.state == "waiting" for each in self._runs.values()) >= MOST_WAITING:
                raise TooManyRequestsError(
                    f"{MOST_WAITING} {self._name}s wait already.",
                    remedy="Wait until one is done, or ask for several at once.",
                    retry_after_s=30,
                )
            self._runs[run.id] = run
            while len(self._runs) > MOST_KEPT:
                self._runs.popitem(last=False)
        self._thread.submit(self._do, run, do)
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
            return self._known(run_id).as_json()

    def cancel(self, run_id: str, by: str) -> dict[str, Any]:
        """Break it off: at once if it waits, else when it next tells how far it is.

        What it has finished by then stays, and it may be done again. Cancelling twice is as once.

        Raises
        ------
        NotFoundError
            If it is not, or no longer, known.
        ConflictError
            If it has ended by itself.
        """
        with self._lock:
            run = self._known(run_id)
            if run.state in ("done", "failed"):
                raise ConflictError(
                    f"The {self._name} has ended already: it is {run.state}.",
                    remedy="What it did stays as it is.",
                    state=run.state,
                )
            if run.state in ("waiting", "running"):
                run.state = "stopped" if run.state == "waiting" else "stopping"
                run.stopped_by = by
            told = run.as_json()
        run.tell(told)
        return told

    def _known(self, run_id: str) -> Run:
        run = self._runs.get(run_id)
        if run is None:
            raise NotFoundError(
                f"There is no {self._name} {run_id[:64]!r}.",
                remedy="The last hundred since the server was started are kept.",
            )
        return run

    def close(self) -> None:
        """Break off what runs; ``stopping`` is to be set before."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _do(self, run: Run, do: Do) -> None:
        with self._lock:
            if run.state != "waiting":
                return  # cancelled meanwhile, which has been told
            run.state = "running"
        ended = "failed"
        try:
            run.report = do(_Told(run, self._stopping))
            ended = "done"
        except CatalogError as error:
            run.error = error.as_json()["error"]
        except _StoppedError:
            ended = "stopped"
        except Exception:  # noqa: BLE001  # it is logged, and the next run goes on
            _log.exception("run_fault", extra={"run": run.id, "what": self._name})
            fault = CatalogError(
                "Something in the catalogue itself went wrong.",
                remedy="Please report this; the server's log shows where it was.",
            )
            run.error = fault.as_json()["error"]
        with self._lock:
            run.state = ended
            if ended != "stopped":
                run.stopped_by = None  # it had come to its end before
        run.tell(run.as_json())


class _Told:
    """A listener that keeps a run's numbers, and tells of them."""

    def __init__(self, run: Run, stopping: threading.Event) -> None:
        self._run, self._stopping = run, stopping

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
        """A stage is over; after the last one nothing is left that could be broken off."""
        self._run.tell(self._run.as_json())

    def _go_on(self) -> None:
        if self._stopping.is_set() or self._run.state == "stopping":
            raise _StoppedError
        self._run.tell(self._run.as_json())
