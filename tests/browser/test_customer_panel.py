"""The customer's panel in the browser: usual products by key, the sentence, flags, one undo."""

import re

from playwright.sync_api import Page, ViewportSize, expect

from orders.domain.inputs import Limits
from orders.services.catalog import products
from orders.services.customers import customers
from orders.services.orders import intake
from tests.browser.conftest import Desk, Screen, sign_in

# Notes what the page is asked to add, in place of adding it.
CAUGHT = """() => { window.added = [];
    window.addEventListener("order:add-line", (event) => {
        event.stopImmediatePropagation();
        window.added.push(event.detail);
    }, true); }"""
WIDE: ViewportSize = {"width": 1280, "height": 800}  # all fields can be seen


def known(desk: Desk, customer_id: str) -> None:
    """Make a customer with a record, three orders, and an open cart."""
    with desk.org.app.app_context():
        actor, limits = desk.org.actor(), Limits()
        record = {"customerId": customer_id, "name": "Linde", "defaults": {"finish": "matt"}}
        customers.create(record, actor=actor, limits=limits)
        chair = products.resolve([desk.skus[0]], desk.org.id)[desk.skus[0]]
        for status in ("New", "New", "New", "In Cart"):
            cart = [{"configurationId": chair.id, "count": 14}]
            raw: dict[str, object] = {"customerId": customer_id, "status": status, "cart": cart}
            raw["metadata"] = {"finish": "gloss"}
            draft = intake.check_order(raw, actor=actor, limits=limits)
            intake.create_order(draft, actor=actor)


def test_keys_add_usual_products_and_the_sentence_follows(page: Page, desk: Desk) -> None:
    known(desk, "PANEL-1")
    page.evaluate(CAUGHT)
    page.fill("#customerId", "PANEL-1")
    page.keyboard.press("Tab")
    expect(page.locator(".who-orders a")).to_have_text("Linde")
    expect(page.locator("#metadata-finish")).to_have_value("matt")
    page.focus("#name")
    page.keyboard.press("Alt+1")
    page.locator(".usual-lines button").first.focus()
    page.keyboard.press("1")
    page.locator(".usual-lines button").first.click()
    reference = page.locator(".usual-lines button").first.get_attribute("data-reference")
    assert page.evaluate("window.added") == [{"reference": reference, "count": "14"}] * 3
    # A digit that is typed into a field stays one.
    page.focus("#name")
    page.keyboard.press("1")
    expect(page.locator("#name")).to_have_value("1")

    page.select_option("#metadata-finish", "gloss")
    expect(page.locator("#metadata-finish-differs")).to_contain_text("usually")
    described = page.locator("#metadata-finish").get_attribute("aria-describedby") or ""
    assert set(described.split()) & {"metadata-finish-hint", "metadata-finish-differs"}
    page.select_option("#metadata-finish", "matt")
    expect(page.locator("#metadata-finish-differs")).to_have_count(0)
    row = page.locator("#lines > .line").first
    row.locator(".reference").fill(reference or "")
    row.locator(".count input").fill("140")
    expect(page.locator(".read-back")).to_contain_text(
        re.compile("^Linde, .*: 140 items in 1 line$")
    )
    expect(page.locator(".read-back-warnings")).to_contain_text("usually 14, now 140")
    page.get_by_role("button", name="Undo filling in").click()
    expect(page.locator("#metadata-finish")).to_have_value("")
    expect(page.locator("#metadata-finish-differs")).to_contain_text("usually")


# A key as `event.key` and `event.code`, with Alt or AltGr; false if the page has taken it.
PRESS = """(field, {key, altGraph}) => field.dispatchEvent(new KeyboardEvent("keydown", {
    key, code: "KeyR", altKey: true, modifierAltGraph: altGraph, bubbles: true,
    cancelable: true}))"""


def test_alt_r_repeats_the_last_order(page: Page, desk: Desk) -> None:
    known(desk, "PANEL-R")
    field, form = page.locator("#customerId"), page.url
    assert field.evaluate(PRESS, {"key": "r", "altGraph": False})  # there is no last order yet
    field.fill("PANEL-R")
    page.keyboard.press("Tab")
    key = page.locator("#customer-panel .last-order kbd")
    expect(key).to_have_text("Alt R")
    expect(page.locator("[aria-keyshortcuts='Alt+R']")).to_have_count(1)
    for key_typed, alt_graph in (("r", True), ("®", False)):  # AltGr, and Option on a Mac
        pressed = {"key": key_typed, "altGraph": alt_graph}
        assert page.locator("#name").evaluate(PRESS, pressed)
    assert page.url == form
    page.keyboard.press("Alt+r")
    page.wait_for_url("**/orders/new?*from=*")
    expect(page.locator("#customerId")).to_have_value("PANEL-R")
    expect(page.locator("#cart-0-count")).to_have_value("14")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")


def test_the_panel_is_accessible(screen: Screen, desk: Desk) -> None:
    page, customer_id = screen.page, f"PANEL-{screen.name}"
    known(desk, customer_id)
    page.set_viewport_size(WIDE)
    sign_in(page, desk)
    page.fill("#customerId", "nobody-yet")
    page.keyboard.press("Tab")
    page.locator(".new-customer summary").click()
    page.fill("#customerId", customer_id)
    page.keyboard.press("Tab")
    expect(page.locator(".who-orders a")).to_have_text("Linde")
    page.select_option("#metadata-finish", "gloss")
    expect(page.locator("#metadata-finish-differs")).to_be_visible()
    screen.check("the customer of an order", within="#order-form")


# Placing takes two seconds, as on a slow line, and so does the first answer that fills in.
SLOW = """() => { const send = window.fetch; let filled = 0;
    const pause = (milliseconds) => new Promise((go) => setTimeout(go, milliseconds));
    window.fetch = async (address, sent) => {
        const action = sent?.body?.get?.("do");
        if (action === "place") await pause(2000);
        if (action === "fill" && !filled++) await pause(400);
        return send(address, sent);
    }; }"""


def test_the_answer_of_placing_is_shown_while_values_are_filled_in(page: Page, desk: Desk) -> None:
    known(desk, "PANEL-SLOW")
    page.evaluate(SLOW)
    page.fill("#customerId", "PANEL-SLOW")
    page.locator("#lines .reference").first.fill("nonsense")
    page.focus("#name")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#summary")).to_contain_text("Fix 2 fields to place this order.")
