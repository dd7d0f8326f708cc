"""Bins: what editors put aside, in their order."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from catalog.errors import InvalidInputError
from catalog.web.access import OpenCatalog, needs
from catalog.web.pages import watch
from catalog.web.pages.asked import Asked
from catalog.web.pages.showing import show

router = APIRouter(include_in_schema=False)

_SHOWN = 500
Name = Annotated[str, Form(max_length=200)]
Note = Annotated[str, Form(max_length=4000)]


@router.get("/bins", dependencies=[needs("viewer")])
def list_bins(request: Request, catalog: OpenCatalog) -> Response:
    """Every bin."""
    return show(request, "bins.html", {"bins": catalog.bin.list()}, here="bins")


@router.post("/bins", dependencies=[needs("editor")])
def create_bin(catalog: OpenCatalog, name: Name) -> Response:
    """Make a bin, and go to it."""
    return _to(catalog.bin.create(name)["id"])


@router.get("/bins/{bin_id}", dependencies=[needs("viewer")])
def show_bin(
    *,
    request: Request,
    catalog: OpenCatalog,
    bin_id: int,
    after: int = -1,
    shot: Annotated[str, Query(pattern=r"^(\d{1,18})?$")] = "",
    item: int = 0,
    part: str = "",
) -> Response:
    """A bin, with a player beside it, at what the item uses of its clip."""
    shown = catalog.bin.show(bin_id, limit=_SHOWN, after=after)
    context: dict[str, Any] = {"bin": shown, "after": after, "watch": None}
    if shot:
        used = next((each for each in shown["items"] if each["id"] == item), None)
        context["watch"] = watch.watched(catalog, Asked(shot=shot), used=used)
    if part == "watch":
        return show(request, "parts/watch.html", context)
    return show(request, "bin.html", context, here="bins")


@router.post("/bins/{bin_id}", dependencies=[needs("editor")])
def change_bin(
    catalog: OpenCatalog,
    bin_id: int,
    act: Annotated[Literal["rename", "delete"], Form()],
    name: Name = "",
    note: Note = "",
) -> Response:
    """Give it another name and note, or forget it."""
    if act == "delete":
        catalog.bin.delete(bin_id)
        return RedirectResponse("/bins", 303)
    catalog.bin.rename(bin_id, name, note=note.strip() or None)
    return _to(bin_id)


@router.post("/bins/{bin_id}/items/{item}", dependencies=[needs("editor")])
def change_item(
    catalog: OpenCatalog,
    bin_id: int,
    item: int,
    act: Annotated[Literal["note", "remove", "up", "down"], Form()],
    note: Note = "",
) -> Response:
    """Note something on an item, move it by one, or take it out."""
    if act == "note":
        catalog.bin.note(bin_id, item, note.strip() or None)
    elif act == "remove":
        catalog.bin.remove(bin_id, [item])
    else:
        _move(catalog, bin_id, item, up=act == "up")
    return _to(bin_id)


def _move(catalog: OpenCatalog, bin_id: int, item: int, *, up: bool) -> None:
    ids = [each["id"] for each in catalog.bin.show(bin_id)["items"]]
    at = ids.index(item) if item in ids else -1
    before = at - 1 if up else at + 2
    if at >= 0 and before >= 0:
        catalog.bin.move(bin_id, [item], before=ids[before] if before < len(ids) else None)


@router.get("/compare", dependencies=[needs("viewer")])
def compare(
    request: Request, catalog: OpenCatalog, clip: Annotated[list[int], Query(max_length=2)]
) -> Response:
    """Two shots side by side."""
    if len(clip) != 2:
        raise InvalidInputError(
            f"{len(clip)} shot was given to compare; expected two.",
            remedy="Choose two shots in the grid, then Compare.",
        )
    both = [watch.watched(catalog, Asked(shot=str(each))) for each in clip]
    return show(request, "compare.html", {"both": both}, here="bins")


def _to(bin_id: int) -> Response:
    return RedirectResponse(f"/bins/{bin_id}", 303)
