"""How it is found out who asks: the machine's user, a token, or a browser's session."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import itsdangerous
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from catalog.api import Catalog
from catalog.api.token import Admitted
from catalog.errors import UnauthenticatedError
from catalog.web.access import Principal, Role

Identify = Callable[[Request], Awaitable[Principal | None]]
"""Says who asks; None: nobody that is known."""

COOKIE = "catalog_session"
# These are shown to everybody, and say nothing of the catalogue.
_OPEN = ("/static/", "/login", "/healthz")


def local_user(catalog: Catalog) -> Identify:
    """Whoever reaches a loopback address is the machine's user."""
    user = Principal("local", "admin", catalog.actor)

    async def identify(_request: Request) -> Principal:
        return user

    return identify


class Sessions:
    """Signs what browsers are given, so that what was made up is not even looked for."""

    def __init__(self, key: bytes) -> None:
        self._cookies = itsdangerous.Signer(key, salt="catalog.session")
        self._forms = itsdangerous.Signer(key, salt="catalog.csrf")

    @classmethod
    def of(cls, home: Path) -> Sessions:
        """With the key in this home; it is made the first time."""
        return cls(_key(home / "web.key"))

    def cookie(self, secret: str) -> str:
        """What the browser keeps."""
        return self._cookies.sign(secret.encode()).decode()

    def secret(self, cookie: str) -> str | None:
        """The session's secret in a cookie of ours; None: it is none."""
        try:
            return self._cookies.unsign(cookie.encode("utf-8", "replace")).decode()
        except (itsdangerous.BadSignature, UnicodeDecodeError):
            return None

    def csrf(self, secret: str) -> str:
        """What forms of this session must carry."""
        return self._forms.get_signature(secret.encode()).decode()


class TokenIdentity:
    """Finds out who asks by the header Authorization, else by the session's cookie."""

    def __init__(self, catalog: Catalog, sessions: Sessions) -> None:
        self._catalog, self._sessions = catalog, sessions

    async def __call__(self, request: Request) -> Principal | None:
        """Who it is.

        Raises
        ------
        UnauthenticatedError
            If there is a token, and it holds not.
        """
        if request.url.path.startswith(_OPEN):
            return None
        header = request.headers.get("authorization")
        if header is not None:
            return await run_in_threadpool(self._by_token, header)
        cookie = request.cookies.get(COOKIE)
        secret = None if cookie is None else self._sessions.secret(cookie)
        return None if secret is None else await run_in_threadpool(self._by_session, secret)

    def _by_token(self, header: str) -> Principal:
        scheme, _, secret = header.partition(" ")
        admitted = self._catalog.token.admit(secret.strip()) if scheme.lower() == "bearer" else None
        if admitted is None:
            # Never the header itself: it may be a token with a slip of the pen.
            raise UnauthenticatedError(
                "The token is unknown, expired or revoked.",
                remedy="Ask an administrator for a new one (`catalog token create`).",
            )
        return _principal(admitted)

    def _by_session(self, secret: str) -> Principal | None:
        admitted = self._catalog.token.admit_session(secret)
        return None if admitted is None else _principal(admitted, self._sessions.csrf(secret))


def _principal(admitted: Admitted, csrf: str | None = None) -> Principal:
    role = cast("Role", admitted.role)
    name = admitted.actor.name
    return Principal(name, role, admitted.actor, csrf or "", session=csrf is not None)


def _key(path: Path) -> bytes:
    """256 bits that this home's servers share; nobody else may read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: another process may be about to make it as well.
    part = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    if not path.exists():
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, secrets.token_bytes(32))
        finally:
            os.close(handle)
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()
