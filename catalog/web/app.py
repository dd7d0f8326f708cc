"""The application: routes over one open catalogue."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware import Middleware

from catalog import __version__
from catalog.api import Catalog
from catalog.web import faults, pages
from catalog.web.guard import Guard, is_loopback
from catalog.web.identity import local_user
from catalog.web.static_files import HashedFiles

# Each may hold a connection; the pool has fifteen.
_THREADS = 12


def create_app(catalog: Catalog) -> FastAPI:
    """Pages and HTTP API over an open catalogue, which stays the caller's to close."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        yield
        app.state.stopping.set()

    app = FastAPI(
        title="Asset catalog",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        # Their scripts come from elsewhere, which the security policy forbids.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=[Middleware(Guard, identify=local_user, host_allowed=is_loopback)],
    )
    app.state.catalog = catalog
    app.state.stopping = threading.Event()
    faults.install(app)
    app.include_router(pages.router)
    app.mount("/static", HashedFiles())
    return app
