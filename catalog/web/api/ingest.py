"""Putting media in: what lies below a root, by workers or by the server itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.domain import wire
from catalog.domain.paths import shown_path
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Label, Text, gives, such_as
from catalog.web.api.once import OnceRoute
from catalog.web.ingests import AskedIngests

_WHOLE = [needs("editor", whole=True)]
router = APIRouter(tags=["ingest"], dependencies=_WHOLE, route_class=OnceRoute)

Path = Annotated[Text, Field(min_length=1, max_length=4096, description="Absolute, below a root")]
_RUN = {"description": "It was begun, or waits", "model": wire.IngestRun}


class File(BaseModel):
    """One file to be entered."""

    model_config = such_as(path="/media/roll-01.mp4")

    path: Path
    collection: Label | None = None


class Paths(BaseModel):
    """Files and folders to be taken in, and what is said of all."""

    model_config = such_as(paths=["/media/rushes"], collection="News")

    paths: Annotated[list[Path], Field(min_length=1, max_length=1000)]
    collection: Label | None = None
    tags: Annotated[list[Label], Field(max_length=100)] = []


@router.post(
    "/register",
    responses=gives(wire.Registered, "The asset it holds", status=201),
    response_model=None,
    status_code=201,
    summary="Enter a file",
)
def register(catalog: OpenCatalog, file: File) -> dict[str, Any]:
    """Enter one file below a root; workers are told of it, where there are any."""
    path = catalog.root.holding(file.path)
    found = catalog.register(path, collection=file.collection, dispatch=catalog.has_workers)
    return {
        "path": shown_path(found.path),
        "asset": found.asset_id,
        "new": found.new,
        "verified": found.verified,
    }


@router.post(
    "/ingests", responses={202: _RUN}, response_model=None, status_code=202, summary="Ingest"
)
def ingest(ingests: AskedIngests, asked: Paths) -> dict[str, Any]:
    """Take in files and folders below roots; it goes on by itself, and tells of it as events.

    Where there are workers they do it; else the server does, one ingest after the other.
    """
    return ingests.begin(asked.paths, asked.collection, asked.tags)


@router.get("/ingests", response_model=None, summary="List ingests")
def list_ingests(ingests: AskedIngests) -> dict[str, Any]:
    """What the server was asked to take in since it was started, the latest first."""
    return {"ingests": ingests.list()}


@router.get(
    "/ingests/{ingest}",
    responses=gives(wire.IngestRun, "How far it is"),
    response_model=None,
    summary="Show an ingest",
)
def show_ingest(ingests: AskedIngests, ingest: Text) -> dict[str, Any]:
    """How far an ingest is, and its report when it is done."""
    return ingests.get(ingest)


@router.post(
    "/ingests/{ingest}/cancel",
    responses=gives(wire.IngestRun, "It is stopped, or stopping"),
    response_model=None,
    summary="Cancel an ingest",
)
def cancel_ingest(ingests: AskedIngests, ingest: Text) -> dict[str, Any]:
    """Break an ingest off; 409 if it has ended. Assets that are ready stay, the others are due.

    What was handed to workers already, they go on with.
    """
    return ingests.cancel(ingest)
