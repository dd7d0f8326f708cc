"""Who asks, and what they may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.errors import ForbiddenError, UnauthenticatedError

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "editor", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks.

    ``role`` is what they may do: an editor may all that a viewer may, an admin all.
    ``csrf`` is what a form must carry in its field ``csrf`` (a script: in the header
    ``X-CSRF-Token``), empty where none is asked for. ``session`` is whether a
    cookie says who it is.
    """

    name: str
    role: Role
    csrf: str = ""
    session: bool = False

    def may(self, role: Role) -> bool:
        """Whether they may do what this role may."""
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = Principal("local", "admin")
"""The one user of local mode: whoever sits at the machine."""


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


def catalog_of(request: Request) -> Catalog:
    """The open catalogue, as whoever asks may see it."""
    principal_of(request)
    catalog = request.app.state.catalog
    assert isinstance(catalog, Catalog)  # noqa: S101  # create_app has put it there
    return catalog


Who = Annotated[Principal, Depends(principal_of)]
OpenCatalog = Annotated[Catalog, Depends(catalog_of)]


def needs(role: Role) -> Any:  # noqa: ANN401  # what FastAPI's Depends() gives
    """The dependency of a route that this role may use, and roles above it."""

    async def check(request: Request) -> None:
        principal = principal_of(request)
        if not principal.may(role):
            raise ForbiddenError(
                f"{principal.name} is {principal.role}; this needs {role}.",
                remedy="Ask an administrator for a token of that role.",
                role=principal.role,
                needed=role,
            )

    check.role = role  # type: ignore[attr-defined]  # for the test that knows every route
    return Depends(check)


Check = Callable[[Request], Awaitable[None]]
