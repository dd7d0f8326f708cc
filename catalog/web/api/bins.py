"""Bins: ordered selections of clips."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from catalog.api import Catalog
from catalog.domain import wire
from catalog.errors import InvalidInputError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.clips import Moment
from catalog.web.api.description import STRICT, Id, Ids, Limit, Text, gives, such_as
from catalog.web.api.once import OnceRoute
from catalog.web.api.search import Q

router = APIRouter(prefix="/bins", tags=["bins"], route_class=OnceRoute)
_look, _change = [needs("viewer")], [needs("editor")]
_BIN = gives(wire.Bin, "The bin")

Name = Annotated[Text, Field(min_length=1, max_length=300)]
Note = Annotated[Text, Field(max_length=5000)]


class FromSearch(BaseModel):
    """The best hits of a search."""

    model_config = STRICT

    q: Q
    limit: Limit = 20


class NewItem(BaseModel):
    """A clip, and what there is to remark."""

    model_config = STRICT

    clip: Id
    note: Note | None = None
    start: Moment | None = None
    end: Moment | None = None
    roll: Literal["A", "B"] | None = None
    line: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class NewItems(BaseModel):
    """Clips, or the hits of a search, to be put at a bin's end."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"items": [{"clip": 31, "note": "opening?"}]},
                {"search": {"q": "harbour"}},
            ]
        },
    )

    items: Annotated[list[NewItem], Field(max_length=1000)] = []
    search: FromSearch | None = None


class NewBin(NewItems):
    """A bin to be made, with what is in it."""

    model_config = such_as(name="Opening", items=[])

    name: Name
    note: Note | None = None


class BinChange(BaseModel):
    """Another name or note; what is left out stays."""

    model_config = STRICT

    name: Name | None = None
    note: Note | None = None


class Moved(BaseModel):
    """Items in their new order, and the one they are put before; null: at the end."""

    model_config = such_as(items=[5, 4], before=2)

    items: Ids
    before: Id | None = None


class ItemList(BaseModel):
    """Items by number."""

    model_config = STRICT

    items: Ids


class ItemChange(BaseModel):
    """What there is to remark of an item, or its in and out; what is left out stays.

    ``start`` and ``end`` go together: null is the clip's own, both null the clip as it is.
    """

    model_config = such_as(start="10:00:12:00", end="10:00:14:12")

    note: Note | None = None
    start: Moment | None = None
    end: Moment | None = None


def _clips(catalog: Catalog, asked: NewItems) -> list[NewItem]:
    found = list(asked.items)
    if asked.search is not None:
        hits = catalog.search(asked.search.q, limit=asked.search.limit).hits
        found += [NewItem(clip=hit.clip["id"]) for hit in hits if hit.clip is not None]
    return found


def _said(items: list[NewItem]) -> list[dict[str, Any]]:
    return [item.model_dump() for item in items]


@router.get("", dependencies=_look, response_model=None, summary="List bins")
def list_bins(catalog: OpenCatalog) -> dict[str, Any]:
    """Every bin by name, with how many items it has."""
    return {"bins": catalog.bin.list()}


@router.post(
    "",
    dependencies=_change,
    responses=gives(wire.Bin, "The bin", status=201),
    response_model=None,
    status_code=201,
    summary="Make a bin",
)
def create_bin(catalog: OpenCatalog, asked: NewBin) -> dict[str, Any]:
    """Make a bin: empty, with clips, or with the hits of a search."""
    items = _clips(catalog, asked)
    made = catalog.bin.create(asked.name, note=asked.note, items=_said(items))
    return addresses.of_bin(made)


@router.get(
    "/{bin_id}", dependencies=_look, responses=_BIN, response_model=None, summary="Show a bin"
)
def show_bin(
    catalog: OpenCatalog,
    bin_id: Id,
    limit: Annotated[Limit, Query()] = 1000,
    after: Annotated[int, Query(ge=-1, le=1_000_000)] = -1,
) -> dict[str, Any]:
    """A bin with its items in order, those that whoever asks may see."""
    return addresses.of_bin(catalog.bin.show(bin_id, limit=limit, after=after))


@router.patch(
    "/{bin_id}",
    dependencies=_change,
    responses=_BIN,
    response_model=None,
    summary="Rename a bin",
)
def rename_bin(catalog: OpenCatalog, bin_id: Id, asked: BinChange) -> dict[str, Any]:
    """Give a bin another name or note."""
    if not asked.model_fields_set:
        raise InvalidInputError(
            "Nothing is to be changed; expected a name or a note.",
            remedy='Send such as {"name": "Opening"}.',
        )
    given: dict[str, Any] = {} if "note" not in asked.model_fields_set else {"note": asked.note}
    return addresses.of_bin(catalog.bin.rename(bin_id, asked.name, **given))


@router.delete("/{bin_id}", dependencies=_change, response_model=None, summary="Forget a bin")
def delete_bin(catalog: OpenCatalog, bin_id: Id) -> dict[str, Any]:
    """Forget a bin; the clips stay."""
    return {"bin": catalog.bin.delete(bin_id)}


@router.post(
    "/{bin_id}/items",
    dependencies=_change,
    response_model=None,
    status_code=201,
    summary="Add to a bin",
)
def add_items(catalog: OpenCatalog, bin_id: Id, asked: NewItems) -> dict[str, Any]:
    """Put clips, or the hits of a search, at a bin's end; the new items' numbers."""
    items = _clips(catalog, asked)
    return catalog.bin.add(bin_id, items=_said(items))


@router.post(
    "/{bin_id}/items/move",
    dependencies=_change,
    responses=_BIN,
    response_model=None,
    summary="Put items in order",
)
def move_items(catalog: OpenCatalog, bin_id: Id, asked: Moved) -> dict[str, Any]:
    """Put items, in this order, before another one or at the end."""
    return addresses.of_bin(catalog.bin.move(bin_id, asked.items, before=asked.before))


@router.post(
    "/{bin_id}/items/remove",
    dependencies=_change,
    responses=_BIN,
    response_model=None,
    summary="Take items out",
)
def remove_items(catalog: OpenCatalog, bin_id: Id, asked: ItemList) -> dict[str, Any]:
    """Take items out of a bin; the clips stay."""
    return addresses.of_bin(catalog.bin.remove(bin_id, asked.items))


@router.patch(
    "/{bin_id}/items/{item}",
    dependencies=_change,
    responses=_BIN,
    response_model=None,
    summary="Change an item",
)
def note_item(catalog: OpenCatalog, bin_id: Id, item: Id, asked: ItemChange) -> dict[str, Any]:
    """Set what an item remarks (null: nothing), or what of its asset it uses."""
    given = asked.model_fields_set
    if not given:
        raise InvalidInputError(
            "Nothing is to be changed; expected a note, or start and end.",
            remedy='Send such as {"note": "opening?"}, or {"start": 12.0, "end": 14.5}.',
        )
    body: dict[str, Any] = {}
    if "note" in given:
        body = catalog.bin.note(bin_id, item, asked.note)
    if given & {"start", "end"}:
        body = catalog.bin.trim(bin_id, item, start=asked.start, end=asked.end)
    return addresses.of_bin(body)


@router.delete(
    "/{bin_id}/items/{item}",
    dependencies=_change,
    responses=_BIN,
    response_model=None,
    summary="Take an item out",
)
def remove_item(catalog: OpenCatalog, bin_id: Id, item: Id) -> dict[str, Any]:
    """Take one item out of a bin."""
    return addresses.of_bin(catalog.bin.remove(bin_id, [item]))
