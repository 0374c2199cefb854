"""The header, the account's menu, and the bar at the bottom of phones."""

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Desk, Screen, sign_in

PHONE: ViewportSize = {"width": 390, "height": 844}
COVERED = """() => {
    const dock = document.querySelector('.dock').getBoundingClientRect();
    const place = document.activeElement.getBoundingClientRect();
    const isInside = document.activeElement.matches('body, .dock *, .submit *, [popover] *');
    return !isInside && place.height > 0 && place.bottom > dock.top && place.top < dock.bottom;
}"""


def test_a_phone_has_one_row_on_top_and_a_bar_at_the_bottom(page: Page, desk: Desk) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{desk.address}/settings")
    page.goto(f"{desk.address}/orders")
    header = page.locator("header.bar").bounding_box()
    assert header
    assert header["height"] < 60
    dock = page.locator(".dock")
    sizes = [one.bounding_box() for one in dock.locator("a, button").all()]
    assert len(sizes) == 4
    assert all(size and size["height"] >= 44 and size["width"] >= 44 for size in sizes)
    expect(dock.get_by_role("link", name="Orders")).to_have_attribute("aria-current", "page")
    dock.get_by_role("button", name="More").click()
    page.locator(":popover-open").get_by_role("link", name="Customers").click()
    page.wait_for_url("**/customers")
    # A field of 16 px is not zoomed by phones.
    page.goto(f"{desk.address}/orders/new")
    small = "[...document.querySelectorAll('input:not([type=checkbox]):not([type=hidden]),select')]"
    page.wait_for_selector(".submit")
    assert (
        page.evaluate(
            f"{small}.filter((one) => parseFloat(getComputedStyle(one).fontSize) < 16).length"
        )
        == 0
    )


def test_the_bar_covers_neither_the_focus_nor_the_forms_own_bar(page: Page, desk: Desk) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{desk.address}/orders/new")
    page.wait_for_selector(".submit")
    form = page.locator(".submit").bounding_box()
    dock = page.locator(".dock").bounding_box()
    assert form
    assert dock
    assert form["y"] + form["height"] <= dock["y"] + 1
    page.goto(f"{desk.address}/account")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert not page.evaluate(COVERED), page.evaluate("document.activeElement.id")


def test_the_menus_are_accessible(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/customers")
    page.locator("button.own").click()
    screen.check("the account's menu")
    page.keyboard.press("Escape")
    expect(page.locator(":popover-open")).to_have_count(0)
    expect(page.locator("button.own")).to_be_focused()
    page.set_viewport_size(PHONE)
    page.locator(".dock button").click()
    expect(page.locator("#more-menu")).to_be_visible()
