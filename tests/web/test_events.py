"""Server-sent events, from a real server: what is told, to whom, and when the stream ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx
import pytest
from web_media import still
from web_stock import Stock, serving

EVENTS = "/api/v1/events"
PATIENCE = httpx.Timeout(240)


class Told:
    """A stream of events; lists of (name, body)."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self, *names: str) -> tuple[str, dict[str, Any]]:
        """The next event of these names."""
        name = ""
        for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name in names:
                return name, json.loads(line.removeprefix("data: "))
        raise AssertionError(f"the stream ended before {names}")

    def rest(self) -> list[str]:
        return list(self._lines)


@contextmanager
def listening(url: str, token: str | None = None) -> Iterator[Told]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(timeout=PATIENCE) as client,
        client.stream("GET", url + EVENTS, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Told(answer.iter_lines())


def test_an_ingest_over_http_is_told_of_from_begin_to_end(stock: Stock):
    path = still(stock.folder / "told" / "told.png", "red", mark=501)
    with serving(stock.catalog) as url, listening(url) as told:
        _, stages = told.next("progress")
        assert stages["analyse"]["done"] == 4
        body = {"paths": [str(path.parent)], "collection": "Told", "tags": ["heard"]}
        run = httpx.post(f"{url}/api/v1/ingests", json=body, timeout=PATIENCE)
        assert run.status_code == 202
        assert run.json()["where"] == "here"
        seen: dict[str, dict[str, Any]] = {}

        def over() -> bool:
            done = {"asset", "ingest", "progress"} <= set(seen)
            return done and seen["ingest"]["state"] == "done"

        while not over() or seen["progress"]["encode"].get("done") != 5:
            name, event = told.next("asset", "ingest", "progress")
            seen[name] = event
        assert seen["asset"]["state"] == "ready"
        report = seen["ingest"]["report"]
        assert (report["registered"], report["ready"], report["failed"]) == (1, 1, 0)
        again = httpx.get(f"{url}/api/v1/ingests/{run.json()['id']}", timeout=PATIENCE).json()
        assert again["state"] == "done"
    shown = stock.catalog.show(seen["asset"]["asset"])
    assert (shown["collection"], shown["tags"]) == ("Told", ["heard"])
    trail = stock.catalog.audit(action="ingest")["entries"]
    assert trail[0]["details"]["paths"] == [str(path.parent)]
    stock.catalog.remove([shown["id"]])
    shutil.rmtree(path.parent)


@pytest.fixture(scope="module")
def guarded_url(stock: Stock) -> Iterator[str]:
    with serving(stock.catalog, auth=True) as url:
        yield url


def test_who_sees_some_collections_hears_of_those_alone(stock: Stock, guarded_url: str):
    hidden = still(stock.folder / "quiet" / "hidden.png", "red", mark=502)
    shown = still(stock.folder / "quiet" / "shown.png", "red", mark=503)
    with (
        listening(guarded_url, stock.tokens["news_viewer"]) as limited,
        listening(guarded_url, stock.tokens["viewer"]) as whole,
    ):
        _, stages = limited.next("progress")
        assert stages["analyse"]["done"] == 3
        whole.next("progress")
        stock.catalog.ingest(hidden, collection="Secret")
        stock.catalog.ingest(shown, collection="News")
        first, second = (whole.next("asset")[1]["asset"] for _ in range(2))
        assert limited.next("asset")[1]["asset"] == second
        assert first != second
    stock.catalog.remove([first, second])
    shutil.rmtree(hidden.parent)


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have streams look more often whether they are to end."""
    monkeypatch.setattr("catalog.web.events.BEAT_S", 0.2)


@pytest.mark.usefixtures("_often")
def test_the_stream_ends_with_the_token(stock: Stock, guarded_url: str):
    made = stock.catalog.token.create("listener", "viewer")
    with listening(guarded_url, made["token"]) as told:
        told.next("progress")
        stock.catalog.token.revoke(made["id"])
        assert not any("event: asset" in line for line in told.rest())


@pytest.mark.usefixtures("_often")
def test_a_server_that_stops_ends_its_streams(stock: Stock):
    with serving(stock.catalog) as url:
        stream = listening(url)
        told = stream.__enter__()
        told.next("progress")
    told.rest()
    stream.__exit__(None, None, None)
