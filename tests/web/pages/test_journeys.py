"""Whole journeys of people through the pages, on the real service, in a real browser."""

from __future__ import annotations

import io
import re
from time import monotonic

from library import HOSTILE, MANY, PATIENCE_MS
from PIL import Image
from playwright.sync_api import Page, expect
from result_cards import card, cards, ready

from catalog.encoders.null import COLOURS


def expect_film(page: Page, colour: str) -> None:
    """Wait until the middle of the picture that the player shows is nearly of this colour."""
    look = """() => new Promise(done => requestAnimationFrame(() => {
      const film = document.querySelector("#film");
      if (film.readyState < 2 || film.seeking) return done(null);
      const canvas = document.createElement("canvas");
      canvas.width = film.videoWidth; canvas.height = film.videoHeight;
      const pen = canvas.getContext("2d");
      pen.drawImage(film, 0, 0);
      done([...pen.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data].slice(0, 3));
    }))"""
    seen = None
    until = monotonic() + PATIENCE_MS / 1000
    # A film that has sought may show the picture before for a moment.
    while seen is None or max(abs(a - b) for a, b in zip(seen, COLOURS[colour], strict=True)) > 60:
        assert monotonic() < until, f"the player does not begin at its shot: it shows {seen}"
        seen = page.evaluate(look)


def expect_range(library, clip: int, begins: str, ends: str) -> None:
    made = library.clip(clip)
    assert (made["timecode_in"], made["timecode_out"]) == (begins, ends)


def test_search_scrub_play_mark_a_subclip_put_it_into_a_bin_and_export_it(page, library):
    page.goto("/")
    ready(page)
    page.get_by_role("combobox", name="Find shots").fill("blue collection:News")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=blue\+collection%3ANews$"))
    blue = card(page, "harbour.mp4", "10:00:02:00")
    expect(cards(page).first).to_contain_text("10:00:02:00")
    expect(blue.locator(".sure")).to_have_attribute("aria-label", re.compile(r"cosine 0\.\d{3}"))

    blue.locator(".pic").hover()
    expect(blue.locator("canvas")).to_be_visible()
    expect(blue.locator(".at")).to_have_text(re.compile(r"10:00:0[23]:\d\d"))

    blue.locator(".pic").click()
    expect(page.locator("#clock")).to_have_text("10:00:02:00")
    expect_film(page, "blue")
    expect(page.locator(".timeline .score .best")).to_have_count(1)
    expect(page.locator("#shotlist li")).to_have_count(3)

    page.keyboard.press(".")
    expect(page.locator("#clock")).to_have_text("10:00:02:01")
    for _ in range(4):
        page.keyboard.press(".")
    expect(page.locator("#clock")).to_have_text("10:00:02:05")
    expect(page.locator("#spoken [aria-current]")).to_contain_text("pilot boats")
    page.keyboard.press("i")
    expect(page.locator("#mark-in")).to_have_text("10:00:02:05")
    page.keyboard.press("l")
    expect(page.locator("#clock")).not_to_have_text("10:00:02:05")
    page.keyboard.press("k")
    page.evaluate("document.querySelector('#film').currentTime = 3.02")
    expect(page.locator("#clock")).to_have_text("10:00:03:00")
    page.keyboard.press("o")
    expect(page.locator("#mark-out")).to_have_text("10:00:03:01")

    page.get_by_label("Name of the subclip").fill("Pilot <b>leaves</b>")
    page.get_by_role("button", name="Keep subclip").click()
    expect(page.locator("#logged li")).to_contain_text("Pilot <b>leaves</b>")
    subclip = page.locator("#logged li").get_attribute("data-clip")
    expect_range(library, int(subclip), "10:00:02:05", "10:00:03:01")

    page.locator("#watch-add").click()
    page.get_by_role("dialog").get_by_label("Name of the bin").fill("Tonight")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    page.locator("#toasts a", has_text="Tonight").click()
    expect(page.locator("#bin-name")).to_have_value("Tonight")
    expect(page.locator(".binned li")).to_contain_text("10:00:02:05 – 10:00:03:01")
    page.get_by_label("Export for").select_option("edl")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "Tonight.edl"
    assert "10:00:02:05 10:00:03:01" in download.value.path().read_text()
    library.unmark(int(subclip))
    library.bin.delete("Tonight")


def test_a_bin_keeps_order_and_notes(page, library):
    clips = [hit.clip["id"] for hit in library.search("name:harbour.mp4").hits]
    made = library.bin.create("In order", clips=clips)
    page.goto(f"/bins/{made['id']}")
    ready(page)
    rows = page.locator(".binned li")
    expect(rows).to_have_count(3)
    first = rows.nth(0).get_attribute("data-item")
    rows.nth(0).drag_to(rows.nth(2), target_position={"x": 100, "y": 80})
    expect(rows.nth(2)).to_have_attribute("data-item", first)
    rows.nth(2).get_by_role("textbox").fill("the opening")
    rows.nth(2).get_by_role("textbox").press("Enter")
    page.reload()
    expect(rows.nth(2)).to_have_attribute("data-item", first)
    expect(rows.nth(2).get_by_role("textbox")).to_have_value("the opening")
    rows.nth(2).get_by_role("button", name="Up").click()
    expect(rows.nth(1)).to_have_attribute("data-item", first)
    rows.nth(0).locator("[data-watch]").click()
    expect(page.locator("#clock")).to_have_text(re.compile(r"10:00:0\d:00"))
    page.locator("#bin-name").fill("In another order")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_title(re.compile("In another order"))
    rows.nth(0).get_by_role("button", name="Take out").click()
    expect(rows).to_have_count(2)


def test_what_is_not_wanted_sinks_and_can_be_sent_to_others(page, library):
    blue = library.search("blue name:harbour.mp4").hits[0].clip["id"]
    page.goto("/?q=name:harbour.mp4&all=1")
    ready(page)
    page.locator(f'.card[data-clip="{blue}"] .pic').focus()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile(rf"not=clip%3A{blue}"))
    expect(page.locator(".asked .chip")).to_contain_text("not like")
    expect(page.locator(".asked .chip")).to_contain_text("harbour.mp4 10:00:02:00")
    expect(page.locator(".asked .chip img")).to_have_count(1)
    expect(cards(page)).to_have_count(3)
    expect(cards(page).last).to_have_attribute("data-clip", str(blue))
    shared = page.url
    page.locator(".asked .chip").click()
    expect(page.locator(".asked .chip")).to_have_count(0)
    page.goto(shared)
    ready(page)
    expect(cards(page).last).to_have_attribute("data-clip", str(blue))
    # Several examples at once, and those that hits should be like stay.
    cards(page).first.hover()
    cards(page).first.locator("[data-like]").click()
    expect(page).to_have_url(re.compile(r"like=clip%3A\d+.*not=clip"))


def test_a_picture_that_is_dropped_finds_what_looks_like_it(page):
    page.goto("/?q=collection%3ANews")
    ready(page)
    content = io.BytesIO()
    Image.new("RGB", (80, 45), (0, 0, 255)).save(content, "PNG")
    page.evaluate(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "blue.png", { type: "image/png" }));
          for (const type of ["dragover", "drop"])
            document.body.dispatchEvent(
              new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        list(content.getvalue()),
    )
    expect(page).to_have_url(re.compile(r"image=[0-9a-f]{64}"))
    expect(page.locator(".asked .chip")).to_contain_text("like your picture")
    expect(cards(page).first).to_contain_text("10:00:02:00")
    address = page.url
    page.goto(address)  # as somebody else would, who was sent it
    expect(cards(page).first).to_contain_text("10:00:02:00")
    page.locator(".asked .chip").click()
    expect(page).to_have_url(re.compile(r"/\?q=collection%3ANews$"))


def test_more_like_this_leaves_the_example_out(page):
    page.goto("/?q=kind%3Avideo")
    ready(page)
    blue = card(page, "harbour.mp4", "10:00:02:00")
    blue.hover()
    blue.locator("[data-like]").click()
    expect(page).to_have_url(re.compile(r"like=clip%3A\d+"))
    expect(page.locator(".asked .chip")).to_have_count(1)
    expect(cards(page).first).to_contain_text(HOSTILE)
    expect(blue).to_have_count(0)


def test_facets_sort_back_and_an_address_to_share(page):
    page.goto("/")
    ready(page)
    page.locator("#facets").get_by_role("link", name="News").click()
    expect(page).to_have_url(re.compile("collection%3ANews"))
    expect(cards(page)).to_have_count(5)
    expect(page.locator("#q")).to_have_value("collection:News")
    page.get_by_label("Sort").select_option("duration")
    expect(page).to_have_url(re.compile("sort=duration"))
    expect(cards(page).first).to_contain_text("harbour.mp4")
    page.get_by_role("navigation", name="Show as").get_by_role("link", name="Assets").click()
    expect(cards(page)).to_have_count(2)
    expect(cards(page).first.locator(".more")).to_have_text("+2")
    shared = page.url

    page.go_back()
    expect(cards(page)).to_have_count(5)
    expect(page.get_by_label("Sort")).to_have_value("duration")
    page.go_back()
    expect(page).to_have_url(re.compile("collection%3ANews$"))
    page.go_back()
    expect(page.locator("#q")).to_have_value("")
    page.go_forward()
    expect(cards(page)).to_have_count(5)

    page.goto(shared)
    expect(cards(page)).to_have_count(2)
    expect(page.locator("#q")).to_have_value("collection:News")
    page.locator("#facets a[aria-current]").first.click()
    expect(page.locator("#q")).to_have_value("")


def test_back_closes_the_player_and_leaves_the_results(page):
    page.goto("/?q=collection%3ANews")
    ready(page)
    page.locator("#q").fill("id:1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("id%3A1"))
    page.go_back()
    expect(page.locator("#q")).to_have_value("collection:News")
    expect(cards(page)).to_have_count(5)
    card(page, "drop.mp4").first.locator(".pic").click()
    expect(page.locator("#clock")).to_have_text("00:00:59;00")
    page.go_back()
    expect(page.locator(".player")).to_have_count(0)
    expect(cards(page)).to_have_count(5)
    page.go_forward()
    expect(page.locator("#clock")).to_have_text("00:00:59;00")
    page.locator("#shotlist a").nth(1).click()
    expect(page.locator("#clock")).to_have_text("00:01:00;17")
    for _ in range(16):
        page.keyboard.press(",")
    # Between ;29 and ;02 two numbers are dropped.
    expect(page.locator("#clock")).to_have_text("00:00:59;29")
    page.keyboard.press(".")
    expect(page.locator("#clock")).to_have_text("00:01:00;02")
    page.keyboard.press("Escape")
    expect(page.locator(".player")).to_have_count(0)


def test_the_list_goes_on_and_only_what_is_in_view_is_in_the_document(page):
    page.goto("/?q=collection%3AMany&density=small")
    ready(page)
    expect(page.locator("#main h1")).to_contain_text(str(MANY))
    page.locator("#shots .pic").first.focus()
    for _ in range(3):
        page.keyboard.press("End")
        page.mouse.wheel(0, 100_000)
    last = card(page, f"still-{MANY:06d}.jpg")
    expect(last).to_be_visible()
    expect(last).to_have_attribute("aria-posinset", str(MANY))
    assert page.locator("#shots .card").count() < MANY
    places = page.locator("#shots .card").evaluate_all(
        "cards => cards.map(card => Number(card.getAttribute('aria-posinset')))"
    )
    assert places == list(range(places[0], places[0] + len(places)))
    last.locator(".name a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"still-{MANY:06d}.jpg")
    page.go_back()
    expect(last).to_be_in_viewport()
    page.keyboard.press("Home")
    page.evaluate("scrollTo(0, 0)")
    expect(card(page, "still-000001.jpg")).to_be_in_viewport()


def test_shots_are_chosen_and_compared_by_keyboard(page):
    page.goto("/?q=collection%3ANews&sort=name")
    ready(page)
    page.locator("#shots .pic").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#acting-count")).to_have_text("2 chosen")
    expect(page.locator(".card.chosen")).to_have_count(2)
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(r"/compare\?clip=\d+&clip=\d+"))
    expect(page.locator(".side video")).to_have_count(2)
    expect(page.locator(".side output").first).to_have_text("00:00:59;00")
    page.get_by_role("button", name="Play both").click()
    expect(page.locator(".side output").first).not_to_have_text("00:00:59;00")


def test_what_is_known_of_an_asset_is_edited(page, library):
    asset = library.search("name:drop.mp4").hits[0].asset["id"]
    page.goto(f"/assets/{asset}")
    ready(page)
    expect(page.locator("dl.facts").first).to_contain_text("29.97 fps")
    page.get_by_label("Tag", exact=True).fill("night, quay")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".tags .chip")).to_have_count(3)
    page.get_by_role("button", name="Take out night").click()
    expect(page.locator(".tags .chip")).to_have_count(2)
    expect(page.locator("section", has_text="Changes")).to_contain_text("tag.add")
    library.tag([asset], ["quay"], remove=True)


def test_an_admin_retries_what_has_failed(page, library):
    page.goto("/admin")
    ready(page)
    page.get_by_role("link", name="1 failed").click()
    row = page.get_by_role("row", name="broken.mp4")
    expect(row).to_contain_text("undecodable")
    row.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Nothing has failed")).to_be_visible()
    (job,) = [job for job in library.jobs() if job["asset"] == "broken.mp4"]
    assert job["state"] == "due"
    # Whoever looks at the overview meanwhile sees it fail again without loading the page.
    page.goto("/admin")
    ready(page)
    expect(page.get_by_role("link", name="1 failed")).to_have_count(0)
    library.ingest(library.show(job["asset_id"])["locations"][0]["root"])
    expect(page.get_by_role("link", name="1 failed")).to_be_visible()
