"""The application over a catalogue of the test's own: called directly, or served at a port."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql
from sqlalchemy import make_url
from starlette.testclient import TestClient
from web_media import HOSTILE, film, sound, still

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
    with calling(app) as opened:
        yield opened


@contextmanager
def calling(app: FastAPI, token: str | None = None, **options: Any) -> Iterator[TestClient]:
    """Call an application directly, with this token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with TestClient(
        app, base_url=HERE, follow_redirects=False, headers=headers, **options
    ) as opened:
        yield opened


@contextmanager
def serving(catalog: Catalog, **options: Any) -> Iterator[str]:
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
        thread.join(60)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def served(catalog: Catalog) -> Iterator[str]:
    """The URL of this test's catalogue, served for real."""
    with serving(catalog) as url:
        yield url


# --- a catalogue with something in it -------------------------------------------------------


@dataclass(frozen=True)
class Stock:
    """A catalogue of two collections, and tokens of all kinds for it.

    ``tokens`` by role: viewer, editor, admin; news_viewer and news_editor see News alone.
    """

    catalog: Catalog
    folder: Path
    news: int
    secret: int
    hostile: int
    sound: int
    clip: int
    frame: int
    secret_clip: int
    secret_frame: int
    tokens: dict[str, str]


def make_stock(settings: Settings, folder: Path) -> Stock:
    """Fill the catalogue of these settings; it is the caller's to close."""
    catalog = Catalog.open(settings)
    news = film(folder / "news" / "harbour.mp4", ["red", "blue"], mark=1, timecode="10:00:00:00")
    hidden = film(folder / "secret" / "secretfilm.mp4", ["red", "green"], mark=2)
    hostile = still(folder / "news" / HOSTILE, "green", mark=3)
    tone = sound(folder / "news" / "tone.wav")
    catalog.root.add(folder)
    catalog.ingest(folder / "news", collection="News", tags=["sea"])
    catalog.ingest(folder / "secret", collection="Secret", tags=["undisclosed"])
    ids = {asset["name"]: asset["id"] for asset in catalog.assets()["assets"]}
    catalog.proxy([ids[news.name], ids[hidden.name]])
    tokens = {role: catalog.token.create(role, role)["token"] for role in ROLES}
    for role in ("viewer", "editor"):
        made = catalog.token.create(f"news {role}", role, collections=["News"])
        tokens[f"news_{role}"] = made["token"]
    named = [ids[each.name] for each in (news, hidden, hostile, tone)]
    shots = [catalog.show(asset)["clips"][0] for asset in named[:2]]
    pictured = [number for shot in shots for number in (shot["id"], shot["frame"]["id"])]
    return Stock(catalog, folder, *named, *pictured, tokens)


ROLES = ("viewer", "editor", "admin")


@pytest.fixture(scope="session")
def stock(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stock]:
    """A stocked catalogue that the tests share: what they change they put right, or make for it."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    server = make_url(postgres_url).set(drivername="postgresql")
    admin_url = server.render_as_string(hide_password=False)

    def run(statement: str, *names: str) -> None:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    run("CREATE DATABASE {} TEMPLATE {}", name, template_database)
    folder = tmp_path_factory.mktemp("stock")
    url = server.set(database=name).render_as_string(hide_password=False)
    made = make_stock(
        Settings(home=folder / "home", database_url=url, encoder="null"), folder / "media"
    )
    try:
        yield made
    finally:
        made.catalog.close()
        run("DROP DATABASE {} WITH (FORCE)", name)


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
