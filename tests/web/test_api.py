"""What the API answers: searches, pages, files in part, bins, marks, bulk, and writes done once."""

from __future__ import annotations

import io
import shutil
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter
from sqlalchemy import text
from starlette.testclient import TestClient
from web_media import film, still
from web_stock import Stock

from catalog.domain import wire
from catalog.encoders.null import COLOURS

V1 = "/api/v1"


def ok(answer: Any, shape: Any = None, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    body = answer.json()
    if shape is not None:
        TypeAdapter(shape).validate_python(body, strict=True)
    return body


def code(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    error = TypeAdapter(wire.ErrorAnswer).validate_python(answer.json(), strict=True)["error"]
    assert error["message"]
    assert error["remedy"]
    return str(error["code"])


def picture_of(colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), COLOURS[colour]).save(content, "PNG")
    return content.getvalue()


# --- searching ------------------------------------------------------------------------------


def test_a_search_gives_addresses_and_pages(local: TestClient, stock: Stock):
    first = ok(local.get(f"{V1}/search", params={"q": "red", "limit": 1}), wire.SearchAnswer)
    assert len(first["hits"]) == 1
    frame = first["hits"][0]["frame"]
    assert frame["picture"] == f"{V1}/frames/{frame['id']}/picture"
    shown = local.get(frame["picture"])
    assert Image.open(io.BytesIO(shown.content)).size[0] > 0
    seen, cursor = [first["hits"][0]["clip"]["id"]], first["next"]
    while cursor is not None:
        page = ok(local.get(f"{V1}/search", params={"q": "red", "limit": 1, "after": cursor}))
        seen += [hit["clip"]["id"] for hit in page["hits"]]
        cursor = page["next"]
    whole = ok(local.post(f"{V1}/search", json={"q": "red"}))
    assert seen == [hit["clip"]["id"] for hit in whole["hits"]]
    assert len(seen) == len(set(seen)) > 1
    assert str(stock.catalog.settings.home) not in str(whole)


@pytest.mark.parametrize("cursor", ["x", "", "\N{SNOWMAN}", "a" * 4000, "1:2", "null"])
def test_cursors_that_are_none_are_refused(local: TestClient, cursor: str):
    for path, params in (("/search", {"q": "red"}), ("/assets", {"q": ""})):
        answer = local.get(V1 + path, params={**params, "after": cursor})
        if (path, cursor) != ("/assets", "1:2"):
            assert code(answer, 422) == "invalid_input"


def test_an_error_of_a_query_points_at_its_place(local: TestClient):
    error = local.get(f"{V1}/search", params={"q": "kind:vdeo"}).json()["error"]
    assert error["code"] == "invalid_query"
    assert error["details"]["position"] >= 0


def test_searching_by_pictures(local: TestClient, stock: Stock):
    files = {"image": ("blue.png", picture_of("blue"), "image/png")}
    found = ok(local.post(f"{V1}/search/image", files=files, data={"limit": "1"}))
    assert found["hits"][0]["asset"]["id"] == stock.news
    assert found["hits"][0]["clip"]["start"] > 0.5


def test_like_then_and_explain(local: TestClient, stock: Stock):
    params = {"like": f"clip:{stock.clip}", "limit": 1}
    like = ok(local.get(f"{V1}/search", params=params), wire.SearchAnswer)
    assert like["hits"][0]["asset"]["id"] == stock.secret
    pair = ok(local.post(f"{V1}/search", json={"q": "red", "then": "blue", "within": "5s"}))
    assert pair["hits"][0]["then"]["frame"]["picture"].startswith(V1)
    told = ok(local.get(f"{V1}/search", params={"q": "kind:video", "explain": "true"}))
    assert "SELECT" in str(told["explanation"])


def test_completion(local: TestClient):
    names = {field["name"] for field in ok(local.get(f"{V1}/fields"))["fields"]}
    assert {"collection", "tag", "recorded", "meta.KEY"} <= names
    params = {"prefix": "ne"}
    values = ok(local.get(f"{V1}/fields/collection/values", params=params), wire.FacetsAnswer)
    assert [v["value"] for v in values["facets"]["collection"]["values"]] == ["News"]
    assert code(local.get(f"{V1}/fields/nonsense/values"), 422) == "invalid_input"


# --- assets ---------------------------------------------------------------------------------


def test_assets_are_listed_and_shown(local: TestClient, stock: Stock):
    page = ok(local.get(f"{V1}/assets", params={"limit": 2}), wire.AssetsAnswer)
    rest = ok(local.get(f"{V1}/assets", params={"after": page["next"]}), wire.AssetsAnswer)
    assert len({asset["id"] for asset in page["assets"] + rest["assets"]}) == 4
    asset = ok(local.get(f"{V1}/assets/{stock.news}"), wire.Asset)
    made = {each["kind"]: each["url"] for each in asset["renditions"]}
    assert made["proxy"] == f"{V1}/assets/{stock.news}/proxy.mp4"
    assert all(local.get(url).status_code == 200 for url in made.values())
    assert ok(local.get(f"{V1}/assets/{stock.news}/locations"))["locations"]
    assert ok(local.get(f"{V1}/assets/{stock.news}/versions"))["versions"]
    assert code(local.get(f"{V1}/assets/999999"), 404) == "not_found"
    assert code(local.get(f"{V1}/assets/harbour.mp4"), 422) == "invalid_input"


def test_what_people_write_has_a_history(local: TestClient, stock: Stock):
    url = f"{V1}/assets/{stock.sound}"
    for title in ("first", "second"):
        ok(local.patch(url, json={"title": title, "tags_add": ["t"]}), wire.Changed)
    assert ok(local.get(url))["title"] == "second"
    history = ok(local.get(f"{url}/history"), wire.AuditAnswer)["entries"]
    edits = [each for each in history if each["action"] == "edit"]
    assert edits[0]["details"] == {"before": {"title": "first"}, "now": {"title": "second"}}
    assert all(stock.sound in each["asset_ids"] for each in history)
    ok(local.patch(url, json={"title": None, "tags_remove": ["t"]}))
    assert ok(local.get(url))["title"] is None
    assert code(local.patch(url, json={}), 422) == "invalid_input"
    assert code(local.patch(url, json={"name": "x"}), 422) == "invalid_input"
    ok(local.put(f"{url}/tags/a b"))
    assert "a b" in ok(local.get(url))["tags"]
    ok(local.delete(f"{url}/tags/A B"))
    assert "a b" not in ok(local.get(url))["tags"]


def test_in_bulk_all_or_none(local: TestClient, stock: Stock):
    both = [stock.hostile, stock.sound]
    ok(local.patch(f"{V1}/assets", json={"assets": both, "tags_add": ["bulk"]}), wire.Changed)
    tagged = ok(local.get(f"{V1}/assets", params={"q": "tag:bulk"}))["assets"]
    assert {asset["id"] for asset in tagged} == set(both)
    wrong = {"assets": [stock.sound, 999_999], "description": "x"}
    assert code(local.patch(f"{V1}/assets", json=wrong), 404) == "not_found"
    assert ok(local.get(f"{V1}/assets/{stock.sound}"))["description"] is None
    ok(local.patch(f"{V1}/assets", json={"assets": both, "tags_remove": ["bulk"]}))
    too_many = {"assets": list(range(1, 1002)), "title": "x"}
    assert code(local.patch(f"{V1}/assets", json=too_many), 422) == "invalid_input"


def test_a_limited_editor_puts_nothing_out_of_sight(as_role: dict[str, TestClient], stock: Stock):
    url = f"{V1}/assets/{stock.sound}"
    for collection in ("Secret", None):
        answer = as_role["news_editor"].patch(url, json={"collection": collection})
        assert code(answer, 403) == "forbidden"
    ok(as_role["news_editor"].patch(url, json={"collection": "news"}))
    ok(as_role["news_editor"].patch(url, json={"collection": "News"}))


# --- clips and bins -------------------------------------------------------------------------


def test_marks_by_seconds_and_by_timecode(local: TestClient, stock: Stock):
    url = f"{V1}/assets/{stock.news}/clips"
    body = {"start": 0.2, "end": "10:00:01:05", "name": "the quay"}
    made = ok(local.post(url, json=body), wire.Clip, 201)
    assert (made["start"], made["end"]) == (0.2, 1.2)
    assert made["timecode_in"] == "10:00:00:05"
    found = ok(local.get(f"{V1}/search", params={"q": '"the quay"'}))["hits"]
    assert {hit["asset"]["id"] for hit in found} == {stock.news}
    clip = f"{V1}/clips/{made['id']}"
    changed = ok(local.patch(clip, json={"end": 1.4}), wire.Clip)
    assert (changed["end"], changed["text"]) == (1.4, "the quay")
    assert ok(local.get(clip), wire.Clip)["picture"].endswith("/picture")
    several = ok(local.get(f"{V1}/clips", params={"id": [made["id"], stock.clip, 999_999]}))
    assert [each["id"] for each in several["clips"]] == [made["id"], stock.clip]
    for start, end in ((1, 1), (-1, 1), (0, 99), ("nonsense", 1), ("10:00:00;00", 1)):
        answer = local.post(url, json={"start": start, "end": end})
        assert code(answer, 422) == "invalid_input"
    assert code(local.patch(f"{V1}/clips/{stock.clip}", json={"name": "x"}), 422)
    assert ok(local.delete(clip))["assets"] == [stock.news]
    assert code(local.get(clip), 404) == "not_found"


def test_a_bin_from_making_to_forgetting(local: TestClient, stock: Stock):
    first = ok(local.post(f"{V1}/bins", json={"name": "Opening"}), wire.Bin, 201)
    url = f"{V1}/bins/{first['id']}"
    assert code(local.post(f"{V1}/bins", json={"name": " Opening "}), 409) == "conflict"
    add = {"items": [{"clip": stock.clip, "note": "wide"}], "search": {"q": "red", "limit": 2}}
    items = ok(local.post(f"{url}/items", json=add), status=201)["items"]
    assert len(items) == 3
    moved = ok(local.post(f"{url}/items/move", json={"items": items[:0:-1], "before": items[0]}))
    TypeAdapter(wire.Bin).validate_python(moved, strict=True)
    order = [item["id"] for item in moved["items"]]
    assert order == [items[2], items[1], items[0]]
    assert [item["position"] for item in moved["items"]] == [0, 1, 2]
    page = ok(local.get(url, params={"limit": 2}))
    rest = ok(local.get(url, params={"limit": 2, "after": page["next"]}))
    assert [item["id"] for item in page["items"] + rest["items"]] == order
    noted = ok(local.patch(f"{url}/items/{items[1]}", json={"note": "second\nline"}))
    assert next(i for i in noted["items"] if i["id"] == items[1])["note"] == "second\nline"
    left = ok(local.delete(f"{url}/items/{items[2]}"))
    assert [item["id"] for item in left["items"]] == [items[1], items[0]]
    assert ok(local.patch(url, json={"name": "Closing", "note": "x"}))["name"] == "Closing"
    listed = ok(local.get(f"{V1}/bins"))["bins"]
    TypeAdapter(list[wire.BinEntry]).validate_python(listed, strict=True)
    assert next(b for b in listed if b["id"] == first["id"])["items"] == 2
    assert code(local.post(f"{url}/items/remove", json={"items": [items[2]]}), 404)
    ok(local.post(f"{url}/items/remove", json={"items": items[:2]}))
    assert ok(local.delete(url)) == {"bin": first["id"]}
    assert code(local.get(url), 404) == "not_found"


def test_items_of_a_bin_outlive_a_new_analysis(local: TestClient, stock: Stock):
    path = film(stock.folder / "again" / "again.mp4", ["green", "red"], mark=9)
    stock.catalog.ingest(path)
    shots = ok(local.get(f"{V1}/search", params={"q": "name:again.mp4"}))["hits"]
    asset, clip = shots[0]["asset"]["id"], shots[-1]["clip"]
    items = [{"clip": clip["id"], "note": "keep"}]
    made = ok(local.post(f"{V1}/bins", json={"name": "kept", "items": items}), status=201)
    with stock.catalog.database.session() as session:
        due = text("UPDATE catalog.stage SET state = 'due' WHERE asset_id = :asset")
        session.execute(due, {"asset": asset})
    assert stock.catalog.analyse(asset) is not None
    kept = ok(local.get(f"{V1}/bins/{made['id']}"))["items"]
    assert [(each["id"], each["note"]) for each in kept] == [(made["items"][0]["id"], "keep")]
    assert kept[0]["clip"]["id"] != clip["id"]
    assert kept[0]["clip"]["start"] == clip["start"]
    ok(local.delete(f"{V1}/bins/{made['id']}"))
    ok(local.delete(f"{V1}/assets/{asset}"))
    shutil.rmtree(path.parent)


def test_bins_show_each_what_they_may_see(as_role: dict[str, TestClient], stock: Stock):
    body = {
        "name": "mixed",
        "items": [{"clip": stock.clip}, {"clip": stock.secret_clip, "note": "hush"}],
    }
    made = ok(as_role["editor"].post(f"{V1}/bins", json=body), wire.Bin, 201)
    url, limited = f"{V1}/bins/{made['id']}", as_role["news_editor"]
    seen = limited.get(url)
    assert [item["clip"]["id"] for item in ok(seen)["items"]] == [stock.clip]
    assert "hush" not in seen.text
    assert (
        next(b for b in ok(limited.get(f"{V1}/bins"))["bins"] if b["name"] == "mixed")["items"] == 1
    )
    hidden = made["items"][1]["id"]
    assert code(limited.delete(f"{url}/items/{hidden}"), 404) == "not_found"
    add = {"items": [{"clip": stock.secret_clip}]}
    assert code(limited.post(f"{url}/items", json=add), 404) == "not_found"
    assert code(limited.delete(url), 403) == "forbidden"
    ok(as_role["editor"].delete(url))


# --- files ----------------------------------------------------------------------------------


def test_pictures_are_kept_for_good_and_asked_for_once(local: TestClient, stock: Stock):
    url = f"{V1}/frames/{stock.frame}/picture"
    shown = local.get(url)
    assert shown.headers["content-type"] == "image/jpeg"
    assert "immutable" in shown.headers["cache-control"]
    assert "sandbox" in shown.headers["content-security-policy"]
    for tag in (shown.headers["etag"], f'"other", W/{shown.headers["etag"]}'):
        again = local.get(url, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    assert local.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    head = local.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == shown.headers["content-length"]


def test_parts_of_files(local: TestClient, stock: Stock):
    url = f"{V1}/assets/{stock.news}/original"
    content = (stock.folder / "news" / "harbour.mp4").read_bytes()
    whole = local.get(url)
    assert whole.content == content
    assert whole.headers["accept-ranges"] == "bytes"
    parts = {
        "bytes=0-9": content[:10],
        "bytes=10-": content[10:],
        "bytes=-5": content[-5:],
        f"bytes=5-{len(content) * 2}": content[5:],
    }
    for asked, wanted in parts.items():
        part = local.get(url, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, wanted), asked
        assert part.headers["content-range"].endswith(f"/{len(content)}")
    several = local.get(url, headers={"Range": "bytes=0-1,4-5"})
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges")
    for asked in (f"bytes={len(content)}-", "bytes=-0", "bytes=9-3"):
        outside = local.get(url, headers={"Range": asked})
        assert code(outside, 416) == "range_not_satisfiable"
        assert outside.headers["content-range"] == f"bytes */{len(content)}"
    for asked in ("bytes", "lines=1-2", "bytes=x-y", "bytes=0-1;drop"):
        assert local.get(url, headers={"Range": asked}).content == content, asked


def test_a_part_of_what_has_changed_is_all_of_it(local: TestClient, stock: Stock):
    url = f"{V1}/assets/{stock.news}/proxy.mp4"
    whole = local.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    held = {"Range": "bytes=0-3", "If-Range": whole.headers["etag"]}
    assert local.get(url, headers=held).status_code == 206
    changed = {"Range": "bytes=0-3", "If-Range": '"other"'}
    assert local.get(url, headers=changed).content == whole.content
    far = {"Range": "bytes=999999999-", "If-Range": '"other"'}
    assert local.get(url, headers=far).content == whole.content


def test_what_was_not_made_is_not_there(local: TestClient, stock: Stock):
    assert code(local.get(f"{V1}/assets/{stock.hostile}/proxy.mp4"), 404) == "not_found"
    assert code(local.post(f"{V1}/assets/{stock.hostile}/renditions/nothing"), 422)


# --- writes done once -----------------------------------------------------------------------


def test_a_write_with_a_key_is_done_once(local: TestClient):
    key = {"Idempotency-Key": "a-bin-of-mine"}
    first = local.post(f"{V1}/bins", json={"name": "once"}, headers=key)
    again = local.post(f"{V1}/bins", json={"name": "once"}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = local.post(f"{V1}/bins", json={"name": "other"}, headers=key)
    assert code(other, 409) == "conflict"
    assert code(local.post(f"{V1}/bins", json={"name": "once"}), 409) == "conflict"
    ok(local.delete(f"{V1}/bins/{first.json()['id']}"))


def test_a_key_of_what_failed_may_be_used_again(local: TestClient):
    key = {"Idempotency-Key": "failed first"}
    assert code(local.post(f"{V1}/bins", json={"name": ""}, headers=key), 422)
    made = ok(local.post(f"{V1}/bins", json={"name": "then"}, headers=key), status=201)
    ok(local.delete(f"{V1}/bins/{made['id']}"))
    wrong = {"Idempotency-Key": "x" * 201}
    assert code(local.post(f"{V1}/bins", json={"name": "y"}, headers=wrong), 422)


def test_keys_are_each_asker_s_own(as_role: dict[str, TestClient]):
    key = {"Idempotency-Key": "shared"}
    made = [
        ok(as_role[role].post(f"{V1}/bins", json={"name": role}, headers=key), status=201)
        for role in ("editor", "admin")
    ]
    assert made[0]["id"] != made[1]["id"]
    for each in made:
        ok(as_role["admin"].delete(f"{V1}/bins/{each['id']}"))


def test_a_key_that_is_being_worked_on_is_told_so(stock: Stock):
    from catalog.errors import BeingDoneError

    verbs = stock.catalog.token
    assert verbs.claim_write("p", "k", "r") is None
    with pytest.raises(BeingDoneError):
        verbs.claim_write("p", "k", "r")
    verbs.answered("p", "k", 200, "{}")
    assert verbs.claim_write("p", "k", "r") == (200, "{}")
    verbs.give_up("p", "k")


# --- ingest ---------------------------------------------------------------------------------


def test_a_file_is_entered_and_forgotten(local: TestClient, stock: Stock):
    path = still(stock.folder / "extra" / "new.png", "green", mark=77)
    found = ok(local.post(f"{V1}/register", json={"path": str(path)}), wire.Registered, 201)
    assert found["new"] is True
    assert ok(local.delete(f"{V1}/assets/{found['asset']}"), wire.Changed)["assets"]
    shutil.rmtree(path.parent)


def test_roots_are_entered_set_watched_and_forgotten(local: TestClient, stock: Stock):
    folder = stock.folder / "inner"
    folder.mkdir()
    made = ok(local.post(f"{V1}/roots", json={"path": str(folder), "min_shot": 2}), status=201)
    url = f"{V1}/roots/{made['id']}"
    assert ok(local.patch(url, json={"unset": ["min_shot"], "proxy": "never"}))["proxy"] == "never"
    watched = ok(local.put(f"{url}/watch", json={"collection": "Incoming"}))
    assert watched["watch"]["collection"] == "Incoming"
    assert ok(local.delete(f"{url}/watch"))["watched"] is False
    assert made["id"] in [root["id"] for root in ok(local.get(f"{V1}/roots"))["roots"]]
    ok(local.delete(url))
    assert code(local.delete(url), 404) == "not_found"


def test_the_service_s_own(local: TestClient):
    assert ok(local.post(f"{V1}/service/pause", json={"reason": "lunch"}))["by"].endswith("lunch")
    assert ok(local.post(f"{V1}/service/resume")) == {"resumed": True}
    assert ok(local.get(f"{V1}/jobs", params={"failed": "true"}))["jobs"] == []
    assert ok(local.get(f"{V1}/encoders"))["encoders"][0]["active"] is True
    assert local.get(f"{V1}/metrics").text.startswith("# HELP")
    assert {check["name"] for check in ok(local.get(f"{V1}/doctor"))["checks"]} >= {"database"}
    trail = ok(local.get(f"{V1}/audit", params={"limit": 1}), wire.AuditAnswer)
    older = ok(local.get(f"{V1}/audit", params={"limit": 1, "before": trail["next"]}))
    assert older["entries"][0]["id"] < trail["entries"][0]["id"]
    only = ok(local.get(f"{V1}/audit", params={"action": "pause"}))["entries"]
    assert {each["action"] for each in only} == {"pause"}
    assert only[0]["details"] == {"reason": "lunch"}
