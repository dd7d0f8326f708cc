"""The application over a catalogue of the test's own: called directly, or served at a port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from catalog import Catalog
from catalog.settings import Settings
from catalog.web import create_app
from catalog.web.server import serve

HERE = "http://127.0.0.1"


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


@pytest.fixture
def app(catalog: Catalog) -> FastAPI:
    return create_app(catalog)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=HERE, follow_redirects=False) as opened:
        yield opened


@contextmanager
def serving(catalog: Catalog, **options: object) -> Iterator[str]:
    """Serve the catalogue in a thread, as `catalog web` does; the URL."""
    told: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(url: str) -> None:
        told.append(url)
        ready.set()

    def run() -> None:
        try:
            serve(catalog, host="127.0.0.1", port=0, ready=tell, stop=stop, **options)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="web")
    thread.start()
    try:
        assert ready.wait(60)
        assert told, "the server ended before it was ready"
        yield told[0]
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def served(catalog: Catalog) -> Iterator[str]:
    """The URL of this test's catalogue, served for real."""
    with serving(catalog) as url:
        yield url
