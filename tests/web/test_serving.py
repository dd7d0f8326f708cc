"""The server as such: what it starts without, where it serves, and what every answer bears."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from web_stock import Stock, serving

from catalog import Catalog
from catalog.errors import AddressInUseError, InvalidInputError
from catalog.settings import Settings
from catalog.store import vectors
from catalog.web.server import serve

WEB = [sys.executable, "-m", "catalog.cli", "web", "--port", "0", "--json"]


def environment(settings: Settings, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CATALOG_")}
    mine = {
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": str(settings.database_url),
        "CATALOG_ENCODER": "null",
    }
    return {**kept, **mine, **more}


def test_the_application_is_made_without_torch():
    code = (
        "import sys, catalog.web, catalog.web.server\n"
        "heavy = {'torch', 'open_clip', 'transformers', 'celery'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_encoder_is_loaded_before_anybody_searches(stock: Stock, monkeypatch):
    began: list[object] = []
    load = stock.catalog._encoders.load_beforehand
    monkeypatch.setattr(stock.catalog._encoders, "load_beforehand", lambda: began.append(load()))
    stock.catalog._encoders.forget("null:64")
    with serving(stock.catalog):
        pass
    [thread] = began
    thread.join(240)
    held = stock.catalog._encoders
    assert "null:64" in {*held._loaded, *held._untried}


def test_a_fault_of_the_database_does_not_keep_the_server_from_beginning(stock: Stock, monkeypatch):
    asked: list[object] = []

    def faulty(session: object) -> None:
        asked.append(session)
        raise OperationalError("", {}, OSError("gone"))

    monkeypatch.setattr(vectors, "active_encoder", faulty)
    stock.catalog.load_beforehand().join(240)
    assert len(asked) == 1


def test_the_verb_serves_until_it_is_told_to_end(settings: Settings):
    process = subprocess.Popen(WEB, env=environment(settings), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("Serving at http://127.0.0.1:"), line
        url = line.removeprefix("Serving at ").strip()
        assert httpx.get(f"{url}/?q=hidden", timeout=240).status_code == 200
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(240) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    request = json.loads(rest.splitlines()[0])
    assert (request["event"], request["path"], request["status"]) == ("request", "/", 200)
    assert "hidden" not in rest


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_without_tokens_only_this_machine_is_served(catalog: Catalog, host: str):
    with pytest.raises(InvalidInputError, match="loopback"):
        serve(catalog, host=host, port=0)


def test_a_port_in_use_is_named(catalog: Catalog, served: str):
    with pytest.raises(AddressInUseError, match="--port"):
        serve(catalog, host="127.0.0.1", port=int(served.rpartition(":")[2]))


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/static/x/css/base.css"])
def test_every_answer_bears_the_security_headers(client: TestClient, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "cache-control" in headers
    assert "server" not in headers


def test_a_fault_of_our_own_is_told_without_its_reason(app: FastAPI, catalog: Catalog):
    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("the secret reason")

    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/broken")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "catalog_error"
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


def test_errors_are_json_for_programs_and_pages_for_people(client: TestClient):
    error = client.get("/api/v1/nothing").json()["error"]
    assert set(error) >= {"code", "message", "remedy", "retryable"}
    page = client.get("/<script>alert(1)</script>")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>" not in page.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "10.0.0.1"])
def test_other_hosts_are_refused(client: TestClient, host: str):
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1", "[::1]:8600", "127.9.9.9"])
def test_the_machine_s_own_names_are_served(client: TestClient, host: str):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1.evil.example"},
    ],
)
def test_writes_from_other_sites_are_refused(client: TestClient, headers: dict[str, str]):
    answer = client.post("/nothing", headers=headers)
    assert answer.status_code == 403
    assert client.get("/", headers=headers).status_code == 200


def test_static_files_may_be_kept_for_good_under_their_hash(client: TestClient):
    from catalog.web.templating import static_url

    url = static_url("css/base.css")
    held = client.get(url)
    assert held.status_code == 200
    assert "immutable" in held.headers["cache-control"]
    again = client.get(url, headers={"If-None-Match": held.headers["etag"]})
    assert again.status_code == 304
    other = client.get("/static/0000/css/base.css")
    assert other.headers["cache-control"] == "no-cache"
    for path in ("/static/x/../../app.py", "/static/x/%2e%2e/app.py", "/static/x/%2e%2e%2fapp.py"):
        assert client.get(path).status_code == 404, path
