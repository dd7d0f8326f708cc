"""The application over a catalogue of the test's own: called directly, or served at a port."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy import make_url
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


@contextmanager
def settings_of(postgres_url: str, template: str, home: Path) -> Iterator[Settings]:
    """Settings of a catalogue with a database of its own."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    server = make_url(postgres_url).set(drivername="postgresql")
    admin_url = server.render_as_string(hide_password=False)

    def run(statement: str, *names: str) -> None:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    run("CREATE DATABASE {} TEMPLATE {}", name, template)
    url = server.set(database=name).render_as_string(hide_password=False)
    yield Settings(home=home, database_url=url, encoder="null")
    run("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def stock(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stock]:
    """A stocked catalogue that the tests share: what they change they put right."""
    folder = tmp_path_factory.mktemp("stock")
    with settings_of(postgres_url, template_database, folder / "home") as settings:
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
        settings_of(postgres_url, template_database, folder / "home") as settings,
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
