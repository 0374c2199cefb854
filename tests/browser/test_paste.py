"""Pasting an e-mail in Chromium: what is certain is in the form, and Tab leads to what is not."""

import re

from playwright.sync_api import Page, Route, expect

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.inputs import Limits
from orders.services.accounts import attributes
from orders.services.customers import customers
from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_entry import paste


def mail(desk: Desk) -> str:
    return (
        f"Hello,\nplease send us\n\n3 x {desk.skus[0]}\n2 Oslo TB\n4 x OSL-PL-03\n\n"
        "Kind regards\nHans\npaste@hans.example\n+43 512 123456"
    )


def test_an_e_mail_of_three_lines_is_pasted_and_placed_with_few_keys(
    page: Page, desk: Desk
) -> None:
    with desk.org.app.app_context():
        record = {"customerId": "HANS-1", "name": "Hans", "email": "paste@hans.example"}
        customers.create(record, actor=desk.org.actor(), limits=Limits())
    page.select_option("#metadata-finish", "matt")
    page.evaluate("document.activeElement.blur()")
    paste(page, mail(desk))  # anywhere on the page: Ctrl V, two keys
    keys = ["Control", "V"]
    expect(page.locator("#lines > .line")).to_have_count(3)
    second, third = (page.locator("#lines .reference").nth(at) for at in (1, 2))
    expect(second).to_be_focused()
    expect(second).to_have_value(desk.skus[1])
    expect(page.locator("#said")).to_have_text("One line is certain. 2 lines need a look.")
    expect(page.locator(".tally")).to_have_text("One line is certain. 2 lines need a look.")
    expect(page.locator("[data-doubtful]")).to_contain_text("Matched by name from “2 Oslo TB”")

    expect(page.locator("#customerId")).to_have_value("HANS-1")
    expect(page.locator(".finds")).to_contain_text("Hans (HANS-1)")

    def press(key: str) -> None:
        page.keyboard.press(key)
        keys.extend(key.split("+"))

    press("Tab")
    expect(third).to_be_focused()
    second.focus()  # back, and it is right
    press("Enter")
    expect(page.locator("[data-doubtful]")).to_have_count(0)
    expect(third).to_be_focused()
    expect(page.locator("#lines")).to_contain_text("No product matches “OSL-PL-03”.")
    press("Enter")  # takes the closest
    expect(third).to_have_value(desk.skus[2])
    expect(page.locator("#lines .what")).to_have_count(3)
    press("Control+Enter")
    page.wait_for_url("**/placed")
    assert len(keys) <= 20
    counts = page.locator(".cart-lines tbody td:last-child").all_inner_texts()
    assert counts == ["3", "2", "4"]
    page.goto(page.url.removesuffix("/placed"))
    page.locator("#pasted-text summary").click()
    expect(page.locator("#pasted-text pre")).to_contain_text("+43 512 123456")


def test_many_lines_in_the_customers_field_are_read(page: Page, desk: Desk) -> None:
    page.focus("#customerId")
    paste(page, f"{desk.skus[0]}\t3\r\n{desk.skus[1]}\t4")
    expect(page.locator("#lines .what")).to_have_count(2)
    assert page.input_value("#customerId") == ""
    page.focus("#customerId")
    paste(page, "one line")  # is for the field
    expect(page.locator("#lines .what")).to_have_count(2)
    page.locator("#lines .reference").last.focus()
    page.keyboard.type("xyzzy")
    expect(page.locator(".no-match")).to_have_text("No product matches “xyzzy”.")


def test_nothing_pasted_is_lost_while_the_customer_is_filled_in(page: Page, desk: Desk) -> None:
    with desk.org.app.app_context():
        record = {"customerId": "PASTE-2", "email": "two@paste.example", "defaults": {}}
        record["defaults"] = {"finish": "gloss"}
        customers.create(record, actor=desk.org.actor(), limits=Limits())
        rule = AttributeRule("week", "Delivery week", Kind.WEEK)
        added = attributes.add_attribute(desk.org.id, rule)
    try:
        page.reload()
        paste(page, f"Hi,\n3 x {desk.skus[0]}\nDelivery week 3/2027\nThanks\ntwo@paste.example")
        expect(page.locator("#metadata-finish")).to_have_value("gloss")
        expect(page.locator("#metadata-week")).to_have_value("2027-W03")
        expect(page.locator("#lines .what")).to_have_count(1)
    finally:
        with desk.org.app.app_context():
            attributes.remove_attribute(desk.org.id, added)
    page.goto(f"{desk.address}/orders/new")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("/orders/new.form="), hold)
    page.fill("#customerId", "PASTE-2")
    with page.expect_request(re.compile("/orders/new.form=")):
        page.keyboard.press("Tab")
    page.route(re.compile("/orders/new/paste"), hold)
    page.focus("#cart-0-configurationId")
    with page.expect_request(re.compile("/orders/new/paste")):
        paste(page, f"{desk.skus[0]}\t3\n{desk.skus[1]}\t4")
    for route in held:  # the answer for the customer is the first, and must not replace the form
        with page.expect_response(route.request.url):
            route.continue_()
    page.unroute_all()
    expect(page.locator("#lines .what")).to_have_count(2)
    expect(page.locator("#metadata-finish")).to_have_value("gloss")
    # Enter in the empty line below them leads to what has no value yet.
    page.locator("#lines .reference").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#metadata-note")).to_be_focused()


def test_axe_finds_nothing_about_a_pasted_e_mail(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    page.focus("#cart-0-configurationId")
    paste(page, mail(desk))
    expect(page.locator("[data-doubtful]")).to_have_count(1)
    page.locator(".pasted-text summary").click()
    screen.check("a pasted e-mail", within="#cart")
