"""A script, tried as an editor would: planned, locked, made a bin, downloaded and opened again."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
from conftest import SCREENS
from playwright.sync_api import Page, expect

from catalog import Catalog

TEXT = (
    "The pilot boats leave the harbour in the red light of the morning.\n\n"
    "Over the blue water there is nobody.\n"
)


def test_from_a_script_to_a_file_that_an_editing_program_opens(
    page: Page, library: Catalog, tmp_path: Path
):
    page.goto("/")
    page.get_by_role("link", name="Script", exact=True).click()
    page.get_by_label("The story").fill(TEXT)
    page.get_by_role("button", name="Find shots").last.click()
    lines = page.locator(".scripted")
    expect(lines).to_have_count(2)
    said = lines.nth(0).get_by_role("region", name="A-roll")
    expect(said.locator(".saying").first).to_have_text("The pilot boats leave the harbour")
    shown = lines.nth(1).get_by_role("region", name="B-roll").locator(".proposal")
    second = shown.nth(1).locator(".name").inner_text(), shown.nth(1).locator(".tc").inner_text()
    shown.nth(1).get_by_role("button", name="Lock").click()
    first = page.locator(".scripted").nth(1).get_by_role("region", name="B-roll")
    locked = first.locator(".proposal").first
    expect(locked.get_by_role("button", name="Locked")).to_be_visible()
    assert (locked.locator(".name").inner_text(), locked.locator(".tc").inner_text()) == second
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        page.screenshot(path=SCREENS / f"script-{width}.png", full_page=True)
    page.get_by_label("Name of the bin").fill("Tonight")
    page.get_by_role("button", name="Make bin").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="OTIO").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    read = otio.adapters.read_from_file(str(path), "otio_json")
    tracks = {track.name: list(track.find_clips()) for track in read.tracks}
    # What says a line lies on V1 (and on A1, where it has sound), what shows it on V2 alone.
    assert {"V1", "V2"} <= tracks.keys()
    assert "A2" not in tracks
    assert tracks["V1"][0].markers[0].name.startswith("1. The pilot boats leave the harbour")
    assert {each.metadata["catalog"]["roll"] for each in tracks["V2"]} == {"B"}
    assert any(each.markers[0].name.startswith("2. Over the blue water") for each in tracks["V2"])
    library.bin.delete("Tonight")


def test_a_script_is_planned_without_javascript(browser, site: str):
    context = browser.new_context(java_script_enabled=False, base_url=site)
    page = context.new_page()
    page.goto("/script")
    page.get_by_label("The story").fill(TEXT)
    page.get_by_label("The story").press("Tab")
    page.locator(".options button").click()
    expect(page.locator(".scripted")).to_have_count(2)
    page.locator(".proposal").first.get_by_role("button").click()
    expect(page.locator(".proposal.locked")).to_have_count(1)
    context.close()
