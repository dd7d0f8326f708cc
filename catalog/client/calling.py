"""Requests to a server, sent again where that is safe, and its errors as exceptions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

from catalog.errors import CatalogError, ServiceError

PREFIX = "/api/v1"
_AGAIN_S = (0.2, 1.0)


class ServerUnavailableError(ServiceError):
    """The catalogue's server cannot be reached."""

    code = "server_unavailable"


class Calls:
    """Sends requests. What writes bears an Idempotency-Key: sent twice, it is done once."""

    def __init__(
        self, url: str, token: str | None, timeout_s: float, transport: httpx.BaseTransport | None
    ) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout_s, transport=transport
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def json(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401  # JSON
        """The JSON that is answered.

        Raises
        ------
        CatalogError
            What the server answers, as the class of its code.
        ServerUnavailableError
            If it cannot be reached, three times.
        """
        return self._sent(method, path, sent).json()

    def content(self, path: str) -> bytes:
        """The bytes that are answered; raises as `json`."""
        return self._sent("GET", path, {}).content

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Server-sent events, until the server ends them; raises as `json`."""
        with (
            _reached(),
            self._http.stream("GET", f"{PREFIX}/events", timeout=None) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise error_of(answer)
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

    def _sent(self, method: str, path: str, sent: dict[str, Any]) -> httpx.Response:
        headers = {} if method == "GET" else {"Idempotency-Key": uuid.uuid4().hex}
        for wait in (*_AGAIN_S, None):
            try:
                with _reached():
                    url = path if path.startswith(PREFIX) else PREFIX + path
                    answer = self._http.request(method, url, headers=headers, **sent)
                break
            except ServerUnavailableError:
                if wait is None:
                    raise
                time.sleep(wait)
        if answer.is_error:
            raise error_of(answer)
        return answer


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise ServerUnavailableError(
            f"The catalogue's server cannot be reached: {error}.",
            remedy="Is it running (`catalog web`), and the address right?",
        ) from error


def error_of(answer: httpx.Response) -> CatalogError:
    """The error that an answer is, of the class that raised it in the server."""
    try:
        body = answer.json()["error"]
        message, code = str(body["message"]), str(body["code"])
    except (ValueError, KeyError, TypeError):
        return ServerUnavailableError(
            f"The server answered {answer.status_code}, and no error of the catalogue's.",
            remedy="Is that the address of a catalogue, and no proxy in its way?",
        )
    kind = _classes(CatalogError).get(code, CatalogError)
    error = kind(message, remedy=str(body.get("remedy", "")), **(body.get("details") or {}))
    if kind is CatalogError:
        error.code = code  # type: ignore[misc]  # this one's alone
        error.http_status = answer.status_code  # type: ignore[misc]
    return error


def _classes(base: type[CatalogError]) -> dict[str, type[CatalogError]]:
    found: dict[str, type[CatalogError]] = {}
    for each in base.__subclasses__():
        found |= {each.code: each} | _classes(each)
    return found
