"""Fields of every kind, for orders and lines, in real Chromium: accessible, checked, duplicated."""

import pytest
from playwright.sync_api import expect

from orders.domain.attributes import Applies, AttributeRule, Kind, Option
from tests.actors import make_org
from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_entry_accessibility import unfold

WOODS = (Option("oak", "Oak"), Option("ash", "Ash"))
RULES = [
    AttributeRule(
        kind, kind.title(), kind, WOODS if kind in {Kind.OPTION, Kind.MANY} else (),
        hint="A hint", group="Details" if kind in {Kind.EMAIL, Kind.URL} else "",
    )
    for kind in Kind
]  # fmt: skip
LINE_RULES = [
    AttributeRule(f"line-{kind}", f"Line {kind}", kind, WOODS if kind is Kind.MANY else (),
                  Applies.LINE)
    for kind in (Kind.TEXT, Kind.MANY, Kind.MONEY, Kind.DATE)
]  # fmt: skip


@pytest.fixture(scope="module")
def own_desk(desk: Desk) -> Desk:
    """The same server, with an org of its own that has attributes of every kind."""
    org = make_org(desk.org.app, "Kinds")
    org.staff()
    org.define(*RULES, *LINE_RULES)
    card = org.save("Oslo chair", "KINDS-1")
    return Desk(desk.address, org, ("KINDS-1",), card.short_id)


def test_every_kind_is_accessible_checked_at_once_and_copied_with_its_row(
    screen: Screen, own_desk: Desk
) -> None:
    page = screen.page
    sign_in(page, own_desk)
    unfold(page)
    page.fill("#metadata-email", "nobody")
    page.keyboard.press("Tab")
    expect(page.locator("#metadata-email-error")).not_to_be_empty()
    expect(page.locator("#metadata-email")).to_have_attribute("aria-invalid", "true")
    page.fill("#metadata-email", "ada@example.com")
    page.fill("#metadata-date", "2027-01-18")
    page.fill("#cart-0-configurationId", "KINDS-1")
    page.press("button[value='details:0']", "Enter")
    page.fill("#cart-0-metadata-line-text", "For Anna")
    page.press("input[name='cart.0.metadata.line-many'][value='ash']", "Space")
    screen.check("an order form with every kind of attribute")
    page.press("button[value='duplicate:0']", "Enter")
    copy = page.locator("#lines > li").nth(1)
    expect(copy.locator("[name$='metadata.line-text']")).to_have_value("For Anna")
    expect(copy.locator("[value='ash']")).to_be_checked()
    expect(copy.locator("[value='oak']")).not_to_be_checked()
