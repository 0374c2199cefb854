"""The import in a real browser, its errors, and what was imported; axe finds nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from orders.catalogue.configuration_import import SAMPLE
from tests.actors import PASSWORD
from tests.browser.conftest import Desk, Watch
from tests.browser.test_accessibility import check


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_admin_imports_a_file(
    chromium: Browser, watch: Watch, desk: Desk, tmp_path: Path, scheme: str
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("name,sku,shortId\nChair," + desk.skus[0] + ",x\n", "utf-8")
    good = tmp_path / "good.csv"
    # Each run has SKUs of its own: those of the other are taken.
    mine = SAMPLE.replace("OSL-CH", f"OSL-{scheme}").replace("oslo-walnut", f"oslo-{scheme}")
    good.write_text(mine, "utf-8")
    context = watch.over(
        chromium.new_context(
            viewport={"width": 390, "height": 800},
            color_scheme="light" if scheme == "light" else "dark",
            bypass_csp=True,  # axe itself is an inline script
        )
    )
    page = context.new_page()
    page.goto(f"{desk.address}/sign-in?next=/configurations")
    page.fill("#email", desk.org.admin().email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/configurations")
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.locator("#file")).to_be_focused()
    check(page, "import")

    page.set_input_files("#file", bad)
    page.get_by_role("button", name="Import").click()
    summary = page.locator("#summary")
    expect(summary).to_be_focused()
    expect(summary.locator("li")).to_have_count(2)
    expect(page).to_have_title("Error: Import configurations \u2013 Shortorder")
    check(page, "import with errors")

    page.set_input_files("#file", good)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/configurations")
    expect(page.get_by_role("status")).to_have_text("2 configurations were imported.")
    expect(page.get_by_role("status")).to_be_focused()
    page.fill("#q", f"osl-{scheme} walnut")
    expect(page.locator("#configurations tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Oslo chair").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Oslo chair")
    check(page, "an imported configuration")
    page.go_back()
    assert page.input_value("#q") == f"osl-{scheme} walnut"
    context.close()
