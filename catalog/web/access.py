"""Who asks, and what they may."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.domain.actor import Actor
from catalog.errors import ForbiddenError, UnauthenticatedError

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks.

    ``role`` is what they may do: an editor may all that a viewer may, an admin all.
    ``csrf`` is what a form must carry in its field ``csrf`` (a script: in the header
    ``X-CSRF-Token``), empty where none is asked for. ``session`` is whether a
    cookie says who it is. ``actor`` is who they are to the catalogue.
    """

    name: str
    role: Role
    actor: Actor
    csrf: str = ""
    session: bool = False

    def may(self, role: Role) -> bool:
        """Whether they may do what this role may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def limited(self) -> bool:
        """Whether there are collections that they do not see."""
        return self.actor.limited


def principal_of(request: Request) -> Principal:
    """Who asks; the guard has found out before anything of the body was read.

    Raises
    ------
    UnauthenticatedError
        If nobody that is known.
    """
    principal = request.scope.get("catalog.principal")
    if not isinstance(principal, Principal):
        raise UnauthenticatedError(
            "The request says not who asks; expected a token.",
            remedy="Send the header `Authorization: Bearer TOKEN`; "
            "`catalog token create` makes one.",
        )
    return principal


def whole_catalog(request: Request) -> Catalog:
    """The open catalogue, all of it."""
    catalog = request.app.state.catalog
    assert isinstance(catalog, Catalog)  # noqa: S101  # create_app has put it there
    return catalog


def catalog_of(request: Request) -> Catalog:
    """The open catalogue, as whoever asks may see it."""
    return whole_catalog(request).seen_by(principal_of(request).actor)


Who = Annotated[Principal, Depends(principal_of)]
OpenCatalog = Annotated[Catalog, Depends(catalog_of)]


class Needs:
    """The dependency of a route that a role may use, and roles above it.

    With ``whole`` it is for those alone who see everything. A write that a cookie
    lets through must bear the session's CSRF token.
    """

    def __init__(self, role: Role, *, whole: bool = False) -> None:
        self.role, self.whole = role, whole

    async def __call__(self, request: Request) -> None:
        """Let them through.

        Raises
        ------
        UnauthenticatedError, ForbiddenError
            If they may not.
        """
        principal = principal_of(request)
        if not principal.may(self.role):
            raise ForbiddenError(
                f"{principal.name} is {principal.role}; this needs {self.role}.",
                remedy="Ask an administrator for a token of that role.",
                role=principal.role,
                needed=self.role,
            )
        if self.whole and principal.limited:
            raise ForbiddenError(
                f"{principal.name} sees some collections only; this is of all of them.",
                remedy="Ask an administrator for a token without collections.",
            )
        if principal.session and request.method not in SAFE:
            await _check_csrf(request, principal)


async def _check_csrf(request: Request, principal: Principal) -> None:
    """Other sites can have a browser send its cookie, but do not know this."""
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if given is None or not secrets.compare_digest(given.encode(), principal.csrf.encode()):
        raise ForbiddenError(
            "The page's CSRF token is missing, or of another session.",
            remedy="Load the page again, and send what <meta name=csrf> holds.",
        )


def needs(role: Role, *, whole: bool = False) -> Any:  # noqa: ANN401  # what FastAPI's Depends() gives
    """The dependency of a route that this role may use; see `Needs`."""
    return Depends(Needs(role, whole=whole))
