"""Logs that are sent: over HTTP, from the page, by the client; and what is refused."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from web_stock import Stock, calling

from catalog import Catalog
from catalog.client import Client
from catalog.web import create_app

LOGS = "/api/v1/logs"
HEAD = "Heading\nFIELD_DELIM\tTABS\nVIDEO_FORMAT\tPAL\nFPS\t25\n\nColumn\n"
COLUMNS = "Name\tSource File\tStart\tEnd\n\nData\n"
KNOWN = "the quay\tharbour.mp4\t10:00:00:05\t10:00:01:00\n"
STRANGER = "<b>nobody</b>\tnowhere.mp4\t10:00:00:00\t10:00:01:00\n"
HIDDEN = "behind the door\tsecretfilm.mp4\t00:00:00:00\t00:00:00:20\n"


def ale(*rows: str) -> bytes:
    return (HEAD + COLUMNS + "".join(rows)).encode()


def sent(name: str, content: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"file": (name, content, "application/octet-stream")}


@pytest.fixture
def editor(as_role: dict[str, TestClient], stock: Stock):
    yield as_role["editor"]
    for log in stock.catalog.imported_logs():
        stock.catalog.import_log(log["file"], remove=True)


def texts(stock: Stock, asset: int) -> list[str]:
    return [each["text"] for each in stock.catalog.show(asset)["clips"] if each["text"]]


def test_a_log_that_is_sent_is_taken_in_once_and_taken_back(editor: TestClient, stock: Stock):
    answer = editor.post(LOGS, files=sent("day 1.ale", ale(KNOWN, STRANGER)))
    report = answer.json()
    assert answer.status_code == 201, report
    assert (report["file"], report["kind"]) == ("day 1.ale", "ale")
    assert (report["rows"], report["matched"], report["assets"]) == (2, 1, [stock.news])
    [row] = report["unmatched"]
    assert (row["row"], row["text"]) == (2, "<b>nobody</b>")
    assert "nowhere.mp4" in row["reason"]
    assert texts(stock, stock.news) == ["the quay"]
    assert editor.post(LOGS, files=sent("day 1.ale", ale(KNOWN, STRANGER))).json()["changed"] == []
    [kept] = editor.get(LOGS).json()["logs"]
    assert (kept["name"], kept["assets"], kept["subclips"]) == ("day 1.ale", 1, 1)
    entry = stock.catalog.audit(stock.news, action="log.import")["entries"][0]
    assert entry["actor"] == "editor"
    gone = editor.post(f"{LOGS}/remove", json={"file": kept["file"]}).json()
    assert (gone["removed"], texts(stock, stock.news)) == (1, [])
    assert editor.get(LOGS).json()["logs"] == []


def test_another_log_of_that_name_takes_no_place_unasked(editor: TestClient, stock: Stock):
    editor.post(LOGS, files=sent("bin.ale", ale(KNOWN)))
    other = ale(KNOWN.replace("the quay", "the pier"))
    answer = editor.post(LOGS, files=sent("bin.ale", other))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert texts(stock, stock.news) == ["the quay"]
    report = editor.post(LOGS, files=sent("bin.ale", other), data={"replace": "true"}).json()
    assert (report["added"], report["removed"]) == (1, 1)
    assert texts(stock, stock.news) == ["the pier"]


def test_who_sees_a_part_logs_a_part(
    editor: TestClient, stock: Stock, as_role: dict[str, TestClient]
):
    limited = as_role["news_editor"]
    report = limited.post(LOGS, files=sent("all.ale", ale(KNOWN, HIDDEN))).json()
    assert (report["matched"], report["assets"]) == (1, [stock.news])
    reason = report["unmatched"][0]["reason"]
    assert reason == "no asset is called 'behind the door' or 'secretfilm.mp4'"
    assert texts(stock, stock.secret) == []
    # Somebody else's of the same name is another log.
    assert editor.post(LOGS, files=sent("all.ale", ale(HIDDEN))).json()["assets"] == [stock.secret]
    names = [log["assets"] for log in limited.get(LOGS).json()["logs"]]
    assert names == [1]


REFUSED = [
    ("picture.png", b"\x89PNG"),
    ("../../etc/passwd", b"x"),
    (".ale", b"x"),
    ("x" * 300 + ".ale", ale(KNOWN)),
    ("broken.otio", b"{"),
    ("bomb.fcpxml", b'<!DOCTYPE x [<!ENTITY a "aa">]><fcpxml>&a;</fcpxml>'),
    ("none.aaf", b"no AAF"),
]


@pytest.mark.parametrize(("name", "content"), REFUSED)
def test_what_is_no_log_is_refused(editor: TestClient, stock: Stock, name: str, content: bytes):
    answer = editor.post(LOGS, files=sent(name, content))
    told = answer.json()["error"]
    assert answer.status_code == 422, told
    assert str(stock.catalog.settings.home) not in answer.text
    assert told["remedy"]


def test_a_path_becomes_a_name(editor: TestClient):
    for name in ("..\\..\\day.ale", "/srv/logs/day.ale"):
        report = editor.post(LOGS, files=sent(name, ale(KNOWN)))
        assert report.json()["file"] == "day.ale"


def test_the_page_lists_rows_as_text(stock: Stock, editor: TestClient):
    with calling(create_app(stock.catalog)) as page:
        answer = page.post("/logs", files={"log": ("page.ale", ale(KNOWN, STRANGER))})
        assert answer.status_code == 200
        assert "&lt;b&gt;nobody" in answer.text
        assert "<b>nobody" not in answer.text
        again = page.post("/logs", files={"log": ("page.ale", ale(STRANGER))})
        assert again.status_code == 409
        assert "Give it another name" in again.text
        [kept] = stock.catalog.imported_logs()
        assert page.post("/logs/remove", data={"file": kept["file"]}).status_code == 303
    assert stock.catalog.imported_logs() == []


def test_the_client_sends_logs(catalog: Catalog, served: str, tmp_path):
    log = tmp_path / "day.ale"
    log.write_bytes(ale(STRANGER))
    with Client(served) as client:
        assert client.import_log(log)["matched"] == 0
        assert client.import_log("other.ale", ale(STRANGER), replace=True)["rows"] == 1
        assert client.logs() == []
