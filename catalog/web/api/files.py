"""Pictures, strips, waveforms, proxies and originals: whole, or in part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from catalog.domain.renditions import RenditionKind
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Id, sends
from catalog.web.api.once import OnceRoute
from catalog.web.sending import send

router = APIRouter(tags=["files"], dependencies=[needs("viewer")], route_class=OnceRoute)

_RENDITIONS = {
    RenditionKind.STRIP: ("image/webp", "Pictures of the whole asset in one, to scrub over"),
    RenditionKind.STRIP_INDEX: ("text/vtt", "Which part of the strip is of which time (WebVTT)"),
    RenditionKind.WAVEFORM: ("image/png", "The sound as a picture"),
    RenditionKind.PEAKS: ("application/json", "The sound as numbers"),
    RenditionKind.PROXY: ("video/mp4", "A copy that browsers play"),
}


def _serve(path: str, kind: str, text: str) -> Callable[[Any], Any]:
    """A route for GET, which the description tells of, and for HEAD."""

    def put(endpoint: Any) -> Any:  # noqa: ANN401  # a function, as FastAPI takes it
        router.head(path, include_in_schema=False, response_model=None)(endpoint)
        shown: dict[str, Any] = {"responses": sends(kind, text), "summary": text}
        return router.get(path, response_model=None, response_class=Response, **shown)(endpoint)

    return put


@_serve("/frames/{frame}/picture", "image/jpeg", "The picture of a frame")
def picture(request: Request, catalog: OpenCatalog, frame: Id) -> Response:
    """The kept picture; it never changes, and may be kept for good."""
    return send(request, catalog.picture(frame))


@_serve("/assets/{asset}/original", "application/octet-stream", "The asset's own file")
def original(request: Request, catalog: OpenCatalog, asset: Id) -> Response:
    """A file of the asset as it lies in its root; browsers ask for parts of it."""
    return send(request, catalog.original(asset))


def _rendition_route(kind: RenditionKind) -> None:
    def rendition(request: Request, catalog: OpenCatalog, asset: Id) -> Response:
        return send(request, catalog.rendition(asset, kind.value))

    media_type, text = _RENDITIONS[kind]
    rendition.__doc__ = f"{text}. Answered with 404 where there is none (yet)."
    rendition.__name__ = f"rendition_{kind.value}"
    _serve(f"/assets/{{asset}}/{kind.file_name}", media_type, text)(rendition)


for _kind in RenditionKind:
    _rendition_route(_kind)
