"""One library, one server and one Chromium for the tests of pages that a worker runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from library import PATIENCE_MS, fill
from own_databases import own_settings
from web_stock import serving

from catalog import Catalog

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCREENS = Path(__file__).resolve().parents[3] / "build" / "screens"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say loudly that nobody has looked at the pages where there is no browser."""
    here = Path(__file__).parent
    if CHROMIUM is None:
        reason = "NO CHROMIUM: nobody has looked at the pages; apt install chromium"
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def library(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """The catalogue that the pages of this worker's tests show."""
    folder = tmp_path_factory.mktemp("library")
    with (
        own_settings(postgres_url, template_database, folder / "home") as settings,
        Catalog.open(settings) as catalog,
    ):
        fill(catalog, folder / "footage")
        yield catalog


@pytest.fixture(scope="session")
def site(library: Catalog) -> Iterator[str]:
    """The URL it is served at."""
    with serving(library) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """One Chromium, for which everybody waits as long."""
    from playwright.sync_api import BrowserContext, expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS
        )
        new_context = browser.new_context

        def patient(**options: Any) -> BrowserContext:
            context = new_context(**options)
            context.set_default_timeout(PATIENCE_MS)
            return context

        browser.new_context = patient
        yield browser
        browser.close()


@pytest.fixture
def page(browser, site: str) -> Iterator[object]:
    """A tab of its own; what its console or scripts complain of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=site)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    opened.on(
        "response",
        lambda answer: (
            complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
        ),
    )
    yield opened
    context.close()
    assert not complaints, complaints
