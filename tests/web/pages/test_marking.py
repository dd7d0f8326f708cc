"""What is marked in the player is what goes into a bin, and what the bin shows and plays."""

from __future__ import annotations

from pathlib import Path

from library import film
from playwright.sync_api import Page, expect

from catalog import Catalog


def watch(page: Page, library: Catalog) -> int:
    """The blue shot, in the player, marked from its sixth picture to its ninth; its clip."""
    blue = library.search("blue name:harbour.mp4").hits[0].clip["id"]
    page.goto(f"/?q=name:harbour.mp4&shot={blue}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    expect(page.locator("#clock")).to_have_text("10:00:02:00")
    for _ in range(5):
        page.keyboard.press(".")
    page.keyboard.press("i")
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press("o")
    expect(page.locator("#mark-out")).to_have_text("10:00:02:09")
    return int(blue)


def put(page: Page, title: str, name: str) -> None:
    """Answer the dialogue with the name of a new bin."""
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(title)
    dialog.get_by_label("Name of the bin").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts a", has_text=name)).to_be_visible()


def test_marks_go_into_the_bin_which_shows_and_plays_them(page: Page, library: Catalog):
    blue = watch(page, library)
    page.keyboard.press("b")
    put(page, "Add 10:00:02:05 – 10:00:02:09 to a bin", "Marked")
    [item] = library.bin.show("Marked")["items"]
    assert item["clip"]["id"] == blue
    assert (item["timecode_in"], item["timecode_out"]) == ("10:00:02:05", "10:00:02:09")

    page.locator("#toasts a", has_text="Marked").click()
    row = page.locator(".binned li")
    expect(row).to_contain_text("10:00:02:05 – 10:00:02:09")
    row.locator("[data-watch]").click()
    expect(page.locator("#clock")).to_have_text("10:00:02:05")
    expect(page.locator("#mark-out")).to_have_text("10:00:02:09")
    page.reload()
    expect(page.locator("#mark-in")).to_have_text("10:00:02:05")
    page.locator("#watch-add").click()
    expect(page.get_by_role("dialog").get_by_role("heading")).to_contain_text("10:00:02:05")
    page.keyboard.press("Escape")
    library.bin.delete("Marked")


def test_a_shot_that_is_not_marked_goes_whole_and_a_listed_one_as_itself(
    page: Page, library: Catalog
):
    blue = watch(page, library)
    page.locator("#shotlist li").nth(2).click()
    expect(page.locator("#mark-in")).to_have_text("10:00:04:00")
    page.locator("#watch-add").click()
    put(page, "Add 1 to a bin", "Whole")
    [item] = library.bin.show("Whole")["items"]
    assert item["clip"]["id"] != blue
    assert not item["trimmed"]
    assert item["timecode_in"] == "10:00:04:00"
    library.bin.delete("Whole")


def test_where_nothing_plays_no_button_pretends_to(page: Page, library: Catalog, tmp_path: Path):
    library.ingest(film(tmp_path / "mute.avi", ["green"]), collection="Tapes")
    [asset] = [row["id"] for row in library.assets("name:mute.avi")["assets"]]
    page.goto("/?q=name:mute.avi")
    page.locator(".card .pic").first.click()
    expect(page.locator("#make-proxy")).to_be_visible()
    for button in page.locator(".keys button").all():
        expect(button).to_be_disabled()
    expect(page.locator("#seek")).to_be_disabled()
    page.goto("about:blank")
    library.remove([asset])
