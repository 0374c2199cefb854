"""Two people change one order in Chromium: by keyboard alone, without scripts, accessibility."""

from playwright.sync_api import Page, expect

from orders.domain.inputs import Limits
from orders.services.orders import changes as order_changes
from orders.services.orders import queries
from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_order_page import place_order


def change(desk: Desk, code: str, **raw: object) -> None:
    """Change the order as another person."""
    with desk.org.app.app_context():
        actor = desk.org.actor()
        changes = order_changes.check_changes(raw, actor=actor, limits=Limits())
        order_changes.change_order(code, changes, actor=actor)


def change_count(desk: Desk, code: str, count: int) -> None:
    with desk.org.app.app_context():
        [line, *_] = queries.find_order(code, desk.org.id).cart
    change(desk, code, cart=[{"configurationId": line.configuration_id, "count": count}])


def type_over_changes(page: Page, desk: Desk) -> str:
    """Change what someone else changes, try to save it, and return the order's short ID."""
    code = place_order(desk, name="Oak")
    page.goto(f"{desk.address}/orders/{code}/edit")
    page.fill("#name", "Ash")
    page.fill("#cart-0-count", "20")
    change(desk, code, name="Elm")
    change_count(desk, code, 30)
    return code


def stored(desk: Desk, code: str) -> tuple[str | None, int]:
    with desk.org.app.app_context():
        order = queries.find_order(code, desk.org.id)
        return order.name, order.cart[0].count


def test_the_choices_are_made_by_keyboard_alone(page: Page, desk: Desk) -> None:
    sign_in(page, desk)
    code = type_over_changes(page, desk)
    page.keyboard.press("Control+Enter")
    choices = page.locator(".conflicts input[type=radio]")
    expect(choices).to_have_count(4)
    expect(choices.nth(0)).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(choices.nth(0)).to_be_checked()
    expect(choices.nth(3)).to_be_checked()
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/orders/{code}")
    assert stored(desk, code) == ("Ash", 30)


def test_the_choices_are_made_without_javascript(plain_page: Page, desk: Desk) -> None:
    page = plain_page
    code = type_over_changes(page, desk)
    page.click("button[value=save]")
    expect(page.get_by_role("button", name="Keep all of yours")).to_be_hidden()  # a script presses
    page.get_by_role("radio", name="Order name, theirs: Elm").check()
    page.get_by_role("radio", name="Quantity, line 1, yours: 20").check()
    page.click("button[value=save]")
    page.wait_for_url(f"**/orders/{code}")
    assert stored(desk, code) == ("Elm", 20)


def test_axe_finds_nothing(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    type_over_changes(page, desk)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".conflicts input").first).to_be_focused()
    screen.check("conflicts", within=".conflicts")
