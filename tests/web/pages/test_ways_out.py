"""Where a search, or a small screen, shows nothing, the page shows the way on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from catalog import Catalog


def test_a_slip_in_a_field_is_put_right_by_one_click(page: Page):
    page.goto("/?q=blue+colection:News")
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.get_by_role("link", name="Search for blue collection:News").click()
    expect(page.locator("#q")).to_have_value("blue collection:News")
    expect(page.locator("#shots .card").first).to_be_visible()


def test_a_file_that_failed_is_not_lost_to_who_looks_for_it(page: Page, library: Catalog):
    page.goto("/?q=name:broken.mp4")
    empty = page.locator(".empty")
    expect(empty).to_contain_text("have no shots")
    expect(empty.locator("li")).to_have_text("broken.mp4 could not be analysed")
    empty.get_by_role("link", name="broken.mp4", exact=True).click()
    [asset] = library.assets("name:broken.mp4")["assets"]
    expect(page).to_have_url(f"/assets/{asset['id']}")


def test_nothing_of_that_name_is_still_nothing(page: Page):
    page.goto("/?q=name:nowhere.mp4")
    expect(page.locator(".empty")).to_contain_text("Filters and phrases must all hold")
    expect(page.locator(".empty li")).to_have_count(0)


@pytest.mark.parametrize("height", [844, 640])
def test_on_a_phone_the_film_is_in_view_and_one_comes_back_to_where_one_was(
    page: Page, height: int
):
    page.set_viewport_size({"width": 390, "height": height})
    page.goto("/?q=kind:still&sort=name")
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.mouse.wheel(0, 1500)
    page.wait_for_function("scrollY > 1000")
    card = page.locator("#shots .card:not(.hollow)").nth(8)
    card.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    name = card.locator(".name").inner_text()
    card.locator(".pic").click()
    expect(page.locator("#watch .stage")).to_be_in_viewport(ratio=0.9)
    page.locator("#close").click()
    expect(page.locator("#watch")).to_be_hidden()
    page.wait_for_function("was => Math.abs(scrollY - was) < 4", arg=before)
    expect(page.locator("#shots .card", has_text=name).first).to_be_in_viewport()
