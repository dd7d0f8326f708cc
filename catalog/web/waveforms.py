"""Waveforms that are asked of the server: a thread of it draws them, one after the other."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.domain.renditions import RenditionKind
from catalog.web.access import OpenCatalog
from catalog.web.runs import Runs

_KIND = RenditionKind.WAVEFORM.value
_STATES = {"waiting": "due", "stopping": "running", "stopped": "none"}


class Waveforms:
    """Asks for them in the name of whoever asks. Sounds have theirs from their analysis."""

    def __init__(self, catalog: Catalog, runs: Runs) -> None:
        self._catalog, self._runs = catalog, runs

    def ask(self, asset: int, *, anew: bool = False) -> dict[str, Any]:
        """Ask for one, unless it is there (but for ``anew``), or is being drawn; its `status`.

        Raises
        ------
        NotFoundError
            If it is no asset that is seen.
        TooManyRequestsError
            If twenty wait already.
        """
        told = self.status(asset)
        if told["state"] in ("due", "running") or (told["made"] and not anew):
            return told
        self._runs.start(
            {"asset": asset},
            self._catalog.actor.name,
            lambda progress: self._catalog.waveform([asset], progress=progress),
            lambda _: None,  # who asked looks again
        )
        return self.status(asset)

    def status(self, asset: int) -> dict[str, Any]:
        """Where one stands, told as of a proxy; what was asked of an earlier server is forgotten.

        Raises
        ------
        NotFoundError
            If it is no asset that is seen.
        """
        runs = [run for run in self._runs.list() if run["asset"] == asset]  # the latest first
        made = self._catalog.has_rendition(asset, _KIND)
        told: dict[str, Any] = {
            "asset": asset,
            "kind": _KIND,
            "state": "done" if made else "none",
            "progress": None,
            "attempts": len(runs),
            "made": made,
            "error": None,
            "where": "here",
        }
        return {**told, **_of(runs[0])} if runs else told


def _of(run: dict[str, Any]) -> dict[str, Any]:
    """State, progress and error of a run."""
    state = _STATES.get(run["state"], run["state"])
    error = run["error"] and {name: run["error"][name] for name in ("code", "message")}
    progress = None
    if state == "running" and (drawn := run["stages"].get("make")) and drawn["total"]:
        progress = round(min(1.0, drawn["done"] / drawn["total"]), 3)
    if run["report"] and (failures := run["report"]["failures"]):
        state, error = "failed", {"code": failures[0]["code"], "message": failures[0]["reason"]}
    return {"state": state, "progress": progress, "error": error}


def _waveforms(request: Request, catalog: OpenCatalog) -> Waveforms:
    runs = request.app.state.waveforms
    assert isinstance(runs, Runs)  # noqa: S101  # create_app has put it there
    return Waveforms(catalog, runs)


AskedWaveforms = Annotated[Waveforms, Depends(_waveforms)]
