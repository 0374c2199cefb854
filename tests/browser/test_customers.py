"""Customers in the browser: their pages, and a new order that is filled in from one."""

import re

from playwright.sync_api import Page, Route, expect

from orders.domain.inputs import Limits
from orders.services.customers import customers
from tests.browser.conftest import Desk, Screen, sign_in


def add(desk: Desk, customer_id: str, **fields: object) -> None:
    with desk.org.app.app_context():
        raw = {"customerId": customer_id, **fields}
        customers.create(raw, actor=desk.org.actor(), limits=Limits())


def test_pages_of_customers_are_accessible(screen: Screen, desk: Desk) -> None:
    page, customer_id = screen.page, f"AXE-{screen.name}"
    address = {"lines": ["Hauptplatz 3"], "city": "Graz", "country": "AT"}
    add(desk, customer_id, name="Gasthof", addresses=[address], defaults={"finish": "matt"})
    with desk.org.app.app_context():
        fields: dict[str, object] = {
            "name": None,
            "addresses": [],
            "notes": "Ring twice\nthen wait",
        }
        customers.change(customer_id, fields, actor=desk.org.staff().actor, limits=Limits())
    sign_in(page, desk)
    for path in ("/customers", "/customers/import"):
        page.goto(desk.address + path)
        screen.check(path)
    page.goto(f"{desk.address}/customers/edit?id={customer_id}")
    page.fill("#email", "nobody")
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary")
    screen.check("a customer with an error")
    page.goto(f"{desk.address}/customers/show?id={customer_id}")
    page.locator(".events summary").click()
    screen.check("one customer with its history")


def test_a_chosen_customer_fills_the_order_in(page: Page, desk: Desk) -> None:
    add(desk, "FILL-1", name="Gasthof Zur Linde", defaults={"finish": "matt"})
    page.focus("#customerId")
    page.keyboard.type("linde")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("Enter")
    expect(page.locator("#metadata-finish")).to_have_value("matt")
    expect(page.locator("#customerId")).to_have_value("FILL-1")
    expect(page.locator("#name")).to_be_focused()
    page.get_by_role("button", name="Undo filling in").click()
    expect(page.locator("#metadata-finish")).to_have_value("")


def test_what_is_typed_meanwhile_is_kept(page: Page, desk: Desk) -> None:
    add(desk, "FILL-2", defaults={"finish": "matt"})
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(re.compile("/orders/new.form="), hold)
    page.fill("#customerId", "FILL-2")
    with page.expect_request(re.compile("/orders/new.form=")):
        page.keyboard.press("Tab")
    page.focus("#name")
    page.keyboard.type("Typed meanwhile")
    with page.expect_response(re.compile("/orders/new.form=")):
        waiting[0].continue_()
    page.unroute_all()
    page.wait_for_function("true")
    expect(page.locator("#name")).to_have_value("Typed meanwhile")
    expect(page.locator("#metadata-finish")).to_have_value("")
    page.keyboard.press("ArrowLeft")
    # At the next pause the server is asked again; the caret stays.
    expect(page.locator("#metadata-finish")).to_have_value("matt")
    page.keyboard.type("+")
    expect(page.locator("#name")).to_have_value("Typed meanwhil+e")
