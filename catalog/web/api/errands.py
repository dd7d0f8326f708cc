"""Errands: what administrators had this server do, how far it is, and an end to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from catalog.domain import wire_work
from catalog.web.access import needs
from catalog.web.api.description import Text, gives
from catalog.web.api.once import OnceRoute
from catalog.web.errands import AskedErrands

router = APIRouter(
    prefix="/errands", tags=["service"], dependencies=[needs("admin")], route_class=OnceRoute
)
BEGINS: dict[str, Any] = {
    "dependencies": [needs("admin")],
    "responses": gives(wire_work.Errand, "It was begun, or waits", status=202),
    "response_model": None,
    "status_code": 202,
}
"""Of a route that begins an errand."""
Name = Annotated[Text, Field(min_length=1, max_length=400)]
"""What an encoder, or a language, is called."""


@router.get("", response_model=None, summary="List errands")
def list_errands(errands: AskedErrands) -> dict[str, Any]:
    """What administrators had this server do since it was started, the latest first."""
    return {"errands": errands.list()}


@router.get(
    "/{errand}",
    responses=gives(wire_work.Errand, "How far it is"),
    response_model=None,
    summary="Show an errand",
)
def show_errand(errands: AskedErrands, errand: Text) -> dict[str, Any]:
    """How far an errand is, and its report when it is done."""
    return errands.get(errand)


@router.post(
    "/{errand}/cancel",
    responses=gives(wire_work.Errand, "It is stopped, or stopping"),
    response_model=None,
    summary="Cancel an errand",
)
def cancel_errand(errands: AskedErrands, errand: Text) -> dict[str, Any]:
    """Break an errand off, where it next can be; 409 if it has ended.

    What it has finished stays: vectors are kept, an encoder that is not full does not answer, a
    taught one that is not done leaves nothing.
    """
    return errands.cancel(errand)
