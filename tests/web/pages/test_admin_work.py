"""What is begun from a page and seen through there: encoders, evaluations, logs."""

from __future__ import annotations

import re
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import SCREENS
from playwright.sync_api import Page, Route, expect

from catalog.teach import material

ALE = """Heading
FIELD_DELIM\tTABS
VIDEO_FORMAT\tPAL
FPS\t25

Column
Name\tSource File\tStart\tEnd

Data
The pilot\tharbour.mp4\t10:00:00:05\t10:00:01:00
<i>Nobody</i>\tnowhere.mp4\t10:00:00:00\t10:00:01:00
"""


def seen(page: Page, name: str) -> None:
    """Nobody is kept out of what is shown, and it holds at three widths."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]})
    serious = [v["id"] for v in found.response["violations"] if v["impact"] != "minor"]
    assert not serious, serious
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width in (390, 2560, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=SCREENS / f"{name}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_encoder_is_entered_filled_compared_and_removed(page: Page, library):
    page.goto("/admin/encoders")
    page.get_by_label("Encoder", exact=True).fill("null:32")
    page.get_by_role("button", name="Enter encoder").click()
    expect(page.locator("[data-state]")).to_have_text("done")
    page.get_by_role("link", name="Encoders", exact=True).first.click()
    row = page.locator("tr", has_text="null:32").first
    expect(row).to_contain_text("nobody is at it")
    seen(page, "filling")
    row.get_by_role("button", name="Fill here").click()
    expect(page.locator("[data-state]")).to_have_text("done")
    page.goto("/admin/encoders")
    expect(page.locator("tr", has_text="null:32").first).to_contain_text("complete")
    page.get_by_label("Queries").fill("red\nblue")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("[data-state]")).to_have_text("done")
    expect(page.locator("#compared tbody tr")).to_have_count(2)
    seen(page, "compared")
    page.goto("/admin/encoders")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("tr", has_text="null:32").first.get_by_role("button", name="Remove").click()
    expect(page.locator("table").first).not_to_contain_text("null:32")
    assert [each["name"] for each in library.encoder.list()] == ["null:64"]


def test_teaching_is_begun_from_the_page_and_broken_off(
    page: Page, library, monkeypatch: pytest.MonkeyPatch
):
    reached, go = threading.Event(), threading.Event()
    real = material.logged_material

    def held(*given: object, **named: object) -> object:
        reached.set()
        assert go.wait(240)
        return real(*given, **named)

    monkeypatch.setattr(material, "logged_material", held)
    library.encoder.add("demo")
    page.goto("/admin/encoders")
    page.get_by_text("Teach…", exact=True).click()
    page.get_by_label("Start from").select_option("demo")
    page.get_by_label("Name", exact=True).fill("harbour")
    page.get_by_label("Tags that say what is seen").fill("port, sea")
    seen(page, "teach")
    page.get_by_role("button", name="Teach", exact=True).click()
    expect(page.locator("[data-state]")).to_have_text("under way")
    assert reached.wait(240)
    seen(page, "teaching")
    page.get_by_role("button", name="Break off").click()
    expect(page.locator("[data-state]")).to_have_text("is being broken off")
    expect(page.get_by_role("button", name="Break off")).to_have_count(0)
    go.set()
    expect(page.locator("[data-state]")).to_have_text("broken off")
    expect(page.locator("#live p").first).to_contain_text(f"by {library.actor.name}")
    assert library.trainings() == []
    library.encoder.remove("demo")


def test_an_evaluation_is_begun_seen_through_and_its_report_opened(page: Page, library):
    page.goto("/admin/evaluations")
    page.get_by_label("Pictures at most").fill("4")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator("[data-state]")).to_have_text("done")
    expect(page.locator("table")).to_contain_text(re.compile(r"null:64.*R@1 [01]\.\d{3}"))
    seen(page, "evaluated")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open").click()
    report = opened.value
    # Only then: the popup begins as an empty page, which is loaded as well.
    expect(report.locator("h2", has_text="By language")).to_be_visible()
    report.wait_for_load_state()
    # Its own style holds and its pictures are there, and nothing in it may run.
    assert report.evaluate("getComputedStyle(document.body).fontFamily") != "serif"
    assert report.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert report.evaluate("self.origin") == "null"
    report.screenshot(path=SCREENS / "report-1440.png")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    assert waiting.value.suggested_filename.endswith(".html")
    page.goto("/admin/evaluations")
    page.get_by_role("button", name="Forget").click()
    expect(page.locator(".empty")).to_contain_text("Nothing was evaluated yet")
    assert library.evaluations() == []


def test_a_log_is_taken_in_and_taken_back(page: Page, library):
    page.goto("/bins")
    page.get_by_role("link", name="Logs").click()
    sent = {"name": "day 1.ale", "mimeType": "text/plain", "buffer": ALE.encode()}
    page.get_by_label("The log").set_input_files(sent)
    page.get_by_role("button", name="Take in").click()
    expect(page.get_by_role("status").first).to_contain_text("1 of 2 rows mean an asset")
    expect(page.locator("#unmatched")).to_contain_text("<i>Nobody</i>")
    expect(page.locator("#unmatched")).to_contain_text("nowhere.mp4")
    seen(page, "log")
    page.get_by_role("link", name="See these assets").click()
    expect(page.locator(".card").first).to_contain_text("harbour.mp4")
    page.goto("/logs")
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("main")).not_to_contain_text("day 1.ale")
    assert library.imported_logs() == []


def test_what_is_pressed_while_figures_come_is_not_replaced(page: Page, library):
    """Its click would be lost: the answer was asked for before somebody went to the button."""
    page.goto("/admin/encoders")
    held: list[Route] = []
    page.route("**/admin/encoders?part=live", lambda route: held.append(route))  # noqa: PLW0108  # it is marked
    with page.expect_request("**/admin/encoders?part=live"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    button = page.locator("#live button").first
    button.evaluate("button => { button.dataset.mine = ''; button.focus(); }")
    with page.expect_response("**/admin/encoders?part=live"):
        held[0].continue_()
    # One that nobody is about to press is.
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.locator("[data-mine]")).to_have_count(1)
    button.evaluate("button => button.blur()")
    page.unroute("**/admin/encoders?part=live")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-mine]")).to_have_count(0)
