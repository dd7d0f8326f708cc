"""Writes that bear an Idempotency-Key are done once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from catalog.api.token import TokenVerbs
from catalog.errors import InvalidInputError
from catalog.web.access import SAFE, principal_of, whole_catalog

HEADER = "Idempotency-Key"
_LONGEST = 200
# Larger answers than any write of ours gives.
_MOST_BYTES = 2_000_000


class OnceRoute(APIRoute):
    """A route that answers a write it has answered before, and does not do it again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with that round it."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method in SAFE:
                return await handle(request)
            return await _once(request, key, handle)

        return once


async def _once(
    request: Request, key: str, handle: Callable[[Request], Awaitable[Response]]
) -> Response:
    if not (1 <= len(key) <= _LONGEST and key.isprintable()):
        raise InvalidInputError(
            f"The {HEADER} has {len(key)} characters; expected 1 to {_LONGEST} that can be read.",
            remedy="A UUID is a good one.",
        )
    who, verbs = _who(request), whole_catalog(request).token
    before = await run_in_threadpool(verbs.claim_write, who, key, await _digest(request))
    if before is not None:
        headers = {"Idempotency-Replayed": "true", "Cache-Control": "no-store"}
        return Response(before[1], before[0], headers, media_type="application/json")
    try:
        answer = await handle(request)
    except BaseException:
        await run_in_threadpool(verbs.give_up, who, key)
        raise
    await _keep(verbs, who, key, answer)
    return answer


async def _keep(verbs: TokenVerbs, who: str, key: str, answer: Response) -> None:
    body = bytes(answer.body) if hasattr(answer, "body") else b""
    if answer.status_code < 400 and len(body) <= _MOST_BYTES:
        await run_in_threadpool(verbs.answered, who, key, answer.status_code, body.decode())
    else:
        await run_in_threadpool(verbs.give_up, who, key)


def _who(request: Request) -> str:
    actor = principal_of(request).actor
    return f"user {actor.name}" if actor.token_id is None else f"token {actor.token_id}"


async def _digest(request: Request) -> str:
    digest = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(request.headers.get("content-type", "").encode() + b"\0")
    digest.update(await request.body())
    return digest.hexdigest()
