"""How it is found out who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from catalog.web.access import LOCAL, Principal

Identify = Callable[[Request], Awaitable[Principal | None]]
"""Says who asks; None: nobody that is known."""


async def local_user(_request: Request) -> Principal:
    """Whoever reaches a loopback address is the machine's user."""
    return LOCAL
