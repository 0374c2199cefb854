"""The import in a real browser, its errors, and what was imported; axe finds nothing."""

from pathlib import Path

from playwright.sync_api import expect

from orders.services.catalog.configuration_import import SAMPLE
from tests.actors import PASSWORD
from tests.browser.conftest import Desk, Screen


def test_an_admin_imports_a_file(screen: Screen, desk: Desk, tmp_path: Path) -> None:
    page = screen.page
    bad = tmp_path / "bad.csv"
    bad.write_text("name,sku,shortId\nChair," + desk.skus[0] + ",x\n", "utf-8")
    good = tmp_path / "good.csv"
    # Each run has SKUs of its own: those of the other are taken.
    mine = SAMPLE.replace("OSL-CH", f"OSL-{screen.name}")
    good.write_text(mine.replace("oslo-walnut", screen.name), "utf-8")
    page.goto(f"{desk.address}/sign-in?next=/configurations")
    page.fill("#email", desk.org.admin().email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/configurations")
    screen.link("Import").click()
    expect(page.locator("#file")).to_be_focused()
    screen.check("import")

    page.set_input_files("#file", bad)
    screen.button("Import").click()
    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    expect(summary.locator("li")).to_have_count(2)
    title = f"{screen.say('Error:')} {screen.say('Import products')} \u2013 Shortorder"
    expect(page).to_have_title(title)
    screen.check("import with errors")

    page.set_input_files("#file", good)
    screen.button("Import").click()
    page.wait_for_url("**/configurations")
    expect(page.get_by_role("status")).to_contain_text("2 ")
    expect(page.get_by_role("status")).to_be_focused()
    page.fill("#q", f"osl-{screen.name} walnut")
    expect(page.locator("#configurations tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Oslo chair").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Oslo chair")
    screen.check("an imported configuration")
    page.go_back()
    assert page.input_value("#q") == f"osl-{screen.name} walnut"
