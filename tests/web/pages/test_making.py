"""A copy that plays is asked for from the pages, watched while it is made, and plays there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SCREENS
from library import film
from playwright.sync_api import Page, expect
from standing_still import halfway

from catalog import Catalog


@pytest.fixture
def tape(library: Catalog, tmp_path: Path, page: Page) -> Iterator[int]:
    """A film that no browser plays as it is; it goes again."""
    path = film(tmp_path / "tape.avi", ["green", "red", "white"])
    library.ingest(path, collection="Tapes")
    [asset] = [row["id"] for row in library.assets("name:tape.avi")["assets"]]
    yield asset
    # Else the page, told that something has changed, asks for what is gone.
    page.goto("about:blank")
    library.remove([asset])


@pytest.mark.parametrize("width", [1440, 390])
def test_the_asset_s_page_tells_how_far_its_proxy_is(page: Page, tape: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/assets/{tape}")
    with halfway() as proxy:
        page.get_by_role("button", name="Make a copy that plays").click()
        proxy.wait()
        made = page.locator("#made")
        expect(made).to_contain_text("A copy that plays is being made.")
        expect(made.locator("[data-share]")).to_have_text("17 %")
        assert 0.1 < float(made.locator("progress").get_attribute("value") or 0) < 0.2
        # Where the work on the asset is listed, too.
        expect(page.locator("#stages tr", has_text="proxy")).to_contain_text("running 17 %")
        expect(page.get_by_role("button", name="Make a copy that plays")).to_have_count(0)
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"making-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate("window.stayed = true")
        proxy.go.set()
        expect(made.locator("table")).to_contain_text("proxy")
        expect(made.locator("progress")).to_have_count(0)
    expect(page.locator("#stages tr", has_text="proxy")).to_contain_text("done")
    assert page.evaluate("window.stayed"), "the page was not loaded anew"


def test_a_page_that_is_open_sees_what_somebody_else_has_asked_for(
    page: Page, tape: int, library: Catalog
) -> None:
    page.goto(f"/assets/{tape}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    library.proxy([tape])
    expect(page.locator("#made table")).to_contain_text("proxy")
    expect(page.get_by_role("button", name="Make a copy that plays")).to_have_count(0)


def test_a_page_that_nobody_looks_at_holds_no_connection(page: Page, tape: int) -> None:
    page.add_init_script("""
        window.streams = [];
        const Real = EventSource;
        window.EventSource = class extends Real {
            constructor(...given) { super(...given); window.streams.push(this); }
        };
        window.away = false;
        Object.defineProperty(document, "hidden", { get: () => window.away });
        window.turn = away => {
            window.away = away;
            document.dispatchEvent(new Event("visibilitychange"));
            return window.streams.map(each => each.readyState !== EventSource.CLOSED);
        };
    """)
    page.goto(f"/assets/{tape}")
    expect(page.locator("html[data-ready]")).to_be_attached()
    assert page.evaluate("turn(true)") == [False]
    assert page.evaluate("turn(false)") == [False, True]


def test_a_copy_that_cannot_be_made_says_why_and_is_asked_for_again(
    page: Page, tape: int, tmp_path: Path
) -> None:
    file = tmp_path / "tape.avi"
    away = file.rename(tmp_path / "away")
    page.goto(f"/assets/{tape}")
    page.get_by_role("button", name="Make a copy that plays").click()
    made = page.locator("#made")
    expect(made).to_contain_text("A copy that plays could not be made.")
    expect(made.locator("[data-reason]")).to_contain_text("No file of this asset is online")
    away.rename(file)
    made.get_by_role("button", name="Try again").click()
    expect(made.locator("table")).to_contain_text("proxy")
    expect(made.locator("[data-reason]")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_player_waits_for_the_copy_and_plays_it(page: Page, tape: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/assets/{tape}")
    page.get_by_role("link", name="Watch", exact=True).click()
    unplayed = page.locator("#unplayed")
    expect(unplayed).to_contain_text("No browser plays this file as it is.")
    expect(page.locator("html[data-ready]")).to_be_attached()
    with halfway() as proxy:
        unplayed.get_by_role("button", name="Make a copy that plays").click()
        proxy.wait()
        expect(unplayed).to_contain_text("A copy that plays is being made.")
        expect(unplayed.locator("[data-share]")).to_have_text("17 %")
        page.screenshot(path=SCREENS / f"player-making-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Who comes later sees it as well.
        page.reload()
        expect(unplayed.locator("[data-share]")).to_have_text("17 %")
        proxy.go.set()
        expect(page.locator("video#film")).to_be_attached()
    expect(page.locator("#unplayed")).to_be_hidden()
    # Not wait_for_function: what it asks again and again it asks by eval, which the pages forbid.
    page.locator("#film").evaluate(
        """film => film.readyState >= 1 ||
          new Promise(done => film.addEventListener("loadedmetadata", done, { once: true }))
        """
    )
