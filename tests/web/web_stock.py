"""A catalogue with something in it, and ways to call and to serve it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient
from web_media import HOSTILE, film, sound, still

from catalog import Catalog
from catalog.settings import Settings
from catalog.web.server import serve

HERE = "http://127.0.0.1"
ROLES = ("viewer", "editor", "admin")


@contextmanager
def calling(app: FastAPI, token: str | None = None, **options: Any) -> Iterator[TestClient]:
    """Call an application directly, with this token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with TestClient(
        app, base_url=HERE, follow_redirects=False, headers=headers, **options
    ) as opened:
        yield opened


@contextmanager
def serving(catalog: Catalog, *, host: str = "127.0.0.1", **options: Any) -> Iterator[str]:
    """Serve the catalogue in a thread, as `catalog web` does; the URL."""
    told: list[str] = []
    ready, stop = threading.Event(), threading.Event()

    def tell(url: str) -> None:
        told.append(url)
        ready.set()

    def run() -> None:
        try:
            serve(catalog, host=host, port=0, ready=tell, stop=stop, **options)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="web")
    thread.start()
    try:
        assert ready.wait(240)
        assert told, "the server ended before it was ready"
        yield told[0]
    finally:
        stop.set()
        thread.join(240)
        assert not thread.is_alive(), "the server did not end"


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
