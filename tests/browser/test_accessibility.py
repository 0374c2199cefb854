"""axe-core finds nothing on any page, light and dark, wide and on a phone."""

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, sign_in_by_form


def test_every_page(screen: Screen, desk: Desk) -> None:
    page = screen.page
    page.goto(f"{desk.address}/sign-in")
    screen.check("sign-in")
    sign_in_by_form(page, desk)
    screen.check("new order, empty")
    page.fill("#name", "x" * 256)
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.fill("#cart-1-configurationId", "nope")
    page.fill("#cart-1-count", "0")
    page.keyboard.press("Tab")
    screen.check("new order, filled")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#summary")
    screen.check("new order, with errors")
    page.fill("#name", "Accessible")
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-1-configurationId", CHAIR)
    page.fill("#cart-1-count", "2")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    screen.check("placed")
    code = page.url.split("/")[-2]
    for path in (f"/orders/{code}", "/orders", "/orders?q=nothing", "/find", f"/o/{code}",
                 "/configurations", "/configurations?q=nothing",
                 f"/configurations/{desk.short_id}",
                 "/find?code=mistyped", "/nothing"):  # fmt: skip
        page.goto(desk.address + path)
        screen.check(path)
