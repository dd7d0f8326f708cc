"""Coming in: with a token, with one that holds no longer, and into a catalogue that has nothing."""

from __future__ import annotations

import functools
import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import text
from web_stock import serving

from catalog import Catalog
from catalog.demo import footage


@pytest.fixture
def guarded(library, browser):
    """A tab at a server that asks for tokens."""
    with serving(library, auth=True) as url:
        context = browser.new_context(base_url=url)
        yield context.new_page()
        context.close()


def log_in(page, token: str) -> None:
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Log in").click()


def test_a_viewer_logs_in_looks_and_is_revoked(guarded, library):
    admin = library.token.create("the admin", "admin")
    viewer = library.token.create("a <viewer>", "viewer")
    page = guarded
    page.goto("/?q=collection%3ANews")
    expect(page).to_have_url(re.compile("/login"))
    log_in(page, "not a token")
    expect(page.get_by_role("alert")).to_be_visible()
    log_in(page, viewer["token"])
    expect(page.locator("#shots .card").first).to_be_visible()
    expect(page.get_by_role("link", name="Admin")).to_have_count(0)
    expect(page.locator("[data-add]")).to_have_count(0)
    page.get_by_role("button", name="Light").click()  # a form, with the session's CSRF token
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.goto("/admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not allowed")

    library.token.revoke(viewer["id"])
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
    # An administrator who is logged in has most words at the top; a phone holds them.
    log_in(page, admin["token"])
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("button", name="Log out")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    library.token.revoke(admin["id"])


def test_a_token_that_has_expired_lets_nobody_in(guarded, library):
    editor = library.token.create("an editor", "editor", days=1)
    page = guarded
    page.goto("/login")
    log_in(page, editor["token"])
    page.goto("/bins")
    page.get_by_label("Name of the bin").fill("By an editor")
    page.get_by_role("button", name="Make bin").click()
    expect(page.locator("#bin-name")).to_have_value("By an editor")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login"))
    log_in(page, editor["token"])
    expect(page.get_by_role("link", name="Bins")).to_be_visible()
    with library.database.session() as session:
        session.execute(
            text("UPDATE catalog.token SET expires_at = now() - interval '1 s' WHERE id = :id"),
            {"id": editor["id"]},
        )
    page.goto("/bins")
    expect(page).to_have_url(re.compile("/login"))
    log_in(page, editor["token"])
    expect(page.get_by_role("alert")).to_be_visible()


def test_an_empty_catalogue_shows_the_demonstration_by_one_button(browser, settings, monkeypatch):
    # The same footage, less of it; the encoder of it needs torch, and has tests of its own.
    monkeypatch.setattr("catalog.api.demo.DEMO_ENCODER", "null")
    small = functools.partial(
        footage.make_footage, videos=1, shots_per_video=2, stills=2, size=(160, 90)
    )
    monkeypatch.setattr(footage, "make_footage", small)
    with Catalog.open(settings) as catalog, serving(catalog) as url:
        context = browser.new_context(base_url=url)
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is catalogued yet")
        page.get_by_role("button", name="Catalogue the demonstration").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The demonstration is ready")
        page.get_by_role("link", name="a green bicycle in the rain").click()
        expect(page.locator("#shots .card, .empty").first).to_be_visible()
        assert catalog.stats()["assets"] == 3
        context.close()
