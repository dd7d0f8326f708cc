"""docs/http-api.md: every request on the page is sent, and answered as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from web_stock import Stock, serving

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text(encoding="utf-8")
REQUESTS = re.findall(r"```http\n(.*?)\n```\n\nanswers `(\d+)`", PAGE, re.DOTALL)


def test_all_requests_of_the_page_are_found():
    assert len(REQUESTS) == PAGE.count("```http") > 8


@pytest.mark.parametrize(("request_", "status"), REQUESTS, ids=lambda part: part.split("\n")[0])
def test_the_page_s_requests(local: TestClient, stock: Stock, request_: str, status: str):
    names = {"asset": stock.news, "clip": stock.clip, "frame": stock.frame}
    names["folder"] = stock.folder / "news"  # type: ignore[assignment]
    for name, value in names.items():
        request_ = request_.replace(f"{{{name}}}", str(value))
    head, _, body = request_.partition("\n\n")
    first, *lines = head.split("\n")
    method, path = first.split(" ")
    headers = dict(line.split(": ") for line in lines)
    answer = local.request(method, path, content=body or None, headers=headers)
    assert answer.status_code == int(status), answer.text
    put_right(local, stock, answer.json() if "json" in answer.headers["content-type"] else {})


def put_right(local: TestClient, stock: Stock, body: dict) -> None:
    """What a request made is taken away again: other tests share the catalogue."""
    if body.get("name") == "Opening":
        local.delete(f"/api/v1/bins/{body['id']}")
    if body.get("text") == "the quay":
        local.delete(f"/api/v1/clips/{body['id']}")
    if "assets" in body and body["assets"] == [stock.news]:
        undo = {"title": None, "tags_remove": ["harbour"]}
        local.patch(f"/api/v1/assets/{stock.news}", json=undo)


def test_the_page_s_python(stock: Stock, capsys: pytest.CaptureFixture[str]):
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
    with serving(stock.catalog, auth=True) as url:
        mine = code.replace("http://127.0.0.1:8600", url).replace("cat_…", stock.tokens["editor"])
        exec(compile(mine, "http-api.md", "exec"), {})
    assert "harbour.mp4 10:00:00:00" in capsys.readouterr().out
    stock.catalog.bin.delete("Red")
