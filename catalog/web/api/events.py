"""What happens, as it happens: server-sent events."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from catalog.errors import CatalogError
from catalog.web.access import OpenCatalog, Principal, needs, principal_of
from catalog.web.api.once import OnceRoute
from catalog.web.events import stream

router = APIRouter(tags=["events"], dependencies=[needs("viewer")], route_class=OnceRoute)

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events without end",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: asset\ndata: {"asset": 7, "state": "ready", "code": null}\n\n',
            }
        },
    }
}


@router.get("/events", responses=_STREAM, response_class=StreamingResponse, summary="Events")
async def events(request: Request, catalog: OpenCatalog) -> StreamingResponse:
    """Server-sent events, until the connection is closed.

    ``asset``: one is ready or has failed. ``progress``: how many assets are in which state
    of each stage; sent first, and whenever it has changed. ``ingest``: how far an ingest is
    that this server does. ``errand``: one of an administrator's has gone on. After a break,
    what was missed is seen in ``progress``.
    """
    state = request.app.state
    asked = principal_of(request)

    async def still_known() -> bool:
        try:
            now: Principal | None = await state.identify(request)
        except CatalogError:
            return False
        return now == asked

    body = stream(state.hub, catalog, state.stopping, still_known)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)
