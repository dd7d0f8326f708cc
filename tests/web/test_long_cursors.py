"""The longest cursors there are go wherever a cursor goes."""

from __future__ import annotations

import base64
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient
from web_stock import Stock, serving

from catalog.search.packing import pack
from catalog.store.search.passed import MOST, Passed
from catalog.web.pages import search as search_pages

V1 = "/api/v1"
BIG = 2**63 - 1


def test_the_longest_cursor_goes_through_addresses_bodies_and_headers(
    local: TestClient, stock: Stock, monkeypatch: pytest.MonkeyPatch
):
    asked = {"q": "red", "limit": 1}
    short = local.get(f"{V1}/search", params=asked).json()["next"]
    written = base64.urlsafe_b64decode(short + "=" * (-len(short) % 4))
    # Of films that are not there, none of them better in both than another.
    shown = [Passed((2 + n / 7, None, 90 - n / 7), BIG, BIG) for n in range(1, MOST + 1)]
    longest = base64.urlsafe_b64encode(written.partition(b"\0")[0] + b"\0" + pack(shown)).decode()
    longest = longest.rstrip("=")
    assert 3700 < len(longest) < 4000
    asked |= {"after": longest}
    got = local.get(f"{V1}/search", params=asked)
    posted = local.post(f"{V1}/search", json=asked)
    assert (got.status_code, posted.status_code) == (200, 200), got.text + posted.text
    got, posted = got.json(), posted.json()
    assert got["hits"] == posted["hits"]
    assert len(got["hits"]) == 1
    # The next one tells of what this page showed, too, and has no room for all of the others.
    assert 3700 < len(got["next"]) < 4000
    page = local.get(f"{V1}/search", params=asked | {"after": got["next"]}).json()
    assert page["hits"]
    assert page["hits"][0]["clip"]["id"] != got["hits"][0]["clip"]["id"]
    monkeypatch.setattr(search_pages, "FURTHER", 1)
    with serving(stock.catalog) as url:
        after = longest
        for _ in range(2):
            params = urlencode({"q": "red", "part": "cards", "after": after})
            with urlopen(f"{url}?{params}") as cards:
                assert 'class="card' in cards.read().decode()
                after = cards.headers["X-Next"]
            assert 3700 < len(after) < 4000
