"""What every view must be: seen at three widths, usable by all, light, and still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import SCREENS
from playwright.sync_api import expect
from sqlalchemy import update

from catalog.db.models import Asset

STATIC = Path(__file__).resolve().parents[3] / "catalog" / "web" / "static"
MOST_SCRIPT = 64 * 1024
MOST_SHIFT = 0.05
VIEWS = {
    "everything": "/",
    "results": "/?q=blue&all=1",
    "examples": "/?q=blue&like=clip:CLIP&not=clip:CLIP&all=1",
    "player": "/?q=blue+collection%3ANews&all=1&shot=CLIP",
    "assets": "/?q=collection%3ANews&group=asset&density=large",
    "nothing": "/?q=collection%3ANone",
    "mistake": "/?q=kind%3Avidoe",
    "asset": "/assets/ASSET",
    "bins": "/bins",
    "logs": "/logs",
    "bin": "/bins/BIN",
    "compare": "/compare?clip=CLIP&clip=CLIP",
    "admin": "/admin",
    "failures": "/admin/failures",
    "folders": "/admin/roots",
    "encoders": "/admin/encoders",
    "evaluations": "/admin/evaluations",
    "tokens": "/admin/tokens",
    "doctor": "/admin/doctor",
    "missing": "/assets/999999999",
}


@pytest.fixture(scope="session")
def addresses(library) -> dict[str, str]:
    """The address of each view, with what there is put in."""
    hit = library.search("blue name:harbour.mp4").hits[0]
    bin_ = library.bin.create("Looked at", note="from left to right", clips=[hit.clip["id"]])
    named = {"CLIP": hit.clip["id"], "ASSET": hit.asset["id"], "BIN": bin_["id"]}
    found = {}
    for name, address in VIEWS.items():
        found[name] = address
        for word, value in named.items():
            found[name] = found[name].replace(word, str(value))
    return found


WIDTHS = {390: 844, 1440: 1000, 2560: 1300}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def opened(context, addresses: dict[str, str], name: str):
    """The view in a tab, its scripts running and the pictures in view there."""
    page = context.new_page()
    answer = page.goto(addresses[name])
    assert answer.status == (404 if name == "missing" else 200), name
    expect(page.locator("html[data-ready]")).to_be_attached()
    # Not wait_for_function: what it asks again and again it asks by eval, which the pages forbid.
    page.evaluate(
        """() => Promise.all([...document.images]
          .filter(i => !i.complete && i.getBoundingClientRect().top <= innerHeight)
          .map(i => new Promise(done => { i.onload = i.onerror = done; })))"""
    )
    return page


def serious(page, rules: list[str]) -> list[str]:
    """What axe finds that keeps people out."""
    only = {"runOnly": rules, "resultTypes": ["violations"]}
    return [
        f"{each['id']}: {[' '.join(map(str, node['target'])) for node in each['nodes'][:3]]}"
        for each in Axe().run(page, options=only).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_holds_at_every_width_and_keeps_nobody_out(browser, site, addresses, name):
    SCREENS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, base_url=site)
    page = opened(context, addresses, name)
    assert not serious(page, RULES)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert not serious(page, ["color-contrast"])
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENS / f"{name}-{width}.png")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"it is {wide} pixels wide at {width}"
    context.close()


LONG = "NewYork_Harbour_2024-05-03_CamA_Roll017_Take_04_v012_GRADED_final_FINAL_ProRes4444XQ.mov"


@pytest.fixture
def long_names(library, addresses) -> Iterator[None]:
    """Everything is called as files of a cutting room are: long, without a blank."""
    asset, bin_ = (int(addresses[name].rsplit("/", 1)[1]) for name in ("asset", "bin"))

    def call(name: str, bin_name: str) -> None:
        with library.database.session() as session:
            session.execute(update(Asset).where(Asset.id == asset).values(name=name))
        library.bin.rename(bin_, bin_name, note=bin_name)

    was = library.show(asset)["name"], library.bin.show(bin_)["name"]
    call(LONG, LONG)
    library.tag([asset], [LONG])
    yield
    library.tag([asset], [LONG], remove=True)
    call(*was)


@pytest.mark.usefixtures("long_names")
def test_long_names_stay_on_a_phone(browser, site, addresses):
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=site)
    for name in ("everything", "player", "assets", "asset", "bins", "bin", "compare"):
        page = opened(context, addresses, name)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{name} is {wide} pixels wide"
        if name in ("asset", "bin", "bins"):
            assert LONG in page.content()
            page.screenshot(path=SCREENS / f"long-{name}-390.png")
        page.close()
    context.close()


def test_scripts_are_small():
    sizes = {path.name: path.stat().st_size for path in (STATIC / "js").glob("*.js")}
    assert len(sizes) > 5
    assert sum(sizes.values()) <= MOST_SCRIPT, sizes


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_while_a_page_loads(browser, site, addresses, width):
    context = noting_shifts(browser, site, width)
    for name in ("everything", "results", "player", "asset", "bin"):
        page = context.new_page()
        nothing_moves(page, addresses, name)
        page.close()
    context.close()


def test_nothing_moves_on_a_phone_whose_line_is_slow(browser, site, addresses):
    """The player comes last in the document and first on the page."""
    context = noting_shifts(browser, site, 390)
    page = context.new_page()
    slow = {"offline": False, "latency": 5, "downloadThroughput": 3e4, "uploadThroughput": 3e4}
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    nothing_moves(page, addresses, "player")
    context.close()


def noting_shifts(browser, site, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, base_url=site)
    context.add_init_script(
        """window.shifted = [];
        new PerformanceObserver(list => {
          for (const entry of list.getEntries())
            shifted.push([entry.value, entry.sources.map(s => s.node?.className)]);
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    return context


def nothing_moves(page, addresses, name):
    page.goto(addresses[name])
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.wait_for_load_state("networkidle")
    shifted = page.evaluate("shifted")
    assert sum(value for value, _ in shifted) <= MOST_SHIFT, (name, shifted)


def test_animations_are_still_for_those_who_ask(browser, site):
    context = browser.new_context(reduced_motion="reduce", base_url=site)
    page = context.new_page()
    page.goto("/")
    moving = page.evaluate("document.getAnimations().length")
    assert moving == 0
    context.close()
