"""The application over a catalogue of the test's own: called directly, or served at a port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from own_databases import own_settings
from starlette.testclient import TestClient
from web_media import film
from web_stock import HERE, Stock, calling, make_stock, serving

from catalog import Catalog
from catalog.settings import Settings
from catalog.web import create_app


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with Catalog.open(settings) as opened:
        yield opened


@pytest.fixture
def app(catalog: Catalog) -> FastAPI:
    return create_app(catalog)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with calling(app) as opened:
        yield opened


@pytest.fixture
def served(catalog: Catalog) -> Iterator[str]:
    """The URL of this test's catalogue, served for real."""
    with serving(catalog) as url:
        yield url


# --- a catalogue with something in it -------------------------------------------------------


@pytest.fixture(scope="session")
def stock(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stock]:
    """A stocked catalogue that the tests share: what they change they put right."""
    folder = tmp_path_factory.mktemp("stock")
    with own_settings(postgres_url, template_database, folder / "home") as settings:
        made = make_stock(settings, folder / "media")
        with made.catalog:
            yield made


@pytest.fixture(scope="module")
def little(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """A catalogue of one film that a module may do anything with."""
    folder = tmp_path_factory.mktemp("little")
    with (
        own_settings(postgres_url, template_database, folder / "home") as settings,
        Catalog.open(settings) as catalog,
    ):
        catalog.ingest(film(folder / "media" / "film.mp4", ["red", "blue"], mark=1))
        yield catalog


@pytest.fixture(scope="session")
def guarded(stock: Stock) -> FastAPI:
    """The application over the stock, asking for tokens."""
    return create_app(stock.catalog, auth=True)


@pytest.fixture(scope="session")
def local(stock: Stock) -> Iterator[TestClient]:
    """Calls the application over the stock in local mode."""
    with calling(create_app(stock.catalog)) as opened:
        yield opened


@pytest.fixture(scope="session")
def as_role(stock: Stock, guarded: FastAPI) -> Iterator[dict[str, TestClient]]:
    """A client for each kind of token, and ``nobody``."""
    with calling(guarded):  # its lifespan
        clients = {
            name: TestClient(
                guarded,
                base_url=HERE,
                follow_redirects=False,
                headers={"Authorization": f"Bearer {token}"},
            )
            for name, token in stock.tokens.items()
        }
        clients["nobody"] = TestClient(guarded, base_url=HERE, follow_redirects=False)
        yield clients
