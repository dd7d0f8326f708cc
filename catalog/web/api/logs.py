"""Logs and timelines of other programs, taken in: what they say becomes subclips and texts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel, Field

from catalog.domain import wire_work
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Text, gives, such_as
from catalog.web.api.once import OnceRoute

router = APIRouter(
    prefix="/logs", tags=["logs"], dependencies=[needs("editor")], route_class=OnceRoute
)
_EXAMPLE = {
    "file": "day 3.ale", "kept": "/srv/catalog/logs/5d41402abc4b2a76/day 3.ale", "kind": "ale",
    "rows": 2, "matched": 1, "assets": [7], "added": 1, "removed": 0, "changed": [7],
    "unmatched": [
        {
            "row": 2, "name": "roll-09", "timecode_in": "10:00:00:00",
            "timecode_out": "10:00:02:00", "text": "the quay",
            "reason": "no asset is called 'roll-09'",
        }
    ],
}  # fmt: skip


class LogFile(BaseModel):
    """A log, by the path it was taken in under."""

    model_config = such_as(file="/srv/catalog/logs/5d41402abc4b2a76/day 3.ale")

    file: Annotated[Text, Field(min_length=1, max_length=4096)]


@router.get(
    "",
    responses=gives(wire_work.ImportedLogs, "The logs"),
    response_model=None,
    summary="List logs",
)
def list_logs(catalog: OpenCatalog) -> dict[str, Any]:
    """Logs that were taken in, by whomever, the latest first."""
    return {"logs": catalog.imported_logs()}


@router.post(
    "",
    responses=gives(wire_work.LogReport, "What became of its rows", _EXAMPLE, status=201),
    response_model=None,
    status_code=201,
    summary="Take in a log",
)
def import_log(
    catalog: OpenCatalog,
    file: Annotated[UploadFile, File(description="ALE, EDL, CSV, OTIO, FCPXML, XML or AAF")],
    replace: Annotated[bool, Form(description="In the place of another of that name")] = False,
) -> dict[str, Any]:
    """Take in what a log or a timeline says of catalogued assets; see docs/nle.md.

    Which sort it is its name says. Rows that mean no asset are `unmatched`, with the reason.
    """
    return catalog.import_sent_log(file.filename or "", file.file.read(), replace=replace)


@router.post(
    "/remove",
    responses=gives(wire_work.LogReport, "What was taken back"),
    response_model=None,
    summary="Take a log back",
)
def remove_log(catalog: OpenCatalog, log: LogFile) -> dict[str, Any]:
    """Take back all that a log said; no file is touched."""
    return catalog.import_log(log.file, remove=True)
