"""Who may ask, and who did what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from catalog.domain import wire
from catalog.web.access import OpenCatalog, Who, needs
from catalog.web.api.description import Id, Limit, Text, gives, such_as

# No OnceRoute: an answer with a secret is not to be kept.
router = APIRouter(tags=["access"])
_all = [needs("admin")]


class NewToken(BaseModel):
    """A token to be made."""

    model_config = such_as(name="newsroom", role="viewer", days=90)

    name: Annotated[Text, Field(min_length=1, max_length=300)]
    role: Literal["viewer", "editor", "admin"] = "viewer"
    days: Annotated[float, Field(gt=0, le=3660)] | None = None
    collections: Annotated[list[Text], Field(max_length=1000)] | None = None


@router.get(
    "/me",
    dependencies=[needs("viewer")],
    responses=gives(
        wire.Me, "Who asks", {"name": "newsroom", "role": "viewer", "collections": None}
    ),
    response_model=None,
    summary="Who am I?",
)
def me(who: Who) -> dict[str, Any]:
    """Who asks, and what they may."""
    mine = who.actor.collections
    return {
        "name": who.name,
        "role": who.role,
        "collections": None if mine is None else sorted(mine),
    }


@router.get("/tokens", dependencies=_all, response_model=None, summary="List tokens")
def list_tokens(catalog: OpenCatalog) -> dict[str, Any]:
    """Every token, the newest first, with when it was last used; never its secret."""
    return {"tokens": catalog.token.list()}


@router.post(
    "/tokens",
    dependencies=_all,
    responses=gives(wire.Token, "The token; its secret is told here and never again", status=201),
    response_model=None,
    status_code=201,
    summary="Make a token",
)
def create_token(catalog: OpenCatalog, asked: NewToken) -> dict[str, Any]:
    """Make a token. Keep ``token``: only its digest stays here; no Idempotency-Key is heeded."""
    return catalog.token.create(
        asked.name, asked.role, days=asked.days, collections=asked.collections
    )


@router.delete("/tokens/{token}", dependencies=_all, response_model=None, summary="Revoke a token")
def revoke_token(catalog: OpenCatalog, token: Id) -> dict[str, Any]:
    """End a token at once, with the browsers logged in by it."""
    return {"token": catalog.token.revoke(token)}


@router.get(
    "/audit",
    dependencies=_all,
    responses=gives(wire.AuditAnswer, "What was changed"),
    response_model=None,
    summary="Audit trail",
)
def audit(
    catalog: OpenCatalog,
    action: Annotated[Text | None, Query(max_length=100)] = None,
    limit: Annotated[Limit, Query()] = 100,
    before: Annotated[Id | None, Query()] = None,
) -> dict[str, Any]:
    """Who changed what, the latest first."""
    return catalog.audit(action=action, limit=limit, before=before)
