"""Proxies that are asked of the server: workers make them, or else a thread of the server."""

from __future__ import annotations

import logging
import threading
from typing import Annotated, Any

from fastapi import Depends, Request

from catalog.api import Catalog
from catalog.errors import AssetBusyError, CatalogError, MediaError, NotFoundError, ServiceError
from catalog.web.access import OpenCatalog

_log = logging.getLogger("catalog.web")

LOOK_S = 10.0
"""How often it is looked for what others have asked for, or an earlier server has left."""


class _StoppedError(BaseException):
    """The server ends: what is made is broken off, and stays due."""


class ProxyMaker:
    """Makes what is due, one proxy after the other, where no worker does.

    What is due is in the database: a server that was killed in the middle of a proxy makes it
    when it is started again.
    """

    def __init__(self, catalog: Catalog, stopping: threading.Event) -> None:
        self._catalog, self._stopping = catalog, stopping
        self._asked, self._making = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless there are workers."""
        if self._catalog.has_workers:
            return
        self._thread = threading.Thread(target=self._run, name="proxies", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Look for what is due now."""
        self._asked.set()

    def close(self) -> None:
        """Break off what is made; ``stopping`` is to be set before."""
        self._asked.set()
        if self._thread is None:
            return
        if self._making.is_set():
            # A heavy film tells how far it is once in minutes only.
            self._catalog.decoders.stop()
        self._thread.join()
        self._catalog.decoders.resume()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                for asset in self._catalog.due_proxies():
                    if not self._catalog.may_work():
                        break
                    self._make(asset)
            except _StoppedError:
                return
            except CatalogError as error:
                if not self._stopping.is_set():
                    _log.warning("proxies_unavailable", extra={"reason": error.message})
            except Exception:  # noqa: BLE001  # a thread that dies tells nobody
                _log.exception("proxies_fault")
            self._asked.wait(LOOK_S)
            self._asked.clear()

    def _make(self, asset: int) -> None:
        self._making.set()
        try:
            self._go_on()
            self._catalog.make_due_proxy(asset, lambda _: self._go_on())
        except AssetBusyError:
            return  # somebody else is at it; if not for this, it is still due afterwards
        except ServiceError:
            raise
        except (MediaError, NotFoundError) as error:
            # The first is in its stage, for people; the second was removed meanwhile.
            _log.info("proxy_failed", extra={"asset_id": asset, "reason": error.message})
        finally:
            self._making.clear()

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError


class Proxies:
    """Asks for proxies in the name of whoever asks; pages and API do it alike."""

    def __init__(self, catalog: Catalog, maker: ProxyMaker) -> None:
        self._catalog, self._maker = catalog, maker

    def ask(self, asset: int, *, anew: bool = False) -> dict[str, Any]:
        """Ask for one; where it stands, as `Catalog.proxy_status` tells, and ``where`` it is made.

        Raises
        ------
        CatalogError
            If it is no asset that is seen, or a still.
        """
        told = self._catalog.request_proxy(asset, anew=anew)
        self._maker.look()
        return self._placed(told)

    def status(self, asset: int) -> dict[str, Any]:
        """Where one stands.

        Raises
        ------
        NotFoundError
            If it is no asset that is seen.
        """
        return self._placed(self._catalog.proxy_status(asset))

    def _placed(self, told: dict[str, Any]) -> dict[str, Any]:
        return {**told, "where": "workers" if self._catalog.has_workers else "here"}


def _proxies(request: Request, catalog: OpenCatalog) -> Proxies:
    maker = request.app.state.proxies
    assert isinstance(maker, ProxyMaker)  # noqa: S101  # create_app has put it there
    return Proxies(catalog, maker)


AskedProxies = Annotated[Proxies, Depends(_proxies)]
