"""Dark or light, as each browser was told."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from catalog.web.access import needs

router = APIRouter(include_in_schema=False)
_A_YEAR = 365 * 86400


@router.post("/theme", dependencies=[needs("viewer")])
def choose(
    request: Request, theme: Annotated[Literal["dark", "light"], Form()]
) -> RedirectResponse:
    """Remember the theme, and go back to where it was chosen."""
    came = urlsplit(request.headers.get("referer", ""))
    # Only to a page of this server: of the address, nothing but path and query is kept.
    path = "/" + came.path.lstrip("/\\")
    answer = RedirectResponse(f"{path}?{came.query}" if came.query else path, 303)
    answer.set_cookie("theme", theme, max_age=_A_YEAR, samesite="lax", httponly=True)
    return answer
