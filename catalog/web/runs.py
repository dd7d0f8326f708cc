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
from catalog.errors import CatalogError, NotFoundError, TooManyRequestsError

_log = logging.getLogger("catalog.web")

MOST_KEPT, MOST_WAITING = 100, 20


class _StoppedError(BaseException):
    """The server ends, and what is being done is broken off: it may be done again."""


Do = Callable[[Progress], dict[str, Any]]
"""Does the work, and says what came of it."""
Tell = Callable[[dict[str, Any]], None]
"""Passes on how far a run is."""


@dataclass
class Run:
    """One piece of work. ``state`` is waiting, running, done, failed or stopped.

    ``about`` is what it is, and stands in its JSON beside the rest.
    """

    id: str
    about: Mapping[str, Any]
    by: str
    state: str = "waiting"
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
        run = Run(uuid.uuid4().hex, about, by)
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
        self._thread.submit(self._do, run, do, tell)
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
                f"There is no {self._name} {run_id[:64]!r}.",
                remedy="The last hundred since the server was started are kept.",
            )
        return run.as_json()

    def close(self) -> None:
        """Break off what runs; ``stopping`` is to be set before."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _do(self, run: Run, do: Do, tell: Tell) -> None:
        run.state = "running"
        try:
            run.report = do(_Told(run, self._stopping, lambda: tell(run.as_json())))
            run.state = "done"
        except CatalogError as error:
            run.error, run.state = error.as_json()["error"], "failed"
        except _StoppedError:
            run.state = "stopped"
        except Exception:  # noqa: BLE001  # it is logged, and the next run goes on
            _log.exception("run_fault", extra={"run": run.id, "what": self._name})
            fault = CatalogError(
                "Something in the catalogue itself went wrong.",
                remedy="Please report this; the server's log shows where it was.",
            )
            run.error, run.state = fault.as_json()["error"], "failed"
        tell(run.as_json())


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
