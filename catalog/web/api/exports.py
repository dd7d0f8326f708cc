"""Bins as the files of editing programs, to be downloaded."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Id, Text
from catalog.web.api.once import OnceRoute

router = APIRouter(
    prefix="/bins", tags=["bins"], dependencies=[needs("viewer")], route_class=OnceRoute
)

# Which it is follows from the format.
_KINDS: dict[str, Any] = {
    kind: {"schema": {"type": "string", "format": "binary"}}
    for kind in (
        *("application/octet-stream", "application/json", "application/xml"),
        *("application/pdf", "text/plain", "text/csv"),
    )
}

Format = Annotated[
    Text, Query(max_length=20, description="edl, otio, fcpxml, fcp7xml, aaf, ale, csv or pdf")
]
Maps = Annotated[
    list[Text], Query(alias="map", max_length=20, description="FROM=TO, as `catalog export --map`")
]
Handles = Annotated[int, Query(ge=0, le=10_000, description="Frames more on either side")]
Rate = Annotated[Text | None, Query(max_length=20, description="Frames/s of the timeline")]
Start = Annotated[Text | None, Query(max_length=20, description="The timeline's first timecode")]
Relative = Annotated[bool, Query(description="Paths below their root, not absolute ones")]


def _options(
    *,
    format: Format,
    maps: Maps = [],  # noqa: B006  # FastAPI copies it
    relative: Relative = False,
    handles: Handles = 0,
    rate: Rate = None,
    start: Start = None,
) -> dict[str, Any]:
    # A form sends what is not filled in as empty.
    return {
        **{"format": format, "maps": maps, "relative": relative, "handles": handles},
        **{"rate": rate or None, "start": start or None},
    }


Options = Annotated[dict[str, Any], Depends(_options)]


@router.get(
    "/{bin_id}/export",
    response_model=None,
    response_class=Response,
    responses={200: {"description": "The file", "content": _KINDS}},
    summary="Export a bin",
)
def export_bin(catalog: OpenCatalog, bin_id: Id, options: Options) -> Response:
    """A file that an editing program opens, of the clips that whoever asks may see.

    `Catalog-Left-Out` counts what the format cannot carry; `…/export/report` says what.
    """
    data, report = catalog.exported(bin_id, **options)
    headers = {
        "Content-Disposition": _attachment(report["name"]),
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Catalog-Left-Out": str(len(report["left_out"])),
    }
    return Response(data, media_type=report["media_type"], headers=headers)


@router.get("/{bin_id}/export/report", response_model=None, summary="What an export leaves out")
def export_report(catalog: OpenCatalog, bin_id: Id, options: Options) -> dict[str, Any]:
    """What there is to say of such a file: rates, media that are away, what is left out and why."""
    return catalog.exported(bin_id, **options)[1]


def _attachment(name: str) -> str:
    """The header for a file's name in any script (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
