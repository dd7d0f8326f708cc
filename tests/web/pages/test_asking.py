"""What is typed, completed, mistaken and answered late in the box to search in."""

from __future__ import annotations

import re

import pytest
from library import HOSTILE, HOSTILE_TAG, MANY, RTL
from playwright.sync_api import expect
from result_cards import card, cards, ready


def test_what_is_typed_is_completed_and_kept(page):
    page.goto("/")
    ready(page)
    box = page.locator("#q")
    box.press_sequentially("colle")
    options = page.locator(".drop-list").get_by_role("option")
    expect(options.first).to_contain_text("collection:")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("collection:")
    expect(options.filter(has_text="collection:Many")).to_contain_text(str(MANY))
    box.press_sequentially("ne")
    expect(options).to_have_count(1)
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("collection:News ")
    box.press("Enter")
    expect(cards(page)).to_have_count(5)
    page.get_by_role("button", name="Save this search").click()
    box.fill("")
    box.blur()
    box.focus()
    expect(options.filter(has_text="collection:News")).to_have_count(2)  # saved, and recent


def test_enter_searches_before_the_next_completions_are_there(page):
    page.goto("/")
    ready(page)
    box, options = page.locator("#q"), page.locator(".drop-list").get_by_role("option")
    box.press_sequentially("collection:ne")
    expect(options).to_have_text([re.compile("collection:News")])
    page.route("**/complete?*", lambda _: None)  # from now on none is answered
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("collection:News ")
    box.press("Enter")
    expect(cards(page)).to_have_count(5)


def test_an_answer_that_comes_late_takes_no_choice_away(page):
    late = []
    page.route("**/complete?q=colle&*", lambda route: late.append(route))  # noqa: PLW0108
    page.goto("/")
    ready(page)
    box, options = page.locator("#q"), page.locator(".drop-list").get_by_role("option")
    with page.expect_response("**/complete?q=coll&*"):
        box.press_sequentially("coll")
    expect(options.first).to_contain_text("collection:")
    with page.expect_request("**/complete?q=colle&*"):
        box.press_sequentially("e")
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    options.first.evaluate("each => { each.dataset.old = '' }")
    late[0].continue_()
    expect(page.locator(".drop-list [data-old]")).to_have_count(0)
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("collection:")


def test_a_mistake_is_pointed_at(page):
    page.goto("/")
    ready(page)
    page.locator("#q").fill("boat 🚢 kind:vidoe")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("vidoe")
    expect(page.locator(".wrong pre mark")).to_have_text("vidoe")
    marked = page.evaluate(
        """(() => {
          const { value, selectionStart, selectionEnd } = document.querySelector("#q");
          return value.slice(selectionStart, selectionEnd);
        })()"""
    )
    assert marked == "vidoe"


def test_words_that_matched_are_marked(page):
    page.goto("/?q=pilot+boat")
    ready(page)
    spoken = card(page, "harbour.mp4", "10:00:02:00")
    expect(spoken.locator(".why mark")).to_have_text(["pilot", "boats"])
    expect(spoken.locator(".why")).to_contain_text("said: The pilot boats leave the harbour")


def test_hostile_names_and_tags_are_text(page):
    page.on("dialog", lambda _: pytest.fail("a name was run as a script"))
    page.goto("/?q=collection%3AOdd")
    ready(page)
    expect(card(page, HOSTILE)).to_have_count(1)
    expect(page.locator("#facets")).not_to_contain_text("undefined")
    rtl = card(page, RTL).locator(".name")
    assert rtl.evaluate("name => getComputedStyle(name).direction") == "rtl"
    card(page, HOSTILE).locator(".pic").click()
    expect(page.locator(".player h2")).to_have_text(HOSTILE)
    page.locator(".player h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.locator(".tags .chip").first).to_contain_text(HOSTILE_TAG)
    page.get_by_label("Title").fill("<svg onload=alert(3)>")
    page.get_by_label("Description").fill("</textarea><script>alert(4)</script>")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("<svg onload=alert(3)>")
    expect(page.get_by_label("Description")).to_have_value("</textarea><script>alert(4)</script>")
    assert page.locator("img[src=x], main script, svg[onload]").count() == 0


def test_searching_and_paging_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False, base_url=site)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Find shots").fill("collection:Many")
    page.get_by_role("button", name="Search").click()
    assert page.url.endswith("/?q=collection%3AMany")
    expect(page.locator(".card").first).to_contain_text("still-000001.jpg")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".card").first).to_contain_text("still-000061.jpg")
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".card")).to_have_count(MANY - 120)
    page.goto("/?q=collection%3ANews")
    page.locator(".card .pic").first.click()
    expect(page.locator("video, #unplayed").first).to_be_attached()
    context.close()
