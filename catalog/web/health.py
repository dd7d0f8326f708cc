"""Whether the server and its database answer: for whoever keeps it running."""

from __future__ import annotations

from fastapi import APIRouter, Request

from catalog.web.access import whole_catalog

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def health(request: Request) -> dict[str, str]:
    """``{"status": "ok"}``, or the error that the database is away; needs no token."""
    whole_catalog(request).revision()
    return {"status": "ok"}
