"""What a watched folder brings is announced to who listens, and posted to a webhook."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
import pytest
from small_footage import still
from sqlalchemy import make_url
from watched import DEADLINE_S, eventually, folder, places, ready, scan, watched

from catalog import Catalog
from catalog.errors import InvalidInputError
from catalog.settings import Settings

__all__ = ["folder", "watched"]


def test_ready_and_failed_are_announced_and_posted(
    catalog: Catalog, settings: Settings, watched: Path
):
    bodies: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            first = not any(each == body for each in bodies)
            bodies.append(body)
            self.send_response(503 if first else 204)  # busy once, so that it is told again
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    good = still(watched / "good.png")
    (watched / "bad.mkv").write_bytes(b"no film at all" * 100)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = make_url(str(settings.database_url)).set(drivername="postgresql")
    try:
        with psycopg.connect(
            url.render_as_string(hide_password=False), autocommit=True
        ) as listener:
            listener.execute("LISTEN catalog_asset")
            address = f"http://127.0.0.1:{server.server_port}/hook"
            with Catalog.open(replace(settings, webhook_url=address)) as hooked:
                scan(hooked)
                heard = [
                    json.loads(notice.payload)
                    for notice in listener.notifies(timeout=DEADLINE_S, stop_after=2)
                ]
                eventually(lambda: len(bodies) >= 4, "both were told twice")
    finally:
        server.shutdown()
        server.server_close()
    numbers = {path: asset for path, (asset, _) in places(catalog).items()}
    expected = [
        {"asset": numbers[good.name], "state": "ready", "code": None},
        {"asset": numbers["bad.mkv"], "state": "failed", "code": "not_media"},
    ]
    by_asset = sorted(heard, key=lambda each: each["asset"])
    assert by_asset == sorted(expected, key=lambda each: each["asset"])
    for body in expected:
        assert bodies.count(body) == 2


def test_a_webhook_that_is_away_holds_nothing_up(
    settings: Settings, watched: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("catalog.dispatch.webhook._FIRST_WAIT_S", 0.02)
    still(watched / "a.png")
    with Catalog.open(replace(settings, webhook_url="http://127.0.0.1:9/nobody")) as hooked:
        scan(hooked)
        assert ready(hooked) == 1
    with pytest.raises(InvalidInputError, match="WEBHOOK"):
        Catalog.open(replace(settings, webhook_url="file:///etc/passwd"))
