"""Where pictures and files are to be had: addresses in the place of the server's own paths."""

from __future__ import annotations

from typing import Any

from catalog.domain.renditions import RenditionKind
from catalog.web.api.description import PREFIX


def picture(frame_id: int) -> str:
    """The address of a frame's picture."""
    return f"{PREFIX}/frames/{frame_id}/picture"


def rendition(asset_id: int, kind: str) -> str:
    """The address of a rendition."""
    return f"{PREFIX}/assets/{asset_id}/{RenditionKind(kind).file_name}"


def original(asset_id: int) -> str:
    """The address of an asset's own file."""
    return f"{PREFIX}/assets/{asset_id}/original"


def of_search(body: dict[str, Any]) -> dict[str, Any]:
    """A search's answer with addresses."""
    for hit in body["hits"]:
        _of_frame(hit)
        if "then" in hit:
            _of_frame(hit["then"])
    return body


def of_asset(body: dict[str, Any]) -> dict[str, Any]:
    """All of an asset with addresses."""
    for clip in body["clips"]:
        _of_frame(clip)
    for made in body["renditions"]:
        del made["path"]
        made["url"] = rendition(body["id"], made["kind"])
    return {**body, "original": original(body["id"])}


def of_proxy_status(body: dict[str, Any]) -> dict[str, Any]:
    """What is made of an asset, with its own address and that of what tells how far it is."""
    asset, kind = body["asset"], body["kind"]
    return {
        **body,
        "url": rendition(asset, kind) if body["made"] else None,
        "look": f"{PREFIX}/assets/{asset}/renditions/{kind}",
    }


def of_clip(body: dict[str, Any]) -> dict[str, Any]:
    """A clip with the addresses of its pictures."""
    frame_id = body["frame_id"]
    body["picture"] = None if frame_id is None else picture(frame_id)
    for frame in body.get("frames", ()):
        frame["picture"] = picture(frame["id"])
    return body


def of_bin(body: dict[str, Any]) -> dict[str, Any]:
    """A bin with the addresses of its clips' pictures."""
    for item in body["items"]:
        of_clip(item["clip"])
    return body


def of_plan(body: dict[str, Any]) -> dict[str, Any]:
    """A planned script with the addresses of its clips' pictures."""
    for line in body["lines"]:
        for proposal in (*line["a_roll"], *line["b_roll"]):
            of_clip(proposal["clip"])
    return body


def _of_frame(holder: dict[str, Any]) -> None:
    frame = holder.get("frame")
    if frame is not None:
        holder["frame"] = {**frame, "picture": picture(frame["id"])}
