"""Errors as answers: one JSON shape for programs, one page for people."""

from __future__ import annotations

import http
import logging
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from catalog.errors import CatalogError, InvalidInputError, UnauthenticatedError
from catalog.web.templating import render

_log = logging.getLogger("catalog.web")

API = "/api/"
# What the router and the parsers of bodies refuse, in our words.
_REFUSED = {
    400: ("bad_request", "Send the request as the API's description says."),
    404: ("not_found", "See /api/v1/openapi.json for what there is."),
    405: ("method_not_allowed", "See the header Allow for what can be done there."),
    413: ("too_large", "Send less at once."),
}
# The same where a browser asks: people are shown no description of an API.
_SAID_TO_PEOPLE = {
    404: ("Nothing is at this address.", "The link may be old, or cut short."),
    405: ("This address only takes what a form sends.", ""),
}


def install(app: FastAPI) -> None:
    """Have every error answered in our shape."""
    app.add_exception_handler(CatalogError, _catalog_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


def is_api(path: str) -> bool:
    """Whether a program asks, not a browser that shows pages."""
    return path.startswith(API)


def answer(request: Request, error: CatalogError, status: int | None = None) -> Response:
    """The answer that an error is: JSON below /api/, else a page."""
    status = status or error.http_status
    headers = _headers(error, status)
    if is_api(request.url.path):
        return JSONResponse(error.as_json(), status, headers)
    if isinstance(error, UnauthenticatedError) and request.method == "GET":
        return RedirectResponse(_login_for(request), 303, {"Cache-Control": "no-store"})
    context = {
        "error": error.as_json()["error"],
        "status": status,
        "reason": http.HTTPStatus(status).phrase,
    }
    return render(request, "error.html", context, status=status, headers=headers)


def _login_for(request: Request) -> str:
    """The way in, which leads on to what was asked for: links are sent to people."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return "/login" if wanted == "/" else f"/login?{urlencode({'next': wanted})}"


def _headers(error: CatalogError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="catalog"'
    if status == 416:
        headers["Content-Range"] = f"bytes */{error.details['size']}"
    wait = error.details.get("retry_after_s")
    if wait is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _catalog_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CatalogError)  # noqa: S101  # it is called for no other
    if error.http_status >= 500:
        _log.warning("request_failed", extra={"code": error.code, "reason": error.message})
    return answer(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # it is called for no other
    problems = [_problem(each) for each in error.errors()]
    first = problems[0] if problems else {"field": "", "reason": "it is not as described"}
    told = InvalidInputError(
        f"{first['field'] or 'The request'}: {first['reason']}.",
        remedy="See /api/v1/openapi.json for what is expected."
        if is_api(request.url.path)
        else "The link may be cut short, or a field is not filled in.",
        problems=problems,
    )
    return answer(request, told)


def _problem(found: Mapping[str, Any]) -> dict[str, str]:
    """Where and why; never the value, which may be large, or a secret."""
    place = [str(part) for part in found.get("loc", ())]
    return {"field": ".".join(place), "reason": str(found.get("msg", "")).rstrip(".")}


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # it is called for no other
    status = error.status_code
    code, remedy = _REFUSED.get(status, (http.HTTPStatus(status).name.lower(), ""))
    message = str(error.detail).rstrip(".") + "."
    if status in _SAID_TO_PEOPLE and not is_api(request.url.path):
        message, remedy = _SAID_TO_PEOPLE[status]
    told = CatalogError(message, remedy=remedy)
    told.code = code  # type: ignore[misc]  # this one's alone
    response = answer(request, told, status)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def unexpected(request: Request, error: Exception) -> Response:
    """A fault of our own. What it was stays in the log."""
    _log.error("request_fault", exc_info=error, extra={"method": request.method})
    told = CatalogError(
        "Something in the catalogue itself went wrong.",
        remedy="Please report this; the server's log shows where it was.",
    )
    return answer(request, told)
