"""What every request passes first: hosts, origins, who asks, sizes; and what every answer bears."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.errors import CatalogError, ForbiddenError, TooLargeError
from catalog.web import faults
from catalog.web.access import SAFE
from catalog.web.identity import Identify

_log = logging.getLogger("catalog.web")

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a request's body, at most: a picture to search by."""

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_BORNE = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


class Guard:
    """ASGI middleware round everything else.

    Parameters
    ----------
    identify:
        Says who asks, from the request's headers; None: nobody that is known.
    host_allowed:
        Whether the server may be called by this name (the Host header's, without port).
    https:
        Whether browsers reach the server by HTTPS, and are to do so always.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Identify,
        host_allowed: Callable[[str], bool],
        https: bool = False,
    ) -> None:
        self._app, self._identify, self._host_allowed = app, identify, host_allowed
        self._borne = {**_BORNE, **(_HTTPS if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        sending, began = _Bearing(send, self._borne), time.monotonic()
        try:
            self._check(request)
            scope["catalog.principal"] = await self._identify(request)
        except CatalogError as error:
            await faults.answer(request, error)(scope, receive, sending)
            return
        try:
            await self._app(scope, _Bounded(receive), sending)
        except Exception as error:  # it is logged, and the server goes on
            fault = faults.unexpected(request, error)
            if sending.status is not None:
                raise
            await fault(scope, receive, sending)
        finally:
            self._note(request, sending.status, time.monotonic() - began)

    @staticmethod
    def _note(request: Request, status: int | None, seconds: float) -> None:
        """Log the request. Never its query or headers: there are words and secrets in them."""
        who = request.scope.get("catalog.principal")
        facts = {
            "method": request.method,
            "path": request.url.path,
            "status": status,
            "ms": round(1000 * seconds, 1),
            "who": None if who is None else who.name,
        }
        _log.info("request", extra=facts)

    def _check(self, request: Request) -> None:
        headers = request.headers
        host = _host(headers.get("host", ""))
        if host is None or not self._host_allowed(host):
            raise ForbiddenError(
                f"The server is not called {headers.get('host', '')!r}.",
                remedy="Use the address that `catalog web` has printed.",
            )
        if request.method not in SAFE:
            _check_origin(headers)
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > MOST_BYTES:
            raise TooLargeError(
                f"{length} bytes were sent; expected {MOST_BYTES} at most.",
                remedy="Send a smaller picture, or fewer things at once.",
                limit=MOST_BYTES,
            )


def _check_origin(headers: Headers) -> None:
    """A browser says from which site a write comes; what is no browser says nothing."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    same_site = site in {None, "same-origin", "none"}
    same_origin = origin is None or urlsplit(origin).netloc == headers.get("host")
    if not (same_site and same_origin):
        raise ForbiddenError(
            "The request was sent by a page of another site; expected one of this server's.",
            remedy="Write from the catalogue's own pages, or from a program with a token.",
        )


def _host(value: str) -> str | None:
    """The name in a Host header; None if it is none."""
    try:
        return urlsplit(f"//{value}").hostname
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether this name means the machine itself, whoever answers for names."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Bounded:
    """Receives a body up to the limit: not every one says how long it is."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._left = receive, MOST_BYTES

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, f"More than {MOST_BYTES} bytes were sent")
        return message


class _Bearing:
    """Sends answers with the headers that all bear."""

    def __init__(self, send: Send, borne: Mapping[str, str]) -> None:
        self._send, self._borne = send, borne
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._borne.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "private, no-cache")
        await self._send(message)
