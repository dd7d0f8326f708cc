"""A-roll and B-roll put right in the player, by script and without, and counted for the admin."""

from __future__ import annotations

from conftest import SCREENS
from playwright.sync_api import Page, expect

from catalog import Catalog


def shot(library: Catalog, colour: str) -> dict:
    """The shot of this colour in the film over whose second shot somebody speaks."""
    return library.search(f"{colour} name:harbour.mp4").hits[0].clip


def screens(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        page.screenshot(path=SCREENS / f"{name}-{width}.png")


def test_a_roll_is_put_right_in_the_player_and_its_accuracy_counted(page: Page, library: Catalog):
    blue = shot(library, "blue")
    assert blue["roll"] == "A", "somebody speaks over it"
    page.goto(f"/?q=name:harbour.mp4&all=1&shot={blue['id']}")
    form, said = page.locator("#roll"), page.locator("#roll-said")
    badges = page.locator(f'.card[data-clip="{blue["id"]}"] .roll, [data-of="{blue["id"]}"]')
    expect(said).to_have_text(f"A-roll: somebody speaks · {blue['roll_confidence']:.0%} sure")
    expect(badges).to_have_text(["A", "A"])
    expect(form.get_by_role("button", name="Auto")).to_have_attribute("aria-pressed", "true")

    form.get_by_role("button", name="B", exact=True).click()
    expect(said).to_have_text("B-roll: cutaway · a person said so")
    expect(badges).to_have_text(["B", "B"])
    expect(form.get_by_role("button", name="B", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    screens(page, "roll")
    page.reload()
    expect(said).to_have_text("B-roll: cutaway · a person said so")
    red = shot(library, "red")["id"]
    page.goto(f"/?q=name:harbour.mp4&all=1&shot={red}")
    form.get_by_role("button", name="B", exact=True).click()
    expect(said).to_contain_text("a person said so")

    page.goto("/admin")
    panel = page.get_by_role("region", name="A-roll or B-roll")
    expect(panel).to_contain_text("50 %")
    expect(panel).to_contain_text("of these had been told rightly: 1 of 2")
    screens(page, "admin-rolls")
    for clip in (blue["id"], red):
        page.goto(f"/?q=name:harbour.mp4&all=1&shot={clip}")
        form.get_by_role("button", name="Auto").click()
        expect(said).to_contain_text("sure")
    assert shot(library, "blue") == blue
    page.goto("/admin")
    expect(panel).not_to_contain_text("told rightly")


def test_a_roll_is_put_right_without_javascript(browser, site: str, library: Catalog):
    context = browser.new_context(java_script_enabled=False, base_url=site)
    page = context.new_page()
    clip = shot(library, "yellow")["id"]
    page.goto(f"/?q=name:harbour.mp4&all=1&shot={clip}")
    page.locator("#roll").get_by_role("button", name="A", exact=True).click()
    expect(page.locator("#roll-said")).to_have_text("A-roll: somebody speaks · a person said so")
    expect(page.locator("#q")).to_have_value("name:harbour.mp4")
    page.locator("#roll").get_by_role("button", name="Auto").click()
    expect(page.locator("#roll-said")).to_contain_text("B-roll: cutaway")
    assert library.clip(clip)["roll_by_person"] is False
    context.close()
