"""What administrators have the server do, over HTTP and from the pages: encoders, evaluations."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from web_media import still
from web_stock import calling, serving

from catalog import Catalog
from catalog.client import Client
from catalog.domain import wire_work
from catalog.encoders.null import NullEncoder
from catalog.encoders.teaching import Pupil
from catalog.errors import ConflictError
from catalog.ingest import encode
from catalog.ingest.register import Registrar
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
        assert client.train(encoder="null", name="x")["what"] == "train"
        assert client.trainings() == little.trainings()
        with pytest.raises(ConflictError):
            client.cancel(ran["id"])
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


# --- breaking off ---------------------------------------------------------------------------


class Held:
    """A method that waits, when it is first called, until it is let go."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        real: Callable[..., Any] = getattr(owner, name)

        def held(*given: Any, **named: Any) -> Any:
            self.reached.set()
            assert self.go.wait(240)
            return real(*given, **named)

        patch.setattr(owner, name, held)

    def cancelled(self, web: TestClient, path: str) -> dict:
        """Cancel when the work has come here, then let it go on."""
        assert self.reached.wait(240)
        told = web.post(f"{V1}{path}/cancel")
        again = web.post(f"{V1}{path}/cancel")
        assert told.status_code == again.status_code == 200, told.text
        assert told.json() == again.json()
        self.go.set()
        return told.json()


def test_filling_that_is_cancelled_keeps_what_it_had_and_goes_on_later(
    web: TestClient, little: Catalog, monkeypatch: pytest.MonkeyPatch
):
    asked(web, "/encoders", name="null:16")
    monkeypatch.setattr(encode, "CPU_BATCH", 1)
    held = Held(monkeypatch, NullEncoder, "encode_images")
    running = web.post(f"{V1}/encoders/activate", json={"name": "null:16"}).json()
    waiting = web.post(f"{V1}/encoders/compare", json={"one": "null", "other": "null:16"}).json()
    stopped = web.post(f"{V1}/errands/{waiting['id']}/cancel").json()
    assert (stopped["state"], stopped["stopped_by"]) == ("stopped", little.actor.name)
    assert "Break off" in web.get(f"/admin/errands/{running['id']}").text
    assert held.cancelled(web, f"/errands/{running['id']}")["state"] == "stopping"
    ended = done(web, running)
    assert (ended["state"], ended["stopped_by"]) == ("stopped", little.actor.name)
    assert (ended["error"], ended["report"]) == (None, None)
    assert done(web, waiting)["state"] == "stopped", "what was cancelled is not begun"
    page = web.get(f"/admin/errands/{running['id']}").text
    assert "broken off" in page
    assert "/cancel" not in page

    row = names(web)["null:16"]
    assert (row["vectors"], row["active"]) == (1, False)
    whole = row["vectors"] + row["missing"]
    assert whole > 1
    again = asked(web, "/encoders/backfill", name="null:16")
    assert again["report"]["encoded"] == {"null:16": whole - 1}
    late = web.post(f"{V1}/errands/{again['id']}/cancel")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert web.post(f"{V1}/errands/none/cancel").status_code == 404
    little.encoder.remove("null:16")


def test_an_ingest_that_is_cancelled_is_taken_up_again(
    web: TestClient, little: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    little.root.add(tmp_path)
    for mark, name in enumerate(("one", "two", "three"), 1):
        still(tmp_path / f"{name}.png", "green", mark=mark)
    sent = {"paths": [str(tmp_path)]}

    def ended(run: dict) -> dict:
        web.app.state.runs._thread.submit(int).result(240)
        return web.get(f"{V1}/ingests/{run['id']}").json()

    with monkeypatch.context() as patch:
        held = Held(patch, Registrar, "register")
        run = web.post(f"{V1}/ingests", json=sent).json()
        held.cancelled(web, f"/ingests/{run['id']}")
        assert ended(run)["state"] == "stopped"
    assert len(little.assets(f'path:"{tmp_path}"')["assets"]) == 1
    again = ended(web.post(f"{V1}/ingests", json=sent).json())
    assert again["state"] == "done", again
    assert again["report"]["ready"] == 3
    assert (again["report"]["registered"], again["report"]["known"]) == (2, 1)


# --- teaching -------------------------------------------------------------------------------

COLOURS = ["red", "green", "blue", "white", "yellow", "purple", "orange", "pink", "black", "grey"]


@pytest.fixture
def walls(little: Catalog, tmp_path: Path) -> dict[str, Any]:
    """What is sent to have the demonstration's encoder learn ten pictures, below a root."""
    rows = ["file,language,caption"]
    for at, colour in enumerate(COLOURS):
        Image.new("RGB", (96, 54), colour).save(tmp_path / f"{at}.png")
        rows.append(f"{at}.png,en,A {colour} wall")
    (tmp_path / "walls.csv").write_text("\n".join(rows))
    little.root.add(tmp_path)
    how = {"steps": 2, "alpha": 1.0, "library": 2}
    return {"dataset": str(tmp_path / "walls.csv"), "encoder": "demo", "name": "walls", **how}


def test_an_encoder_is_taught_and_its_report_opened_and_nothing_activated(
    web: TestClient, little: Catalog, walls: dict[str, Any]
):
    before = [name for name, row in names(web).items() if row["active"]]
    ran = asked(web, "/trainings", **walls)
    assert (ran["what"], ran["of"], ran["state"]) == ("train", "walls", "done"), ran["error"]
    assert ran["stages"]["teach"]["done"] == 2
    [entry] = web.get(f"{V1}/trainings").json()["trainings"]
    TypeAdapter(wire_work.TrainingEntry).validate_python(entry)
    assert (entry["id"], entry["parent"], entry["captions"]) == ("walls", "demo", 8)
    assert entry["encoder"] == ran["report"]["name"]
    assert entry["pages"] == ["training.html", "evaluation.html"]
    assert web.get(f"{V1}/trainings/walls").json()["weights"] == ran["report"]["weights"]
    for page in entry["pages"]:
        report = web.get(f"{V1}/trainings/walls/{page}")
        assert report.headers["content-type"].startswith("text/html")
        assert "sandbox" in report.headers["content-security-policy"]
    assert web.get(f"{V1}/trainings/walls/remembered.html").status_code == 404
    for path in (f"/admin/errands/{ran['id']}", "/admin/encoders"):
        assert 'href="/api/v1/trainings/walls/training.html"' in web.get(path).text
    told = little.audit(action="train")["entries"][0]
    assert (told["actor"], told["details"]) == (little.actor.name, {"encoder": entry["encoder"]})
    rows = names(web)
    assert [name for name, row in rows.items() if row["active"]] == before
    assert (rows[entry["encoder"]]["vectors"], rows[entry["encoder"]]["active"]) == (0, False)
    little.encoder.remove(entry["encoder"])


def test_teaching_that_is_cancelled_leaves_nothing(
    web: TestClient, little: Catalog, walls: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    rows, trainings = names(web), little.trainings()
    held = Held(monkeypatch, Pupil, "__init__")
    run = web.post(f"{V1}/trainings", json={**walls, "name": "half"}).json()
    assert held.cancelled(web, f"/errands/{run['id']}")["state"] == "stopping"
    assert done(web, run)["state"] == "stopped"
    folder = little.settings.home / "encoders"
    assert [each.name for each in folder.iterdir() if each.name != "walls"] == []
    assert (names(web), little.trainings()) == (rows, trainings)


@pytest.mark.parametrize("key", ["none", "..", ".training-x", "..%2f..%2fweb"])
def test_what_was_not_taught_here_is_not_found(web: TestClient, key: str):
    for path in (f"/trainings/{key}", f"/trainings/{key}/training.html"):
        assert web.get(V1 + path).status_code == 404


def test_a_form_has_an_encoder_taught(web: TestClient):
    form = {"encoder": "null", "name": "x", "tags": "windmill, mill\n sail ", "speech": ""}
    answer = web.post("/admin/encoders/train", data=form)
    assert answer.status_code == 303
    told = done(web, {"id": answer.headers["location"].rpartition("/")[2]})
    assert (told["what"], told["of"], told["state"]) == ("train", "x", "failed")
    assert "cannot learn" in told["error"]["message"] or "captions" in told["error"]["message"]
    beyond = web.post(f"{V1}/trainings", json={"dataset": "/etc/passwd"})
    assert beyond.status_code in (403, 404, 422), beyond.text
