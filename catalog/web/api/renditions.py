"""Renditions that are made on demand: asked for, and looked after."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from catalog.domain import wire
from catalog.errors import InvalidInputError
from catalog.web.access import needs
from catalog.web.api import addresses
from catalog.web.api.description import Id, Text, gives
from catalog.web.api.once import OnceRoute
from catalog.web.proxies import AskedProxies
from catalog.web.waveforms import AskedWaveforms

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
    proxies: AskedProxies,
    waveforms: AskedWaveforms,
    answer: Response,
    asset: Id,
    kind: Text,
    anew: bool = False,
) -> dict[str, Any]:
    """Ask for a ``proxy`` or a ``waveform``, which are made after the answer.

    Workers make proxies, if there are any, or else this server, which also draws all waveforms.
    Asked for again before it is there, it is made once. One that is there stays, unless ``anew``
    is true.
    """
    if kind in ("proxy", "waveform"):
        asked = proxies.ask if kind == "proxy" else waveforms.ask
        told = addresses.of_proxy_status(asked(asset, anew=anew))
        answer.headers["Location"] = told["look"]
        return told
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


@router.get(
    "/{asset}/renditions/waveform",
    dependencies=[needs("viewer")],
    responses=gives(
        wire.ProxyStatus, "Where it stands", {**_EXAMPLE, "kind": "waveform", "where": "here"}
    ),
    response_model=None,
    summary="Where a waveform stands",
)
def show_waveform_status(waveforms: AskedWaveforms, asset: Id) -> dict[str, Any]:
    """Whether a waveform is there or is drawn, how far it is, or why it failed.

    A film without sound is ``done``, and none is ``made``.
    """
    return addresses.of_proxy_status(waveforms.status(asset))
