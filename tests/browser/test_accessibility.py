"""axe-core finds nothing on any page, light and dark, wide and on a phone."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, sign_in


def check(page: Page, where: str) -> None:
    """Run axe and name what it finds; the page must not be wider than the screen either."""
    page.wait_for_load_state()  # a page without its styles would be judged
    results = Axe().run(page)
    found = [
        f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in results.response["violations"]
    ]
    assert found == [], where
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, f"{where} is {overflow} px too wide"


def test_every_page(screen: Screen, desk: Desk) -> None:
    page = screen.page
    page.goto(f"{desk.address}/sign-in")
    check(page, "sign-in")
    sign_in(page, desk)
    check(page, "new order, empty")
    page.fill("#name", "x" * 256)
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.fill("#cart-1-configurationId", "nope")
    page.fill("#cart-1-count", "0")
    page.keyboard.press("Tab")
    check(page, "new order, filled")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#summary")
    check(page, "new order, with errors")
    page.fill("#name", "Accessible")
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-1-configurationId", CHAIR)
    page.fill("#cart-1-count", "2")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    check(page, "placed")
    code = page.url.split("/")[-2]
    for path in (f"/orders/{code}", "/orders", "/orders?q=nothing", "/find", f"/o/{code}",
                 "/configurations", "/configurations?q=nothing",
                 f"/configurations/{desk.short_id}",
                 "/find?code=mistyped", "/nothing"):  # fmt: skip
        page.goto(desk.address + path)
        check(page, path)
