"""The service: work that waits or failed, figures, and whether all is well."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from starlette.responses import PlainTextResponse

from catalog.domain import wire
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import STRICT, Ids, Limit, Text, gives
from catalog.web.api.once import OnceRoute

router = APIRouter(tags=["service"], route_class=OnceRoute)
_look, _whole, _all = [needs("viewer")], [needs("viewer", whole=True)], [needs("admin")]


class Which(BaseModel):
    """Assets by number; null: all."""

    model_config = STRICT

    assets: Ids | None = None


class Reason(BaseModel):
    """Why."""

    model_config = STRICT

    reason: Annotated[Text, Field(max_length=300)] = ""


@router.get("/stats", dependencies=_look, response_model=None, summary="Figures")
def stats(catalog: OpenCatalog) -> dict[str, Any]:
    """The catalogue in figures, and the service; for a limited token, of what it sees."""
    return catalog.stats()


@router.get("/progress", dependencies=_look, response_model=None, summary="Progress")
def progress(catalog: OpenCatalog) -> dict[str, Any]:
    """How many assets are in which state of each stage."""
    return {"stages": catalog.progress()}


@router.get(
    "/metrics",
    dependencies=_whole,
    response_class=PlainTextResponse,
    response_model=None,
    summary="Metrics",
)
def metrics(catalog: OpenCatalog) -> Response:
    """The figures in Prometheus's text format."""
    return PlainTextResponse(catalog.metrics(), media_type="text/plain; version=0.0.4")


@router.get("/jobs", dependencies=_look, response_model=None, summary="Work")
def jobs(
    catalog: OpenCatalog, *, failed: bool = False, limit: Annotated[Limit, Query()] = 100
) -> dict[str, Any]:
    """Work that is due, running or failed (or only the failed), with reasons."""
    return {"jobs": catalog.jobs(failed=failed, limit=limit)}


@router.post(
    "/jobs/retry",
    dependencies=_all,
    responses=gives(wire.Changed, "Assets that are due again", {"assets": [7]}),
    response_model=None,
    summary="Try again",
)
def retry(catalog: OpenCatalog, which: Which) -> dict[str, Any]:
    """Make failed work due again: of these assets, or of all."""
    return {"assets": catalog.retry(which.assets or ())}


@router.post("/service/pause", dependencies=_all, response_model=None, summary="Pause")
def pause(catalog: OpenCatalog, why: Reason) -> dict[str, Any]:
    """Let workers leave work due, from their next task on."""
    return catalog.pause(why.reason)


@router.post("/service/resume", dependencies=_all, response_model=None, summary="Resume")
def resume(catalog: OpenCatalog) -> dict[str, Any]:
    """Let workers work again; whether they did not."""
    return {"resumed": catalog.resume()}


@router.get("/doctor", dependencies=_all, response_model=None, summary="Is all well?")
def doctor(catalog: OpenCatalog) -> dict[str, Any]:
    """Look over everything that is needed; nothing is changed."""
    return catalog.doctor().as_json()
