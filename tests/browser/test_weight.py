"""No page needs more than 180 kB on a first visit, the list's fifty rows included.

The typeface is 48 kB of them; it is kept for a year, and the page is readable before it arrives.
"""

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.browser.conftest import Desk, Watch

MOST = 180_000  # bytes


def test_a_first_visit_of_each_page_is_light(
    page: Page, chromium: Browser, watch: Watch, desk: Desk
) -> None:
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-0-configurationId", desk.skus[0])
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    code = page.url.split("/")[-2]
    signed_in = page.context.storage_state()
    for path in ("/sign-in", "/orders/new", "/orders", f"/orders/{code}", f"/orders/{code}/placed",
                 "/find", f"/o/{code}"):  # fmt: skip
        context = watch.over(chromium.new_context(storage_state=signed_in))  # an empty cache
        assert 1_000 < weight_of(context, desk.address + path) < MOST, path
        context.close()


def test_a_first_visit_of_the_settings_is_light(
    admin_page: Page, chromium: Browser, watch: Watch, desk: Desk
) -> None:
    signed_in = admin_page.context.storage_state()
    for path in ("organization", "staff", "tokens", "tokens/new", "attributes", "attributes/new"):
        context = watch.over(chromium.new_context(storage_state=signed_in))
        assert 1_000 < weight_of(context, f"{desk.address}/settings/{path}") < MOST, path
        context.close()


def weight_of(context: BrowserContext, address: str) -> int:
    """Return the bytes of all responses to a visit of this address."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    context.on("requestfinished", note)
    context.new_page().goto(address, wait_until="networkidle")
    sizes = [request.sizes() for request in requests]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
