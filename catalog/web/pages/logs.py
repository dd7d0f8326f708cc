"""Logs of other programs: taken in from the page, with what became of each row."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from catalog.errors import CatalogError
from catalog.web.access import OpenCatalog, needs
from catalog.web.pages.showing import show

router = APIRouter(prefix="/logs", include_in_schema=False, dependencies=[needs("editor")])


@router.get("")
def list_logs(request: Request, catalog: OpenCatalog) -> Response:
    """What was taken in, and the way to take in more."""
    return _show(request, catalog, {})


@router.post("")
def import_log(
    request: Request,
    catalog: OpenCatalog,
    log: Annotated[UploadFile, File()],
    *,
    replace: Annotated[bool, Form()] = False,
) -> Response:
    """Take a log in, and tell of its rows."""
    try:
        report = catalog.import_sent_log(log.filename or "", log.file.read(), replace=replace)
    except CatalogError as error:
        if error.http_status >= 500:
            raise
        return _show(request, catalog, {"wrong": error}, status=error.http_status)
    return _show(request, catalog, {"report": report})


@router.post("/remove")
def remove_log(catalog: OpenCatalog, file: Annotated[str, Form(max_length=4096)]) -> Response:
    """Take back what a log said."""
    catalog.import_log(file, remove=True)
    return RedirectResponse("/logs", 303)


def _show(
    request: Request, catalog: OpenCatalog, told: dict[str, Any], status: int = 200
) -> Response:
    context = {"logs": catalog.imported_logs(), "report": None, "wrong": None, **told}
    return show(request, "logs.html", context, here="bins", status=status)
