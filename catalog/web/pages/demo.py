"""The demonstration, catalogued by one button while the page tells how far it is."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from catalog.api import Catalog
from catalog.errors import CatalogError
from catalog.web.access import OpenCatalog, needs
from catalog.web.pages.showing import show

router = APIRouter(prefix="/demo", include_in_schema=False, dependencies=[needs("admin")])
_log = logging.getLogger("catalog.web")
_RENDERING = 60
"""Percent of the whole that rendering takes."""


@dataclass(slots=True)
class Demonstration:
    """One run of it; it listens to its own progress."""

    state: str = "running"
    step: str = "render"
    reason: str = ""
    _total: float = 0.0
    _done: float = 0.0

    @property
    def percent(self) -> int:
        """How far it is, of 100."""
        share = self._done / self._total if self._total else 0.0
        if self.step == "render":
            return round(_RENDERING * share)
        return round(_RENDERING + (100 - _RENDERING) * min(1.0, share))

    def begin(self, stage: str, total: float | None, _unit: str) -> None:
        """Listen to a stage that begins."""
        if stage == "render" or self.step == "render":
            self.step = "render" if stage == "render" else "ingest"
            self._total, self._done = total or 0.0, 0.0

    def advance(self, _stage: str, amount: float, _note: str = "") -> None:
        """Listen to work being done."""
        self._done += amount

    def end(self, _stage: str) -> None:
        """Listen to a stage that ends."""

    def run(self, catalog: Catalog) -> None:
        """Do it, and remember how it ended."""
        try:
            report = catalog.demonstrate(progress=self)
        except CatalogError as error:
            self.state, self.reason = "failed", str(error)
        except Exception:  # noqa: BLE001  # a thread that dies tells nobody
            self.state, self.reason = "failed", "The server's log says why."
            _log.exception("demonstration_failed")
        else:
            self.state = "failed" if report.failed else "done"
            self.reason = "; ".join(failure.reason for failure in report.failures)


@router.get("")
def look(request: Request, catalog: OpenCatalog) -> Response:
    """How far it is."""
    run = getattr(request.app.state, "demonstration", None)
    if run is None or (run.state == "done" and not catalog.stats()["assets"]):
        return RedirectResponse("/", 303)
    return show(request, "demo.html", {"demo": run}, headers={"Cache-Control": "no-store"})


@router.post("")
def begin(request: Request, catalog: OpenCatalog) -> Response:
    """Begin, unless it is under way."""
    state = request.app.state
    run = getattr(state, "demonstration", None)
    if run is None or run.state != "running":
        state.demonstration = run = Demonstration()
        threading.Thread(target=run.run, args=(catalog,), name="demo", daemon=True).start()
    return RedirectResponse("/demo", 303)
