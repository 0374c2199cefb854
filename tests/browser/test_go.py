"""The field "Go to or do…" by keyboard, on a phone, and without JavaScript."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_list import make_orders
from tests.browser.test_navigation import PHONE

FIRST = "#palette-list [aria-selected=true] .title"


def test_the_field_is_reached_from_anywhere_and_left_again(page: Page, desk: Desk) -> None:
    cell = page.locator("#cart-0-configurationId")
    cell.fill("half a na")
    cell.evaluate("field => field.setSelectionRange(4, 4)")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_focused()
    expect(page.locator(FIRST)).to_have_text("New order")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator(FIRST)).to_have_text("Orders")
    chosen = page.locator("#palette").get_attribute("aria-activedescendant")
    expect(page.locator("#palette-list [aria-selected=true]")).to_have_id(chosen or "")
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()
    expect(cell).to_have_value("half a na")
    assert cell.evaluate("field => field.selectionStart") == 4
    expect(page.locator("#palette-list")).to_be_hidden()
    # Enter waits for the answer to what was typed, however fast that was.
    page.keyboard.press("Control+k")
    page.keyboard.type("customers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers")
    word = make_orders(page, desk, 1)
    page.keyboard.press("Control+k")
    page.keyboard.type(word)
    expect(page.locator(FIRST)).to_have_text(re.compile("[0-9A-Z]{4}-"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/orders/[0-9A-Z]{12}$"))


def test_on_a_phone_its_icon_opens_it_in_the_header(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    page.set_viewport_size(PHONE)
    page.goto(f"{desk.address}/orders")
    page.locator(".palette label").click()
    expect(page.locator("#palette-list [role=option]").first).to_be_visible()
    header = page.locator("header.bar").bounding_box()
    assert header
    assert header["height"] < 60
    page.keyboard.type("oslo")
    expect(page.locator("#palette-list .detail").first).to_be_visible()
    screen.check("what the field finds")
    page.keyboard.press("Escape")
    page.goto(f"{desk.address}/go?q=oslo")
    screen.check("the page of the field")


def test_without_javascript_it_is_a_form(plain_page: Page, desk: Desk) -> None:
    page = plain_page
    page.goto(f"{desk.address}/orders")
    page.fill("#palette", desk.skus[0])
    page.keyboard.press("Enter")
    page.wait_for_url("**/go?q=*")
    page.get_by_role("main").get_by_role("link", name="Oslo CH").click()
    page.wait_for_url("**/configurations/*")
