"""Assets: list, show, change, forget; one by one and in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from catalog.api import Catalog
from catalog.domain import wire
from catalog.errors import InvalidInputError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api import addresses
from catalog.web.api.description import STRICT, Id, Ids, Label, Limit, Text, gives, such_as
from catalog.web.api.once import OnceRoute
from catalog.web.api.search import Q

router = APIRouter(prefix="/assets", tags=["assets"], route_class=OnceRoute)
_look, _change, _all = [needs("viewer")], [needs("editor")], [needs("admin")]

Labels = Annotated[list[Label], Field(max_length=100)]
_CHANGED = gives(wire.Changed, "The assets that were changed", {"assets": [7]})


class AssetChange(BaseModel):
    """What is to be changed; what is left out stays."""

    model_config = such_as(title="Harbour at dawn", tags_add=["harbour"])

    title: Text | None = Field(default=None, max_length=1000)
    description: Text | None = Field(default=None, max_length=50_000)
    collection: Label | None = Field(default=None, description="null: none")
    tags_add: Labels = []
    tags_remove: Labels = []


class BulkChange(AssetChange):
    """The same for many assets."""

    model_config = such_as(assets=[7, 8], collection="News")

    assets: Ids


class AssetList(BaseModel):
    """Assets by number."""

    model_config = STRICT

    assets: Ids


def _apply(catalog: Catalog, ids: Sequence[int], change: AssetChange) -> list[int]:
    given = change.model_fields_set
    texts = {name: getattr(change, name) for name in ("title", "description") if name in given}
    if not given & set(AssetChange.model_fields):
        raise InvalidInputError(
            "Nothing is to be changed; expected title, description, collection or tags.",
            remedy='Send such as {"title": "Harbour at dawn"}.',
        )
    if texts:
        catalog.edit(ids, **texts)
    if change.tags_add:
        catalog.tag(ids, change.tags_add)
    if change.tags_remove:
        catalog.tag(ids, change.tags_remove, remove=True)
    # Last: it may put them out of the sight of whoever asks.
    if "collection" in given:
        catalog.collection(ids, change.collection)
    return list(ids)


@router.get(
    "",
    dependencies=_look,
    responses=gives(wire.AssetsAnswer, "A page of assets"),
    response_model=None,
    summary="List assets",
)
def list_assets(
    catalog: OpenCatalog,
    q: Annotated[Q, Query()] = "",
    limit: Annotated[Limit, Query()] = 100,
    after: Annotated[Text | None, Query(max_length=5000)] = None,
) -> dict[str, Any]:
    """Assets chosen by filters and words of their text, by name unless the query sorts them."""
    return catalog.assets(q, limit=limit, after=after)


@router.patch(
    "", dependencies=_change, responses=_CHANGED, response_model=None, summary="Change many assets"
)
def change_assets(catalog: OpenCatalog, change: BulkChange) -> dict[str, Any]:
    """Change texts, collection or tags of up to a thousand assets."""
    return {"assets": _apply(catalog, change.assets, change)}


@router.post(
    "/forget", dependencies=_all, responses=_CHANGED, response_model=None, summary="Forget assets"
)
def forget_assets(catalog: OpenCatalog, which: AssetList) -> dict[str, Any]:
    """Forget assets with their vectors and pictures; no file of anybody's is touched."""
    return {"assets": catalog.remove(which.assets)}


@router.get(
    "/{asset}",
    dependencies=_look,
    responses=gives(wire.Asset, "All that is known of it"),
    response_model=None,
    summary="Show an asset",
)
def show_asset(catalog: OpenCatalog, asset: Id) -> dict[str, Any]:
    """All that is known of an asset: columns, metadata, files, shots, stages, renditions."""
    return addresses.of_asset(catalog.show(asset))


@router.patch(
    "/{asset}",
    dependencies=_change,
    responses=_CHANGED,
    response_model=None,
    summary="Change an asset",
)
def change_asset(catalog: OpenCatalog, asset: Id, change: AssetChange) -> dict[str, Any]:
    """Change title, description, collection or tags; what was before is in its history."""
    return {"assets": _apply(catalog, [asset], change)}


@router.delete(
    "/{asset}",
    dependencies=_all,
    responses=_CHANGED,
    response_model=None,
    summary="Forget an asset",
)
def forget_asset(catalog: OpenCatalog, asset: Id) -> dict[str, Any]:
    """Forget an asset with its vectors and pictures; no file of anybody's is touched."""
    return {"assets": catalog.remove([asset])}


@router.get("/{asset}/versions", dependencies=_look, response_model=None, summary="Versions")
def asset_versions(catalog: OpenCatalog, asset: Id) -> dict[str, Any]:
    """All that ever lay where this asset lies or lay, the oldest first."""
    return {"versions": catalog.versions(asset)}


@router.get("/{asset}/locations", dependencies=_look, response_model=None, summary="Files")
def asset_locations(catalog: OpenCatalog, asset: Id) -> dict[str, Any]:
    """Where its files lie, and which are there."""
    return {"locations": catalog.show(asset)["locations"]}


@router.get(
    "/{asset}/history",
    dependencies=_look,
    responses=gives(wire.AuditAnswer, "What was changed of it"),
    response_model=None,
    summary="Changes",
)
def asset_history(
    catalog: OpenCatalog,
    asset: Id,
    limit: Annotated[Limit, Query()] = 100,
    before: Annotated[Id | None, Query()] = None,
) -> dict[str, Any]:
    """Who changed what of it, the latest first."""
    found = catalog.audit(asset, limit=limit, before=before)
    # What was done to several says of others what is not asked here.
    for entry in found["entries"]:
        entry["asset_ids"] = [asset]
        if isinstance(entry["details"].get("before"), dict) and entry["action"] == "collection":
            before_it = entry["details"]["before"]
            entry["details"]["before"] = {k: v for k, v in before_it.items() if k == str(asset)}
    return found


@router.put(
    "/{asset}/tags/{tag}",
    dependencies=_change,
    responses=_CHANGED,
    response_model=None,
    summary="Put a tag on",
)
def put_tag(catalog: OpenCatalog, asset: Id, tag: Text) -> dict[str, Any]:
    """Put a tag on an asset; one that is there stays."""
    return {"assets": catalog.tag([asset], [tag])}


@router.delete(
    "/{asset}/tags/{tag}",
    dependencies=_change,
    responses=_CHANGED,
    response_model=None,
    summary="Take a tag off",
)
def take_tag(catalog: OpenCatalog, asset: Id, tag: Text) -> dict[str, Any]:
    """Take a tag off an asset."""
    return {"assets": catalog.tag([asset], [tag], remove=True)}


@router.post(
    "/{asset}/retry",
    dependencies=_change,
    responses=_CHANGED,
    response_model=None,
    summary="Try again",
)
def retry_asset(catalog: OpenCatalog, asset: Id) -> dict[str, Any]:
    """Make what failed of this asset due again."""
    return {"assets": catalog.retry([asset])}
