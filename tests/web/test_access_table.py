"""Every endpoint × every role × no token, from one table that must name every endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.testclient import TestClient
from web_stock import Stock

ABSENT = 999_999_999
V1 = "/api/v1"


@dataclass(frozen=True)
class Row:
    """An endpoint: who may use it, whether it is of everything, and a request that is valid."""

    method: str
    path: str
    role: str
    whole: bool = False
    send: dict[str, Any] | None = None
    of_asset: bool = False
    """Whether it is about one asset, clip or frame: of a hidden one there is none."""


def look(path: str, **more: Any) -> Row:
    return Row("GET", V1 + path, "viewer", **more)


def change(method: str, path: str, role: str = "editor", **more: Any) -> Row:
    return Row(method, V1 + path, role, **more)


def json(**body: Any) -> dict[str, Any]:
    return {"json": body}


NO_LOG = {"files": {"file": ("a.txt", b"", "text/plain")}}
NO_PICTURE = {"files": {"image": ("a.txt", b"", "text/plain")}}
CLIP, FRAME, ASSET = "{clip}", "{frame}", "{asset}"
TABLE = [
    look("/search", send={"params": {"q": "red"}}),
    Row("POST", f"{V1}/search", "viewer", send=json(q="red")),
    Row("POST", f"{V1}/search/image", "viewer", send=NO_PICTURE),
    look("/facets"),
    look("/fields"),
    look("/fields/{name}/values"),
    look("/tags"),
    look("/duplicates"),
    look("/assets"),
    change("PATCH", "/assets", send=json(assets=[ABSENT], title="x")),
    change("POST", "/assets/forget", "admin", send=json(assets=[ABSENT])),
    look(f"/assets/{ASSET}", of_asset=True),
    change("PATCH", f"/assets/{ASSET}", send=json(description="x"), of_asset=True),
    change("DELETE", f"/assets/{ASSET}", "admin"),
    look(f"/assets/{ASSET}/versions", of_asset=True),
    look(f"/assets/{ASSET}/locations", of_asset=True),
    look(f"/assets/{ASSET}/history", of_asset=True),
    change("PUT", f"/assets/{ASSET}/tags/{{tag}}", of_asset=True),
    change("DELETE", f"/assets/{ASSET}/tags/{{tag}}", of_asset=True),
    change("POST", f"/assets/{ASSET}/retry", of_asset=True),
    change("POST", f"/assets/{ASSET}/renditions/{{kind}}", of_asset=True),
    look(f"/assets/{ASSET}/renditions/proxy", of_asset=True),
    look(f"/assets/{ASSET}/renditions/waveform", of_asset=True),
    change("POST", f"/assets/{ASSET}/clips", send=json(start=0, end=0.5), of_asset=True),
    look("/clips", send={"params": {"id": ABSENT}}),
    change("PUT", "/clips/flag", send=json(clips=[ABSENT], flag=None)),
    change("PUT", "/clips/roll", send=json(clips=[ABSENT], roll="A")),
    look(f"/clips/{CLIP}", of_asset=True),
    change("PATCH", f"/clips/{CLIP}", send=json(name="x"), of_asset=True),
    change("DELETE", f"/clips/{CLIP}", of_asset=True),
    change("PUT", f"/clips/{CLIP}/poster", send=json(frame=ABSENT), of_asset=True),
    look(f"/frames/{FRAME}/picture", of_asset=True),
    Row("HEAD", f"{V1}/frames/{FRAME}/picture", "viewer", of_asset=True),
    look(f"/assets/{ASSET}/original", of_asset=True),
    Row("HEAD", f"{V1}/assets/{ASSET}/original", "viewer", of_asset=True),
    *(
        Row(method, f"{V1}/assets/{ASSET}/{name}", "viewer", of_asset=True)
        for name in ("strip.webp", "strip.vtt", "waveform.png", "peaks.json", "proxy.mp4")
        for method in ("GET", "HEAD")
    ),
    look("/bins"),
    change("POST", "/bins", send=json(name="the table's")),
    look("/bins/{bin_id}"),
    change("PATCH", "/bins/{bin_id}", send=json(name="x")),
    change("DELETE", "/bins/{bin_id}"),
    change("POST", "/bins/{bin_id}/items", send=json(items=[{"clip": ABSENT}])),
    change("POST", "/bins/{bin_id}/items/move", send=json(items=[ABSENT])),
    change("POST", "/bins/{bin_id}/items/remove", send=json(items=[ABSENT])),
    change("PATCH", "/bins/{bin_id}/items/{item}", send=json(note="x")),
    change("DELETE", "/bins/{bin_id}/items/{item}"),
    look("/bins/{bin_id}/export", send={"params": {"format": "csv"}}),
    look("/bins/{bin_id}/export/report", send={"params": {"format": "csv"}}),
    change("GET", "/logs"),
    change("POST", "/logs", send=NO_LOG),
    change("POST", "/logs/remove", send=json(file="/nowhere/day.ale")),
    Row("POST", f"{V1}/recommend", "viewer", send=json(text="A red car.")),
    Row("POST", f"{V1}/recommend/file", "viewer", send={"files": {"script": ("a.txt", b"A car.")}}),
    change("POST", "/recommend/bin", send=json(text="A red car.", name="the table's story")),
    change("POST", "/register", whole=True, send=json(path="/nowhere/film.mp4")),
    change("POST", "/ingests", whole=True, send=json(paths=["/nowhere"])),
    change("GET", "/ingests", whole=True),
    change("GET", "/ingests/{ingest}", whole=True),
    change("POST", "/ingests/{ingest}/cancel", whole=True),
    change("GET", "/roots", "admin"),
    change("POST", "/roots", "admin", send=json(path="/nowhere")),
    change("PATCH", "/roots/{root}", "admin", send=json(min_shot=1)),
    change("PUT", "/roots/{root}/watch", "admin", send=json()),
    change("DELETE", "/roots/{root}/watch", "admin"),
    change("DELETE", "/roots/{root}", "admin"),
    look("/stats"),
    look("/progress"),
    look("/metrics", whole=True),
    look("/jobs"),
    change("POST", "/jobs/retry", "admin", send=json(assets=[ABSENT])),
    change("POST", "/service/pause", "admin", send=json(reason="table")),
    change("POST", "/service/resume", "admin"),
    look("/encoders", whole=True),
    change("POST", "/encoders", "admin", send=json(name="none/such")),
    change("POST", "/encoders/backfill", "admin", send=json(name="none/such")),
    change("POST", "/encoders/activate", "admin", send=json(name="none/such")),
    change("POST", "/encoders/compare", "admin", send=json(one="none/such", other="null")),
    change("POST", "/encoders/remove", "admin", send=json(name="none/such")),
    change("GET", "/errands", "admin"),
    change("GET", "/errands/{errand}", "admin"),
    change("POST", "/errands/{errand}/cancel", "admin"),
    change("GET", "/trainings", "admin"),
    change("POST", "/trainings", "admin", send=json(dataset="/nowhere/data.csv")),
    change("GET", "/trainings/{training}", "admin"),
    change("GET", "/trainings/{training}/{page}", "admin"),
    change("GET", "/evaluations", "admin"),
    change("POST", "/evaluations", "admin", send=json(dataset="/nowhere/data.csv")),
    change("GET", "/evaluations/{evaluation}", "admin"),
    change("GET", "/evaluations/{evaluation}/report.html", "admin"),
    change("DELETE", "/evaluations/{evaluation}", "admin"),
    change("GET", "/doctor", "admin"),
    look("/me"),
    change("GET", "/tokens", "admin"),
    change("POST", "/tokens", "admin", send=json(name="of the table")),
    change("DELETE", "/tokens/{token}", "admin"),
    change("GET", "/audit", "admin"),
]  # fmt: skip
# A stream without end is called apart, below; these need nobody to be known.
STREAM = ("GET", f"{V1}/events")
OPEN = {("GET", "/login"), ("POST", "/login"), ("GET", "/healthz"), ("GET", f"{V1}/openapi.json")}
# Pages have tests of their own; here is looked only that each names a role.
CAST = ("nobody", "viewer", "editor", "admin", "news_viewer", "news_editor")
RANK = {"viewer": 0, "editor": 1, "admin": 2}


def routes_of(app: FastAPI) -> list[RouteContext]:
    """The routes of the application itself; mounts and framework's own have no endpoint here."""
    return [each for each in iter_route_contexts(app.routes) if hasattr(each, "dependant")]


def test_the_table_names_every_endpoint(guarded: FastAPI):
    there = {
        (method, route.path)
        for route in routes_of(guarded)
        if route.path.startswith(V1)
        for method in route.methods
    }
    rows = [(row.method, row.path) for row in TABLE] + [STREAM]
    assert len(rows) == len(set(rows))
    assert there == set(rows)


def test_every_page_says_who_may_see_it(guarded: FastAPI):
    for route in routes_of(guarded):
        open_to_all = {(method, route.path) for method in route.methods} <= OPEN
        asked = [d.call for d in route.dependant.dependencies if hasattr(d.call, "role")]
        assert bool(asked) != open_to_all, f"{route.methods} {route.path}"


def expected(row: Row, who: str) -> str:
    if who == "nobody":
        return "unauthenticated"
    limited, role = who.startswith("news_"), who.removeprefix("news_")
    if RANK[role] < RANK[row.role] or (limited and row.whole):
        return "forbidden"
    return "hidden" if limited and row.of_asset else "let through"


def called(client: TestClient, row: Row, stock: Stock) -> Any:
    absent = row.method == "DELETE" and row.path.endswith("{asset}")
    names = {
        "asset": ABSENT if absent else stock.secret,
        "clip": stock.secret_clip,
        "frame": stock.secret_frame,
        "kind": "waveform",
        "name": "tag",
        "tag": "table",
        "page": "training.html",
        **dict.fromkeys(("ingest", "errand", "evaluation", "training"), "none"),
        **dict.fromkeys(("bin_id", "item", "root", "token"), ABSENT),
    }
    return client.request(row.method, row.path.format(**names), **(row.send or {}))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")
def test_who_may(row: Row, stock: Stock, as_role: dict[str, TestClient]):
    got = {}
    for who in CAST:
        answer = called(as_role[who], row, stock)
        assert answer.status_code < 500, f"{who}: {answer.text}"
        named = {401: "unauthenticated", 403: "forbidden"}.get(answer.status_code, "let through")
        if named == "let through" and answer.status_code == 404:
            body = "" if row.method == "HEAD" else answer.text
            named = "hidden" if expected(row, who) == "hidden" else named
            assert "secretfilm" not in body
        got[who] = named
    assert got == {who: expected(row, who) for who in CAST}


LISTS = ["/search", "/facets", "/assets", "/tags", "/stats", "/jobs", "/progress"]


def test_the_stream_is_not_for_everybody(as_role: dict[str, TestClient]):
    assert as_role["nobody"].get(STREAM[1]).status_code == 401


@pytest.mark.parametrize("path", LISTS)
def test_lists_tell_nothing_of_what_is_hidden(path: str, as_role: dict[str, TestClient]):
    queries = {"/search": "red", "/facets": "", "/assets": "", "/tags": ""}
    params = {"q": queries[path]} if path in queries else {}
    if path == "/facets":
        params["field"] = ["name", "collection", "tag", "path"]  # type: ignore[assignment]
    whole = as_role["viewer"].get(V1 + path, params=params)
    limited = as_role["news_viewer"].get(V1 + path, params=params)
    assert whole.status_code == limited.status_code == 200
    for word in ("secretfilm", "Secret", "undisclosed"):
        assert word.lower() not in limited.text.lower()
    if path not in ("/jobs",):
        assert whole.json() != limited.json()
