"""Serving: an address, and uvicorn on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from catalog.api import Catalog
from catalog.errors import AddressInUseError, InvalidInputError
from catalog.web.app import create_app
from catalog.web.guard import is_loopback

_GRACE_S = 5
_BACKLOG = 512


def serve(
    catalog: Catalog,
    *,
    host: str,
    port: int,
    auth: bool = False,
    ready: Callable[[str], None] = lambda _url: None,
    stop: threading.Event | None = None,
) -> None:
    """Serve pages and HTTP API until ``stop`` is set.

    With ``auth`` tokens are asked for; so they are where others than this machine's users
    may come. ``ready`` is told the URL once requests are answered; port 0 takes any that is free.

    Raises
    ------
    InvalidInputError
        If the host is no address of this machine; or others could come, and no token is asked for.
    AddressInUseError
        If another program serves there.
    """
    if not (auth or is_loopback(host)) and not catalog.token.has_admin():
        raise InvalidInputError(
            f"Without tokens anybody who reaches {host} could do anything; expected a loopback "
            "address, or an admin's token to be there.",
            remedy="Leave out --host, or make a token: catalog token create NAME --role admin.",
        )
    auth = auth or not is_loopback(host)
    with _listen(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listening.getsockname()[1]}"
        app = create_app(catalog, auth=auth)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        )

        def began() -> None:
            catalog.load_beforehand()
            ready(url)

        server = _Server(config, began, app.state.stopping, stop or threading.Event())
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and tells streams without end that it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        stopping: threading.Event,
        stop: threading.Event,
    ) -> None:
        super().__init__(config)
        self._ready, self._stopping, self._stop = ready, stopping, stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: uvicorn's own would raise them again, and the catalogue not be closed."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn asks ten times a second whether it is to end."""
        return await super().on_tick(counter) or self._stop.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise InvalidInputError(
            f"{host!r} is no address of this machine: {error}.", remedy="Use --host 127.0.0.1."
        ) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressInUseError(
            f"Nothing can be served at {host}, port {port}: {error.strerror}.",
            remedy="Choose another: --port, or CATALOG_WEB_PORT; 0 takes any that is free.",
        ) from error
    return listening
