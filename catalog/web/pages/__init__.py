"""Pages for people."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from catalog.web.access import OpenCatalog, needs
from catalog.web.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/", dependencies=[needs("viewer")])
def home(request: Request, catalog: OpenCatalog) -> Response:
    """The first page."""
    return render(request, "home.html", {"stats": catalog.stats()})
