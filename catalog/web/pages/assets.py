"""One asset: what is known of it, what people wrote, what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from catalog.web.access import OpenCatalog, Who, needs
from catalog.web.pages import formats, watch
from catalog.web.pages.showing import show
from catalog.web.pages.strings import STRINGS
from catalog.web.proxies import AskedProxies

router = APIRouter(include_in_schema=False)

# Columns of the asset that are shown as they are, by section.
_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "picture": (
        "codec", "profile", "level", "width", "height", "rotation", "pixel_format", "bit_depth",
        "chroma", "hdr", "color_primaries", "color_transfer", "color_space", "color_range",
        "field_order",
    ),
    "sound": (
        "audio_codec", "audio_channels", "audio_layout", "audio_sample_rate", "audio_bit_depth",
        "audio_tracks", "audio_languages", "loudness", "loudness_range", "true_peak",
    ),
    "origin": (
        "recorded", "camera_make", "camera_model", "camera_serial", "lens", "reel", "scene", "take",
        "latitude", "longitude", "altitude", "creator", "credit", "rights", "language",
    ),
}  # fmt: skip
_UNITS = {"loudness": "LUFS", "loudness_range": "LU", "true_peak": "dBTP"}


@router.get("/assets/{asset_id}", dependencies=[needs("viewer")])
def show_asset(
    request: Request, catalog: OpenCatalog, who: Who, asset_id: int, part: str = ""
) -> Response:
    """All that is known of an asset; ``part=live``: what changes while work is done on it."""
    asset = catalog.work_on(asset_id) if part == "live" else catalog.show(asset_id)
    live = {
        "asset": asset,
        "making": watch.making(asset),
        "failed": any(stage["state"] == "failed" for stage in asset["stages"]),
    }
    if part == "live":
        return show(request, "asset_live.html", live, headers={"Cache-Control": "no-store"})
    history = catalog.audit(asset_id, limit=30)["entries"] if who.may("editor") else []
    context = {
        **live,
        "essence": _essence(asset),
        "sections": {name: _facts(asset, keys) for name, keys in _SECTIONS.items()},
        "versions": catalog.versions(asset_id),
        "changes": history,
        "collections": catalog.facets("", fields=["collection"], limit=200).values["collection"],
        "shots": [each for each in asset["clips"] if each["kind"] == "shot"],
        "texts": [each for each in asset["clips"] if each["kind"] != "shot"],
        "source": watch.source(asset),
    }
    return show(request, "asset.html", context)


@router.post("/assets/{asset_id}", dependencies=[needs("editor")])
def change_asset(
    *,
    catalog: OpenCatalog,
    asset_id: int,
    act: Annotated[Literal["describe", "tag", "untag", "collect"], Form()],
    title: Annotated[str, Form(max_length=2000)] = "",
    description: Annotated[str, Form(max_length=20_000)] = "",
    value: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Write title and description, put a tag on or take it off, choose the collection."""
    if act == "describe":
        catalog.edit(
            [asset_id], title=title.strip() or None, description=description.strip() or None
        )
    elif act == "collect":
        catalog.collection([asset_id], value.strip() or None)
    else:
        names = [name.strip() for name in value.split(",")] if act == "tag" else [value]
        catalog.tag([asset_id], [name for name in names if name], remove=act == "untag")
    return RedirectResponse(f"/assets/{asset_id}", 303)


@router.post("/assets/{asset_id}/retry", dependencies=[needs("admin")])
def retry(catalog: OpenCatalog, asset_id: int) -> Response:
    """Make its failed work due again."""
    catalog.retry([asset_id])
    return RedirectResponse(f"/assets/{asset_id}", 303)


@router.post("/assets/{asset_id}/proxy", dependencies=[needs("editor")])
def proxy(proxies: AskedProxies, asset_id: int) -> Response:
    """Ask for a copy that plays; the page tells how far it is."""
    proxies.ask(asset_id)
    return RedirectResponse(f"/assets/{asset_id}", 303)


def _essence(asset: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a person wants to know first, in words."""
    rate = asset["frame_rate_num"] and asset["frame_rate_num"] / asset["frame_rate_den"]
    found = [
        ("kind", STRINGS[f"kind_{asset['kind'] or 'unknown'}"]),
        ("length", formats.length(asset["duration"])),
        ("size", formats.size(asset["size_bytes"])),
        ("frame", f"{asset['width']} × {asset['height']}" if asset["width"] else ""),
        ("rate", f"{rate:.5g} fps" if rate else ""),
        ("start", asset["start_timecode"] or ""),
        ("container", _container(asset)),
        ("added", formats.moment(asset["created_at"])),
    ]
    return [(STRINGS[f"fact_{name}"], value) for name, value in found if value]


def _container(asset: Mapping[str, Any]) -> str:
    """Of the formats that share a demuxer, the one that the file's name says."""
    names = (asset["container"] or "").split(",")
    suffix = asset["name"].rpartition(".")[2].lower()
    return suffix if suffix in names else names[0]


def _facts(asset: Mapping[str, Any], keys: tuple[str, ...]) -> list[tuple[str, str]]:
    facts = []
    for key in keys:
        value = asset[key]
        if value in (None, "", []):
            continue
        said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        said = formats.moment(value) if key == "recorded" else said
        said = f"{value:.1f} {_UNITS[key]}" if key in _UNITS else said
        facts.append((key.replace("_", " ").capitalize(), said))
    return facts
