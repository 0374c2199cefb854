"""Changing a stored order without JavaScript: fields, rows, and what others changed meanwhile."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_order_page import change, place_order


def test_an_order_is_changed_and_merged_without_javascript(plain_page: Page, desk: Desk) -> None:
    page, code = plain_page, place_order(desk, name="Before")
    page.goto(f"{desk.address}/orders/{code}")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.fill("#name", "After")
    page.get_by_role("button", name="Add line").click()
    expect(page.locator("#name")).to_have_value("After")
    page.fill("#cart-1-configurationId", desk.skus[0])
    page.fill("#cart-1-count", "0")
    page.get_by_role("button", name="Save", exact=False).first.click()
    expect(page.locator("#summary")).to_contain_text("A whole number from 1 to 1,000,000.")
    change(desk, code, metadata={"finish": "gloss"})
    page.fill("#cart-1-count", "7")
    page.get_by_role("button", name="Save", exact=False).first.click()
    page.wait_for_url(f"**/orders/{code}")
    text = page.inner_text("main")
    assert "After" in text
    assert "Gloss" in text  # what the other has changed
    assert desk.skus[0] in text
    assert "2 lines" in text
