"""Roots, and which of them are watched: for administrators."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from catalog.api import Catalog
from catalog.errors import NotFoundError
from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import STRICT, Id, Text, such_as
from catalog.web.api.once import OnceRoute

_ADMIN = [needs("admin")]
router = APIRouter(prefix="/roots", tags=["roots"], dependencies=_ADMIN, route_class=OnceRoute)

Seconds = Annotated[float, Field(gt=0, le=1e6)]


class RootSettings(BaseModel):
    """How a root's files are treated; see docs/sampling.md and docs/renditions.md."""

    model_config = STRICT

    sampling_interval: Seconds | None = None
    similarity: Annotated[float, Field(ge=0, le=1e6)] | None = None
    picture_edge: Annotated[int, Field(ge=1, le=100_000)] | None = None
    min_shot: Annotated[float, Field(ge=0, le=1e6)] | None = None
    decode: Text | None = None
    sequences: Literal["auto", "all", "off"] | None = None
    sequence_rate: Annotated[float, Field(ge=1, le=240)] | None = None
    proxy: Literal["always", "never"] | None = None


class NewRoot(RootSettings):
    """A folder to be entered."""

    model_config = such_as(path="/media/archive")

    path: Annotated[Text, Field(min_length=1, max_length=4096, pattern="^/")]


class RootChange(RootSettings):
    """Settings to be changed, and those to be left to the root above again."""

    unset: Annotated[list[Text], Field(max_length=20)] = []


class Watching(BaseModel):
    """How a root is watched; see docs/watch-folders.md."""

    model_config = STRICT

    include: Annotated[list[Text], Field(max_length=100)] = []
    exclude: Annotated[list[Text], Field(max_length=100)] = []
    collection: Annotated[Text, Field(min_length=1, max_length=300)] | None = None
    tags: Annotated[list[Text], Field(max_length=100)] = []
    settle: Annotated[float, Field(ge=0, le=1e6)] | None = None
    poll: Text | None = None
    accept: bool = False


def _path(catalog: Catalog, root_id: int) -> str:
    for root in catalog.root.list():
        if root["id"] == root_id:
            return str(root["path"])
    raise NotFoundError(f"There is no root {root_id}.", remedy="List the roots: GET /roots.")


def _given(asked: BaseModel, *but: str) -> dict[str, Any]:
    return asked.model_dump(exclude_unset=True, exclude=set(but))


@router.get("", response_model=None, summary="List roots")
def list_roots(catalog: OpenCatalog) -> dict[str, Any]:
    """Every root: what is set for it, whether it is watched, what lies in it."""
    return {"roots": catalog.root.list()}


@router.post("", response_model=None, status_code=201, summary="Enter a root")
def add_root(catalog: OpenCatalog, asked: NewRoot) -> dict[str, Any]:
    """Enter a folder as a root; nothing in it is read yet."""
    return catalog.root.add(asked.path, **_given(asked, "path"))


@router.patch("/{root}", response_model=None, summary="Set a root")
def set_root(catalog: OpenCatalog, root: Id, asked: RootChange) -> dict[str, Any]:
    """Change what holds for a root, for what is analysed from now on."""
    return catalog.root.set(_path(catalog, root), **_given(asked))


@router.put("/{root}/watch", response_model=None, summary="Watch a root")
def watch_root(catalog: OpenCatalog, root: Id, asked: Watching) -> dict[str, Any]:
    """Have a root watched, like this and no longer as before."""
    return catalog.root.watch(_path(catalog, root), **_given(asked))


@router.delete("/{root}/watch", response_model=None, summary="Watch a root no more")
def unwatch_root(catalog: OpenCatalog, root: Id) -> dict[str, Any]:
    """Have a root watched no more; what is known of its files stays."""
    return catalog.root.unwatch(_path(catalog, root))


@router.delete("/{root}", response_model=None, summary="Forget a root")
def remove_root(
    catalog: OpenCatalog,
    root: Id,
    assets: Annotated[Literal["keep", "forget"] | None, Query()] = None,
) -> dict[str, Any]:
    """Forget a root; no file is touched. ``assets``: what becomes of those without a file."""
    return catalog.root.remove(_path(catalog, root), assets=assets)
