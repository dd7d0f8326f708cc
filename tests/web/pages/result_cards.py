"""The cards of the list of results."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def ready(page: Page) -> None:
    """Wait until the page's scripts listen."""
    expect(page.locator("html[data-ready]")).to_be_attached()


def cards(page: Page):
    return page.locator("#shots .card:not(.hollow)")


def card(page: Page, name: str, timecode: str | None = None):
    found = cards(page).filter(has=page.locator(f'.name a:text-is("{name}")'))
    return found if timecode is None else found.filter(has_text=timecode)
