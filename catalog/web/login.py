"""The way in for browsers: a token once, then a cookie that ends with it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog.errors import TooManyRequestsError, UnauthenticatedError
from catalog.web.access import needs, whole_catalog
from catalog.web.identity import COOKIE, Sessions
from catalog.web.templating import render

router = APIRouter(include_in_schema=False)

MOST_FAILURES, WINDOW_S = 10, 300.0
_MOST_ADDRESSES = 10_000
_LONGEST_WAY = 2000


class Failures:
    """Counts logins that failed, by address: who guesses has to wait."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Let the address try.

        Raises
        ------
        TooManyRequestsError
            If it has failed too often of late.
        """
        now = time.monotonic()
        with self._lock:
            failed = self._failed.get(address, deque())
            while failed and now - failed[0] > WINDOW_S:
                failed.popleft()
            if len(failed) >= MOST_FAILURES:
                wait = WINDOW_S - (now - failed[0])
                raise TooManyRequestsError(
                    f"{len(failed)} logins from your address have failed.",
                    remedy=f"Wait {wait / 60:.0f} minutes, and check the token.",
                    retry_after_s=round(wait, 1),
                )

    def add(self, address: str) -> None:
        """One more that failed."""
        with self._lock:
            self._failed.setdefault(address, deque()).append(time.monotonic())
            self._failed.move_to_end(address)
            while len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)


@router.get("/login")
def form(request: Request, next_: str = "/") -> Response:
    """The page that asks for a token; in local mode nothing is to be asked for."""
    if _sessions(request) is None:
        return RedirectResponse("/", 303)
    return _page(request, request.query_params.get("next", next_))


@router.post("/login")
def log_in(
    request: Request,
    token: Annotated[str, Form(max_length=500)] = "",
    next_: Annotated[str, Form(alias="next", max_length=_LONGEST_WAY)] = "/",
) -> Response:
    """Begin a session, always under a new secret, and go on to where they wanted."""
    sessions = _sessions(request)
    if sessions is None:
        return RedirectResponse("/", 303)
    failures: Failures = request.app.state.failures
    address = request.client.host if request.client else ""
    failures.check(address)
    catalog = whole_catalog(request)
    begun = catalog.token.log_in(token.strip())
    if begun is None:
        failures.add(address)
        error = UnauthenticatedError(
            "The token is unknown, expired or revoked.",
            remedy="Ask an administrator for a new one.",
        )
        return _page(request, next_, error=error.message, status=401)
    old = request.cookies.get(COOKIE)
    former = None if old is None else sessions.secret(old)
    if former is not None:
        catalog.token.log_out(former)
    answer = RedirectResponse(_here(next_), 303)
    answer.set_cookie(
        COOKIE,
        sessions.cookie(begun[0]),
        max_age=int(catalog.token.session_lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.app.state.https,
    )
    return answer


@router.post("/logout", dependencies=[needs("viewer")])
def log_out(request: Request) -> Response:
    """End the session, here and on the server."""
    sessions = _sessions(request)
    cookie = request.cookies.get(COOKIE)
    secret = None if sessions is None or cookie is None else sessions.secret(cookie)
    if secret is not None:
        whole_catalog(request).token.log_out(secret)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.app.state.https)
    return answer


def _sessions(request: Request) -> Sessions | None:
    found = request.app.state.sessions
    return found if isinstance(found, Sessions) else None


def _page(request: Request, next_: str, *, error: str = "", status: int = 200) -> Response:
    context = {"next": _here(next_), "error": error}
    headers = {"Cache-Control": "no-store"}
    return render(request, "login.html", context, status=status, headers=headers)


def _here(path: str) -> str:
    """A path of this server, whatever was asked for: nobody is sent elsewhere.

    One that is longer than what the form may send back would keep people out.
    """
    harmless = len(path) <= _LONGEST_WAY and path.startswith("/") and path[1:2] not in ("/", "\\")
    clean = harmless and path.isprintable() and "\\" not in path
    return path if clean and not path.startswith("/login") else "/"
