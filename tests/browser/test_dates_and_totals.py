"""Totals follow what is typed; overdue orders and the filters by dates are accessible."""

import re

import pytest
from playwright.sync_api import expect

from orders.domain.attributes import Applies, AttributeRule, Kind, Option, Total
from tests.actors import make_org
from tests.browser.conftest import Desk, Screen, sign_in
from tests.desk.test_pages import make_order

RULES = (
    AttributeRule("week", "Delivery week", Kind.WEEK, is_due=True),
    AttributeRule(
        "price", "Price", Kind.MONEY, (Option("EUR", "EUR"),), Applies.LINE, total=Total.QUANTITY
    ),
)


@pytest.fixture(scope="module")
def own_desk(desk: Desk) -> Desk:
    """The same server, with an org of its own that has a due date and a price of lines."""
    org = make_org(desk.org.app, "Due")
    org.staff()
    org.define(*RULES)
    card = org.save("Oslo chair", "DUE-1")
    return Desk(desk.address, org, ("DUE-1",), card.short_id)


def test_totals_and_overdue_orders(screen: Screen, own_desk: Desk) -> None:
    page, price = screen.page, {"amount": "0.10", "currency": "EUR"}
    line = {"configurationId": own_desk.short_id, "count": 3, "metadata": {"price": price}}
    code = make_order(own_desk.org, metadata={"week": "2020-W53"}, cart=[line])["shortId"]
    sign_in(page, own_desk)
    page.goto(f"{own_desk.address}/orders/new?from={code}")
    total = page.locator("#line-totals")
    expect(total).to_contain_text(re.compile("0[.,]30"))
    page.fill("[name='cart.0.count']", "5")
    page.keyboard.press("Tab")
    expect(total).to_contain_text(re.compile("0[.,]50"))
    screen.check("an order form with a total")
    page.goto(f"{own_desk.address}/orders?metadata.week=overdue&columns=metadata.week,total.price")
    expect(page.locator(f"#row-{code}")).to_contain_text(screen.say("Overdue"))
    page.locator("details.filters > summary").click()
    screen.check("a list of overdue orders with its filters")
    page.goto(f"{own_desk.address}/")
    page.locator("#overdue a").click()
    expect(page.locator(f"#row-{code}")).to_be_visible()
