"""Every page works at 200 % zoom, when screens of 1440 or 1280 pixels are half as wide."""

import pytest
from playwright.sync_api import Browser

from tests.bad_orders import CHAIR
from tests.browser.conftest import LOCALES, Desk, Watch, sign_in

WIDTHS = (1440, 1280)
PAGES = (
    "/", "/orders", "/orders?status=x&from=nope", "/orders/new", "/orders/{code}",
    "/orders/{code}/edit", "/orders/{code}/print", "/orders/{code}/placed", "/orders/import",
    "/customers", "/customers/new", "/customers/import",
    "/configurations", "/configurations?view=grid", "/configurations/import", "/configurations/new",
    "/account", "/account/second-factor",
    "/settings/organization", "/settings/customers", "/settings/staff",
    "/settings/staff/new", "/settings/staff/invite",
    "/settings/tokens", "/settings/tokens/new", "/settings/attributes", "/settings/attributes/new",
    "/settings/webhooks", "/settings/webhooks/new", "/docs/api", "/docs/api/requests",
    "/find", "/o/{code}", "/nothing",
)  # fmt: skip


@pytest.mark.parametrize("language", LOCALES)
def test_no_page_is_wider_than_the_screen(
    chromium: Browser, watch: Watch, desk: Desk, language: str
) -> None:
    context = watch.over(chromium.new_context(device_scale_factor=2, locale=LOCALES[language]))
    page = context.new_page()
    order = {"metadata": {"finish": "matt"}, "cart": [{"configurationId": CHAIR, "count": 1}]}
    made = page.request.post(
        f"{desk.address}/api/orders",
        data=order, headers={"Authorization": f"Bearer {desk.org.private.secret}"},
    )  # fmt: skip
    code = made.json()["shortId"]
    sign_in(page, desk, desk.org.admin().email)
    too_wide = {}
    for path in PAGES:
        page.goto(desk.address + path.format(code=code))
        for width in WIDTHS:
            page.set_viewport_size({"width": width // 2, "height": 450})
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wider > 0:
                too_wide[path, width] = wider
    assert too_wide == {}
    context.close()
