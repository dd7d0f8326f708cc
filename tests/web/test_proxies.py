"""Proxies that are asked of the server: never made in the request, told while they are made."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import TypeAdapter
from standing_still import PATIENCE_S, halfway
from starlette.testclient import TestClient
from web_media import film, sound, still
from web_stock import calling, serving

from catalog import Catalog
from catalog.client import Client
from catalog.domain import wire
from catalog.ingest import proxies as catalog_proxies
from catalog.web import create_app
from catalog.web.proxies import ProxyMaker

V1 = "/api/v1"


@pytest.fixture
def asset(catalog: Catalog, tmp_path: Path) -> int:
    catalog.ingest(film(tmp_path / "media" / "film.mp4", ["red", "blue", "green"], mark=1))
    return int(catalog.assets()["assets"][0]["id"])


def ended(client: TestClient, asset: int, kind: str = "proxy") -> dict:
    """Where it stands when it is over."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        told = client.get(f"{V1}/assets/{asset}/renditions/{kind}").json()
        if told["state"] not in ("due", "running"):
            return told
    raise AssertionError(f"it has not ended: {told}")


def test_it_is_made_after_the_answer_and_told_meanwhile(client: TestClient, asset: int) -> None:
    url = f"{V1}/assets/{asset}/renditions/proxy"
    assert client.get(url).json()["state"] == "none"
    with halfway() as proxy:
        answer = client.post(url)
        assert (answer.status_code, answer.headers["location"]) == (202, url)
        told = TypeAdapter(wire.ProxyStatus).validate_python(answer.json())
        assert told["state"] in ("due", "running")
        assert (told["where"], told["url"]) == ("here", None)
        proxy.wait()
        told = client.get(told["look"]).json()
        assert told["state"] == "running"
        assert 0 < told["progress"] < 1
        [job] = client.get(f"{V1}/jobs").json()["jobs"]
        assert job["progress"] == told["progress"]
        page = client.get(f"/assets/{asset}?part=live").text
        assert f'value="{told["progress"]}"' in page
        assert f"{100 * told['progress']:.0f} %" in page
        assert client.post(url).json()["state"] == "running", "asked for again, it goes on"
        assert client.post(f"/assets/{asset}/proxy").status_code == 303
        proxy.go.set()
        told = ended(client, asset)
    assert (told["state"], told["attempts"], told["progress"]) == ("done", 1, None)
    assert client.get(told["url"]).headers["content-type"] == "video/mp4"


def test_one_that_is_there_stays_unless_another_is_asked_for(
    client: TestClient, catalog: Catalog, asset: int
) -> None:
    catalog.proxy([asset])
    url = f"{V1}/assets/{asset}/renditions/proxy"
    assert client.post(url).json()["state"] == "done"
    assert client.post(f"/assets/{asset}/proxy").status_code == 303
    with halfway() as proxy:
        told = client.post(url, params={"anew": True}).json()
        proxy.wait()
        assert told["made"], "the earlier one plays until then"
        proxy.go.set()
        assert ended(client, asset)["attempts"] == 2


def test_what_fails_says_why_and_may_be_asked_for_again(
    client: TestClient, asset: int, tmp_path: Path
) -> None:
    file = tmp_path / "media" / "film.mp4"
    away = file.rename(tmp_path / "away.mp4")
    url = f"{V1}/assets/{asset}/renditions/proxy"
    client.post(url)
    told = ended(client, asset)
    assert (told["state"], told["error"]["code"], told["made"]) == ("failed", "unreadable", False)
    page = client.get(f"/assets/{asset}").text
    assert told["error"]["message"].split(";")[0] in page
    away.rename(file)
    assert client.post(url).json()["error"] is None
    assert ended(client, asset)["state"] == "done"


def test_a_waveform_is_drawn_after_the_answer_and_told_meanwhile(
    client: TestClient, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.ingest(sound(tmp_path / "media" / "tone.wav"))
    asset = int(catalog.assets()["assets"][0]["id"])
    url = f"{V1}/assets/{asset}/renditions/waveform"
    assert client.post(url).json()["state"] == "done", "sounds have theirs"
    reached, go = threading.Event(), threading.Event()
    draw = catalog_proxies.outline_of

    def slowly(*given: Any, progress: Any, **options: Any) -> object:
        progress(0.1)
        reached.set()
        go.wait(30)
        return draw(*given, progress=progress, **options)

    monkeypatch.setattr(catalog_proxies, "outline_of", slowly)
    answer = client.post(url, params={"anew": True})
    assert (answer.status_code, answer.headers["location"]) == (202, url)
    assert reached.wait(PATIENCE_S)
    told = TypeAdapter(wire.ProxyStatus).validate_python(client.get(url).json())
    assert (told["state"], told["made"]) == ("running", True)
    assert 0 < told["progress"] < 1
    assert client.post(url, params={"anew": True}).json()["attempts"] == 1, "it goes on"
    go.set()
    told = ended(client, asset, "waveform")
    assert (told["state"], told["url"]) == ("done", f"{V1}/assets/{asset}/waveform.png")

    (tmp_path / "media" / "tone.wav").unlink()
    client.post(url, params={"anew": True})
    told = ended(client, asset, "waveform")
    assert (told["state"], told["error"]["code"]) == ("failed", "unreadable")
    assert client.get(f"{V1}/assets/999999/renditions/waveform").status_code == 404


def test_a_still_and_nothing_have_none(
    client: TestClient, catalog: Catalog, tmp_path: Path
) -> None:
    catalog.ingest(still(tmp_path / "photo.png", "red", mark=3))
    photo = catalog.assets()["assets"][0]["id"]
    assert client.post(f"{V1}/assets/{photo}/renditions/proxy").status_code == 422
    assert client.post(f"/assets/{photo}/proxy").status_code == 422
    assert client.get(f"{V1}/assets/999999/renditions/proxy").status_code == 404


def test_while_the_service_is_paused_it_waits(
    client: TestClient, catalog: Catalog, asset: int
) -> None:
    catalog.pause("lunch")
    told = client.post(f"{V1}/assets/{asset}/renditions/proxy").json()
    assert told["state"] == "due"
    assert catalog.due_proxies() == []
    catalog.resume()
    client.post(f"{V1}/assets/{asset}/renditions/proxy")
    assert ended(client, asset)["state"] == "done"


def test_a_pause_holds_from_the_next_proxy_on() -> None:
    class Stock:
        """Two are due; while the first is made somebody pauses the service."""

        def __init__(self) -> None:
            self.made: list[int] = []
            self.rounds = 0

        def due_proxies(self) -> list[int]:
            maker.look()  # nobody waits for the next round
            self.rounds += 1
            if self.rounds == 1:
                return [1, 2]
            stopping.set()
            return []

        def may_work(self) -> bool:
            return not self.made

        def make_due_proxy(self, asset: int, _: object) -> None:
            self.made.append(asset)

    stock, stopping = Stock(), threading.Event()
    maker = ProxyMaker(cast("Catalog", stock), stopping)
    maker._run()
    assert (stock.made, stock.rounds) == ([1], 2)


def test_a_server_that_ends_in_the_middle_leaves_it_to_the_next(
    catalog: Catalog, asset: int
) -> None:
    url = f"{V1}/assets/{asset}/renditions/proxy"
    with halfway() as proxy, calling(create_app(catalog)) as first:
        first.post(url)
        proxy.wait()
        first.app.state.stopping.set()
        proxy.go.set()
    assert (catalog.proxy_status(asset)["state"], catalog.proxy_status(asset)["made"]) == (
        "due",
        False,
    )
    assert not list(catalog.store.root.rglob(".part-*"))
    with calling(create_app(catalog)) as second:
        assert ended(second, asset)["state"] == "done", "nobody had to ask again"


def test_its_asset_is_removed_in_the_middle(
    client: TestClient, catalog: Catalog, asset: int
) -> None:
    with halfway() as proxy:
        client.post(f"{V1}/assets/{asset}/renditions/proxy")
        proxy.wait()
        assert client.delete(f"{V1}/assets/{asset}").status_code == 200
        proxy.go.set()
        client.app.state.stopping.set()
        client.app.state.proxies.close()
    assert [each for each in catalog.store.root.rglob("*") if each.is_file()] == []


def test_the_client_asks_and_looks(catalog: Catalog, asset: int) -> None:
    with serving(catalog) as url, Client(url) as remote:
        assert remote.request_proxy(asset)["asset"] == asset
        deadline = time.monotonic() + PATIENCE_S
        while remote.proxy_status(asset)["state"] != "done" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert remote.request_proxy(asset)["url"] == f"{V1}/assets/{asset}/proxy.mp4"


def test_two_who_ask_each_get_their_own_made(
    client: TestClient, catalog: Catalog, asset: int, tmp_path: Path
) -> None:
    catalog.ingest(film(tmp_path / "media" / "other.mp4", ["blue"], mark=2))
    ids = [row["id"] for row in catalog.assets()["assets"]]
    for each in ids:
        client.post(f"{V1}/assets/{each}/renditions/proxy")
    assert [ended(client, each)["state"] for each in ids] == ["done", "done"]
