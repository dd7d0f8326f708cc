"""What administrators have the server do, over HTTP and from the pages: encoders, evaluations."""

from __future__ import annotations

import re

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from web_stock import calling, serving

from catalog import Catalog
from catalog.client import Client
from catalog.domain import wire_work
from catalog.web import create_app

V1 = "/api/v1"


@pytest.fixture(scope="module")
def web(little: Catalog):
    with calling(create_app(little)) as client:
        yield client


def done(web: TestClient, errand: dict) -> dict:
    """The errand when it has ended: they are done one after the other, in one thread."""
    web.app.state.errands._thread.submit(int).result(240)
    return web.get(f"{V1}/errands/{errand['id']}").json()


def asked(web: TestClient, path: str, **body: object) -> dict:
    answer = web.post(V1 + path, json=body)
    assert answer.status_code == 202, answer.text
    return done(web, answer.json())


def names(web: TestClient) -> dict[str, dict]:
    return {each["name"]: each for each in web.get(f"{V1}/encoders").json()["encoders"]}


def test_an_encoder_comes_is_filled_compared_answers_and_goes(web: TestClient, little: Catalog):
    [before] = names(web)
    added = asked(web, "/encoders", name="null:32")
    assert (added["what"], added["of"], added["state"]) == ("add", "null:32", "done")
    assert names(web)["null:32"]["state"] == "filling"
    live = web.get("/admin/encoders?part=live").text
    assert "data-filling" in live
    assert "nobody is at it" in live
    filled = asked(web, "/encoders/backfill", name="null:32")
    count = names(web)["null:32"]["vectors"]
    assert filled["report"]["encoded"] == {"null:32": count}
    assert (count > 0, names(web)["null:32"]["missing"]) == (True, 0)
    compared = asked(web, "/encoders/compare", one=before, other="null:32", queries=["red"])
    assert compared["report"]["queries"][0]["query"] == "red"
    page = web.get(f"/admin/errands/{compared['id']}").text
    assert re.search(r'id="compared".*film\.mp4', page, re.DOTALL)
    assert asked(web, "/encoders/activate", name="null:32")["report"]["active"] is True
    assert names(web)["null:32"]["active"]
    assert asked(web, "/encoders/activate", name=before)["state"] == "done"
    assert web.post(f"{V1}/encoders/remove", json={"name": "null:32"}).json()["removed"] is True
    assert list(names(web)) == [before]
    kinds = [each["what"] for each in web.get(f"{V1}/errands").json()["errands"]]
    assert kinds == ["activate", "activate", "compare", "backfill", "add"]


def test_what_goes_wrong_is_told(web: TestClient):
    wrong = asked(web, "/encoders", name="none/such")
    assert wrong["state"] == "failed"
    assert wrong["error"]["code"] == "unknown_encoder"
    assert wrong["error"]["message"] in web.get(f"/admin/errands/{wrong['id']}").text.replace(
        "&#39;", "'"
    )
    assert web.get(f"{V1}/errands/none").status_code == 404
    assert web.post("/admin/encoders", data={"act": "remove", "name": "none"}).status_code == 404


def test_a_form_begins_an_errand_and_goes_to_it(web: TestClient):
    answer = web.post("/admin/encoders", data={"act": "backfill", "name": "null"})
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert "data-state" in web.get(where).text
    assert "<html" not in web.get(f"{where}?part=live").text
    done(web, {"id": where.rpartition("/")[2]})
    answer = web.post("/admin/encoders/compare", data={"one": "null", "other": "null"})
    told = done(web, {"id": answer.headers["location"].rpartition("/")[2]})
    assert "compared with itself" in told["error"]["message"]


def test_an_evaluation_is_kept_listed_opened_and_forgotten(web: TestClient, little: Catalog):
    ran = asked(web, "/evaluations", dataset="demo", limit=6, encoders=["null"], languages=["en"])
    assert ran["state"] == "done", ran["error"]
    kept = ran["report"]["kept"]
    [entry] = web.get(f"{V1}/evaluations").json()["evaluations"]
    assert (entry["id"], entry["pictures"], entry["by"]) == (kept, 6, little.actor.name)
    assert 0 <= entry["encoders"][0]["r1"]["value"] <= 1
    assert web.get(f"{V1}/evaluations/{kept}").json()["encoders"][0]["name"] == "null:64"
    report = web.get(f"{V1}/evaluations/{kept}/report.html")
    assert report.headers["content-type"].startswith("text/html")
    policy = report.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "<script" not in report.text
    for path in ("/admin/evaluations", f"/admin/errands/{ran['id']}"):
        assert f"/evaluations/{kept}/report.html" in web.get(path).text
    answer = web.post("/admin/evaluations", data={"act": "forget", "evaluation": kept})
    assert answer.status_code == 303
    assert web.get(f"{V1}/evaluations").json()["evaluations"] == []
    actions = [each["action"] for each in little.audit(limit=2)["entries"]]
    assert actions == ["evaluation.forget", "evaluate"]


def test_the_client_asks_for_errands(little: Catalog):
    with serving(little) as url, Client(url) as client:
        ran = client.evaluate("published", encoders=["ViT-B-32/openai"])
        while ran["state"] in ("waiting", "running"):
            ran = client.errand(ran["id"])
        [entry] = client.evaluations()
        assert entry["id"] == ran["report"]["kept"]
        TypeAdapter(wire_work.EvaluationEntry).validate_python(entry)
        TypeAdapter(wire_work.Errand).validate_python(ran)
        assert [each["active"] for each in client.encoders()] == [True]
        assert client.encoder_errand("backfill", name=None)["what"] == "backfill"
    little.forget_evaluation(entry["id"])


@pytest.mark.parametrize("key", ["none", "..%2f..%2fweb", "20260101-000000-00000000"])
def test_what_is_no_evaluation_is_not_found(web: TestClient, key: str):
    for path in (f"/evaluations/{key}", f"/evaluations/{key}/report.html"):
        assert web.get(V1 + path).status_code == 404
    assert web.delete(f"{V1}/evaluations/{key}").status_code == 404


def test_only_what_lies_below_a_root_is_measured(web: TestClient):
    answer = web.post(f"{V1}/evaluations", json={"dataset": "/etc/passwd"})
    assert answer.status_code in (403, 404, 422), answer.text
    assert web.get("/admin/evaluations").status_code == 200
