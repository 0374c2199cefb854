"""Canceling an order in real Chromium: by keyboard alone, without scripts, accessibility."""

from playwright.sync_api import Page, expect

from orders.services.orders import changes as order_changes
from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_order_page import place_order
from tests.browser.test_settings import tab_to


def test_it_is_canceled_by_keyboard_alone(page: Page, desk: Desk) -> None:
    code = place_order(desk, name="Twice")
    page.goto(f"{desk.address}/orders/{code}")
    tab_to(page, page.locator("details.cancel summary"))
    page.keyboard.press("Enter")  # and the focus is in the field for the reason
    expect(page.locator("details.cancel input:focus")).to_be_visible()
    page.keyboard.type("Ordered twice")
    page.keyboard.press("Enter")
    notice = page.locator(".notice").first
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("The order is canceled. Its status stays as it was.")
    expect(page.locator("#canceled-title")).to_contain_text("Ordered twice")
    # The form saves other fields; Ctrl+Enter sends its hidden rows along unchanged.
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#name")).to_be_focused()
    expect(page.locator("#status")).to_be_hidden()
    expect(page.locator("#lines")).to_be_hidden()
    page.keyboard.type("Once")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/orders/{code}")
    expect(page.locator(".subtitle")).to_contain_text("Once")


def test_it_is_canceled_and_reopened_without_javascript(plain_page: Page, desk: Desk) -> None:
    page, code = plain_page, place_order(desk)
    page.goto(f"{desk.address}/orders/{code}")
    page.locator("details.cancel summary").click()
    page.fill("#reason", "x" * 256)
    page.get_by_role("button", name="Cancel order").click()
    expect(page.locator("#reason-error")).to_contain_text("At most 255 characters")
    page.fill("#reason", "")
    page.get_by_role("button", name="Cancel order").click()
    page.goto(f"{desk.address}/orders/{code}/edit")
    page.get_by_role("button", name="Reopen order").click()
    expect(page.locator(".notice")).to_contain_text("The order is open again.")
    expect(page.get_by_role("button", name="Mark as In Progress")).to_be_visible()


def test_axe_finds_nothing(screen: Screen, desk: Desk) -> None:
    page, code = screen.page, place_order(desk, name="Axe")
    sign_in(page, desk)
    page.goto(f"{desk.address}/orders/{code}")
    page.locator("details.cancel summary").click()
    page.fill("#reason", "x" * 256)
    screen.button("Cancel order").click()
    expect(page.locator("#reason")).to_have_attribute("aria-invalid", "true")
    screen.check("cancel form, refused", within="details.cancel")
    with desk.org.app.app_context():
        order_changes.cancel_order(code, "Ordered twice", actor=desk.org.actor())
    for path in (f"/orders/{code}", f"/orders/{code}/edit"):
        page.goto(desk.address + path)
        screen.check(path.replace(code, "canceled"), within="main")
