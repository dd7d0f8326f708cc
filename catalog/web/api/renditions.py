"""Renditions that are made on demand: asked for, and looked after."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from catalog.domain import wire
from catalog.errors import InvalidInputError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.description import Id, Text, gives
from catalog.web.api.once import OnceRoute
from catalog.web.proxies import AskedProxies

router = APIRouter(prefix="/assets", tags=["assets"], route_class=OnceRoute)
_EXAMPLE = {
    "asset": 7,
    "kind": "proxy",
    "state": "running",
    "progress": 0.42,
    "attempts": 1,
    "made": False,
    "error": None,
    "where": "workers",
    "url": None,
    "look": "/api/v1/assets/7/renditions/proxy",
}


@router.post(
    "/{asset}/renditions/{kind}",
    dependencies=[needs("editor")],
    responses=gives(
        wire.ProxyStatus, "It is asked for; ``look`` tells how far it is", _EXAMPLE, 202
    ),
    response_model=None,
    status_code=202,
    summary="Ask for a proxy or a waveform",
)
def make_rendition(
    *,
    catalog: OpenCatalog,
    proxies: AskedProxies,
    answer: Response,
    asset: Id,
    kind: Text,
    anew: bool = False,
) -> dict[str, Any]:
    """Ask for a ``proxy``, which is made after the answer: by workers, or else by this server.

    Asked for again before it is there, it is made once. One that is there stays, unless ``anew``
    is true. A ``waveform`` is made before the answer.
    """
    if kind == "proxy":
        told = addresses.of_proxy_status(proxies.ask(asset, anew=anew))
        answer.headers["Location"] = told["look"]
        return told
    if kind == "waveform":
        return catalog.waveform([asset])
    raise InvalidInputError(
        f"{kind[:40]!r} is nothing that is made on demand; expected proxy or waveform.",
        remedy="Strips are made when an asset is analysed.",
    )


@router.get(
    "/{asset}/renditions/proxy",
    dependencies=[needs("viewer")],
    responses=gives(wire.ProxyStatus, "Where it stands", _EXAMPLE),
    response_model=None,
    summary="Where a proxy stands",
)
def show_proxy_status(proxies: AskedProxies, asset: Id) -> dict[str, Any]:
    """Whether a proxy was asked for, how far it is, or why it failed."""
    return addresses.of_proxy_status(proxies.status(asset))
