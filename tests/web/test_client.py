"""The Python client against the real server."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from PIL import Image
from pydantic import TypeAdapter
from web_media import still
from web_stock import Stock, serving

from catalog.client import Client
from catalog.client.calling import ServerUnavailableError
from catalog.domain import wire
from catalog.encoders.null import COLOURS
from catalog.errors import ConflictError, ForbiddenError, InvalidQueryError, NotFoundError


@pytest.fixture(scope="module")
def url(stock: Stock) -> Iterator[str]:
    with serving(stock.catalog, auth=True) as address:
        yield address


@pytest.fixture
def client(url: str, stock: Stock) -> Iterator[Client]:
    with Client(url, stock.tokens["admin"]) as opened:
        yield opened


def test_it_needs_no_database_and_no_torch():
    code = (
        "import sys, catalog.client\n"
        "heavy = {'torch', 'sqlalchemy', 'psycopg', 'av', 'numpy', 'fastapi', 'celery'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_finding(client: Client, stock: Stock):
    page = client.search("red", limit=1)
    TypeAdapter(wire.SearchAnswer).validate_python(page, strict=True)
    hits = list(client.hits("red", most=3))
    assert len(hits) == 3
    assert hits[0]["clip"] == page["hits"][0]["clip"]
    assert page["hits"][0]["frame"] is not None
    content = client.download(page["hits"][0]["frame"]["picture"])
    assert Image.open(io.BytesIO(content)).format == "JPEG"
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), COLOURS["blue"]).save(picture, "PNG")
    like = client.search_by_image(picture.getvalue(), limit=1)
    assert like["hits"][0]["asset"]["id"] == stock.news
    facets = client.facets(field=["collection"])["facets"]["collection"]["values"]
    assert {each["value"] for each in facets} == {"News", "Secret"}
    assert client.get("/fields")["fields"]
    assert client.stats()["assets"] == 4
    assert client.jobs() == []
    assert client.retry() == []


def test_writing(client: Client, stock: Stock):
    assert client.change(stock.sound, title="by the client", tags_add=["c"]) == [stock.sound]
    assert client.asset(stock.sound)["title"] == "by the client"
    client.change(stock.sound, title=None, tags_remove=["c"])
    assert client.history(stock.sound)["entries"][0]["actor"] == "admin"
    assert len(list(client.all_assets())) == 4
    clip = client.mark(stock.news, 0.1, 0.9, "marked")
    assert client.clip(clip["id"])["text"] == "marked"
    made = client.create_bin("client's", [clip["id"]])
    items = client.add_to_bin(made["id"], [stock.clip], notes={stock.clip: "x"})
    moved = client.move_in_bin(made["id"], items, before=made["items"][0]["id"])
    assert [item["note"] for item in moved["items"]] == ["x", None]
    assert len(client.remove_from_bin(made["id"], items)["items"]) == 1
    assert client.bins()[0]["items"] == 1
    client.delete_bin(made["id"])
    assert client.unmark(clip["id"]) == [stock.news]


def test_ingest_and_events(client: Client, stock: Stock):
    path = still(stock.folder / "by-client" / "one.png", "green", mark=601)
    events = client.events()
    assert next(events)[0] == "progress"
    run = client.ingest(str(path.parent), collection="Client")
    name, body = "", {}
    while name != "ingest" or body["state"] != "done":
        name, body = next(events)
    assert body["id"] == run["id"]
    assert client.ingest_run(run["id"])["state"] == "done"
    events.close()
    (asset,) = client.all_assets("collection:Client")
    assert client.forget(asset["id"]) == [asset["id"]]
    shutil.rmtree(path.parent)


def test_errors_are_those_of_the_server(client: Client, url: str, stock: Stock):
    with pytest.raises(NotFoundError, match="no asset 999999"):
        client.asset(999_999)
    with pytest.raises(InvalidQueryError) as wrong:
        client.search("kind:vdeo")
    assert "position" in wrong.value.details
    made = client.create_bin("twice")
    with pytest.raises(ConflictError):
        client.create_bin("twice")
    client.delete_bin(made["id"])
    token = client.create_token("client's", days=1)
    with Client(url, token["token"]) as viewer:
        assert viewer.me()["role"] == "viewer"
        with pytest.raises(ForbiddenError):
            viewer.forget(stock.news)
    client.revoke_token(token["id"])


def test_a_write_whose_answer_was_lost_is_done_once(stock: Stock, url: str):
    class Losing(httpx.HTTPTransport):
        """Loses the first answer of every request that writes."""

        def __init__(self) -> None:
            super().__init__()
            self.sent: list[str] = []

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            key = request.headers.get("idempotency-key")
            if key is not None and key not in self.sent:
                self.sent.append(key)
                answer.read()
                answer.close()
                raise httpx.ReadError("lost")
            return answer

    with Client(url, stock.tokens["editor"], transport=Losing()) as unlucky:
        made = unlucky.create_bin("lost and found")
        assert [b["name"] for b in unlucky.bins()].count("lost and found") == 1
        unlucky.delete_bin(made["id"])


def test_a_server_that_is_away_is_told_so():
    with Client("http://127.0.0.1:9") as nowhere, pytest.raises(ServerUnavailableError):
        nowhere.me()
