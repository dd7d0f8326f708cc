"""Encoders: which there are, and what is done with them, as errands of the server."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.web.access import OpenCatalog, needs
from catalog.web.api.description import Text, such_as
from catalog.web.api.errands import BEGINS, Name
from catalog.web.api.once import OnceRoute
from catalog.web.errands import AskedErrands

router = APIRouter(tags=["encoders"], route_class=OnceRoute)
_admin = [needs("admin")]
Queries = Annotated[list[Annotated[Text, Field(max_length=2000)]], Field(max_length=1000)]


class EncoderName(BaseModel):
    """An encoder by name."""

    model_config = such_as(name="demo")

    name: Name


class ToFill(BaseModel):
    """An encoder by name; null: all that are being filled."""

    model_config = such_as(name="demo")

    name: Name | None = None


class Comparison(BaseModel):
    """Two encoders, and what to ask both; without queries, what was asked before."""

    model_config = such_as(one="demo", other="null", queries=["a car"])

    one: Name
    other: Name
    queries: Queries = []
    limit: Annotated[int, Field(ge=1, le=100)] = 10


@router.get(
    "/encoders",
    dependencies=[needs("viewer", whole=True)],
    response_model=None,
    summary="Encoders",
)
def encoders(catalog: OpenCatalog) -> dict[str, Any]:
    """Every encoder, with its vectors, what it still lacks, how fast it is filled, how long yet."""
    return {"encoders": catalog.encoder.list()}


@router.post("/encoders", **BEGINS, summary="Enter an encoder")
def add(errands: AskedErrands, encoder: EncoderName) -> dict[str, Any]:
    """Enter an encoder, its weights checked; workers fill it, where there are any."""
    return errands.add(encoder.name)


@router.post("/encoders/backfill", **BEGINS, summary="Fill an encoder")
def backfill(errands: AskedErrands, encoder: ToFill) -> dict[str, Any]:
    """Give every frame its vector, in this server; workers that are at it share the frames."""
    return errands.backfill(encoder.name)


@router.post("/encoders/activate", **BEGINS, summary="Let an encoder answer")
def activate(errands: AskedErrands, encoder: EncoderName) -> dict[str, Any]:
    """Give every frame its vector, then let this encoder answer; until then the old one does."""
    return errands.activate(encoder.name)


@router.post("/encoders/compare", **BEGINS, summary="Compare encoders")
def compare(errands: AskedErrands, asked: Comparison) -> dict[str, Any]:
    """How far two encoders agree: the errand's `report`, as `catalog encoder compare` prints it."""
    return errands.compare(asked.one, asked.other, asked.queries, asked.limit)


@router.post(
    "/encoders/remove", dependencies=_admin, response_model=None, summary="Remove an encoder"
)
def remove(catalog: OpenCatalog, encoder: EncoderName) -> dict[str, Any]:
    """Forget an encoder that does not answer, with its vectors."""
    return catalog.encoder.remove(encoder.name)
