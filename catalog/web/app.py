"""The application: routes over one open catalogue."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from catalog import __version__
from catalog.api import Catalog
from catalog.web import api, faults, health, login, pages
from catalog.web.events import Hub
from catalog.web.guard import Guard, is_loopback
from catalog.web.identity import Sessions, TokenIdentity, local_user
from catalog.web.proxies import ProxyMaker
from catalog.web.runs import Runs
from catalog.web.static_files import HashedFiles

# Each may hold a connection; the pool has fifteen, of which an ingest here takes some.
_THREADS = 10


def create_app(catalog: Catalog, *, auth: bool = False) -> FastAPI:
    """Pages and HTTP API over an open catalogue, which stays the caller's to close.

    Parameters
    ----------
    auth:
        Ask for tokens. Without, whoever reaches the server may do everything, and it
        answers only to names of the machine itself.
    """
    sessions = Sessions.of(catalog.settings.home) if auth else None
    identify = local_user(catalog) if sessions is None else TokenIdentity(catalog, sessions)
    https = catalog.settings.reached_by_https
    guard = Middleware(
        Guard,
        identify=identify,
        host_allowed=is_loopback if sessions is None else bool,
        https=https,
    )
    app = FastAPI(
        title="Asset catalog",
        summary="Shots of film and video, found by meaning, words and metadata.",
        description=api.DESCRIPTION,
        version=__version__,
        openapi_url=f"{api.PREFIX}/openapi.json",
        # Their scripts come from elsewhere, which the security policy forbids.
        docs_url=None,
        redoc_url=None,
        routes=[*_routes()],
        lifespan=_lifespan,
        middleware=[guard],
    )
    app.state.catalog, app.state.sessions, app.state.https = catalog, sessions, https
    app.state.identify = identify
    app.state.failures = login.Failures()
    app.state.stopping = threading.Event()
    app.state.runs = Runs("ingest", app.state.stopping)
    app.state.errands = Runs("errand", app.state.stopping)
    app.state.waveforms = Runs("waveform", app.state.stopping)
    app.state.proxies = ProxyMaker(catalog, app.state.stopping)
    app.state.hub = Hub(catalog, app.state.stopping)
    faults.install(app)
    app.mount("/static", HashedFiles())
    return app


@cache
def _routes() -> list[BaseRoute]:
    """What every application of the process answers.

    FastAPI works out the types of all routes for each router that includes them: a second's work.
    """
    including = APIRouter()
    for router in (health.router, login.router, api.router, pages.router):
        including.include_router(router)
    return list(including.routes)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    app.state.proxies.start()
    yield
    app.state.stopping.set()
    await anyio.to_thread.run_sync(app.state.hub.close)
    for runs in (app.state.runs, app.state.errands, app.state.waveforms):
        await anyio.to_thread.run_sync(runs.close)
    # Last: it ends what decodes, and a run shall end by itself.
    await anyio.to_thread.run_sync(app.state.proxies.close)
