"""The customer pages as they look: both languages, both themes, on paper, without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.inputs import Limits
from orders.services.accounts import orgs
from orders.services.orders import intake
from tests.actors import Org, make_org
from tests.browser.conftest import Desk, Screen, Watch, sign_in
from tests.uploads import PNG

NUMBER = "C-4711"


@dataclass(frozen=True)
class Shown:
    """An org in a look of its own that asks for the customer ID, and codes of its orders."""

    asking: str
    nameless: str


@pytest.fixture(scope="session")
def shown(desk: Desk) -> Shown:
    app = desk.org.app
    org = make_org(app, "Studio Nord")
    org.define(AttributeRule("day", "Delivery", Kind.TEXT, visible_to_customer=True))
    card = org.save("Oslo chair", "OSL-1")
    with app.app_context():
        orgs.change_customer_page(
            org.id, customer_check="customerId", accent="#ffd400", contact="+49 30 123456",
            language="",
        )  # fmt: skip
        orgs.set_logo(
            org.id, file_name="a.png", declared_type="image/png", content=PNG,
            store=app.extensions["files"],
        )  # fmt: skip
    lines = [{"configurationId": card.id, "count": 1200}, {"configurationId": card.id, "count": 2}]
    values = {"day": "2026-12-18"}
    return Shown(
        place(app, org, customerId=NUMBER, status="In Progress", cart=lines, metadata=values),
        place(app, org, status="Complete", cart=lines),
    )


def place(app: Flask, org: Org, **fields: object) -> str:
    with app.app_context():
        draft = intake.check_order(fields, actor=org.actor(), limits=Limits())
        return intake.create_order(draft, actor=org.actor()).short_id


def test_axe_finds_nothing_on_any_of_them(screen: Screen, desk: Desk, shown: Shown) -> None:
    page = screen.page
    for path in ("/find", "/find?code=mistyped", "/o/look/x.css", f"/o/{shown.nameless}",
                 f"/o/{shown.asking}"):  # fmt: skip
        page.goto(desk.address + path)
        assert page.locator("html").get_attribute("lang") == screen.language
        screen.check(path)
    tell(page, "wrong")
    screen.check("a wrong number")
    tell(page, NUMBER)
    expect(page.locator("h3").first).to_have_text("Oslo chair")
    screen.check("the whole order")


def tell(page: Page, number: str) -> None:
    page.fill("#number", number)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.fixture
def plain_german(chromium: Browser, watch: Watch) -> Iterator[Page]:
    """A German customer's phone with JavaScript switched off."""
    context = watch.over(
        chromium.new_context(
            java_script_enabled=False, locale="de-DE", viewport={"width": 390, "height": 800}
        )
    )
    yield context.new_page()
    context.close()


def test_a_customer_without_scripts_finds_and_opens_the_order(
    plain_german: Page, desk: Desk, shown: Shown
) -> None:
    page = plain_german
    page.goto(f"{desk.address}/find")
    expect(page.locator("h1")).to_have_text("Ihre Bestellung finden")
    page.fill("#code", shown.asking.lower())
    page.keyboard.press("Enter")
    expect(page.locator(".status")).to_have_text("In Produktion")
    expect(page.locator("h3")).to_have_count(0)
    page.fill("#number", "C-4712")
    page.keyboard.press("Enter")
    expect(page.locator("#number-error")).to_have_text(
        "Das ist nicht die Kundennummer dieser Bestellung."
    )
    expect(page.locator("#number")).to_be_focused()
    page.fill("#number", "c4711")
    page.keyboard.press("Enter")
    expect(page.locator("h3").first).to_have_text("Oslo chair")
    expect(page.locator(".pieces").first).to_contain_text("1.200")
    expect(page.locator(".facts dd")).to_contain_text("Freitag, 18. Dezember 2026")
    # What needs a script is not offered.
    expect(page.locator(".copies, .shares, .prints").locator("visible=true")).to_have_count(0)
    page.get_by_role("link", name="English").click()
    expect(page.locator(".status")).to_have_text("In production")
    expect(page.locator("h3").first).to_have_text("Oslo chair")
    with page.expect_download() as download:
        page.get_by_role("link", name="Add to calendar: Delivery").click()
    assert download.value.suggested_filename == f"{shown.asking}.ics"


def test_the_look_is_the_orgs_own(stranger: Page, desk: Desk, shown: Shown) -> None:
    stranger.goto(f"{desk.address}/o/{shown.asking}")
    expect(stranger.locator(".brand")).to_have_text("Studio Nord")
    expect(stranger.locator(".bar")).to_have_css("border-top-color", "rgb(255, 212, 0)")
    assert stranger.locator(".logo").evaluate("image => image.complete && image.naturalWidth > 0")
    # Bright yellow would not be read as text: it is darkened there.
    assert stranger.locator(".address a").evaluate("a => getComputedStyle(a).color") != (
        "rgb(255, 212, 0)"
    )
    expect(stranger.locator(".contact")).to_have_text("Questions? +49 30 123456")


def test_on_paper_the_header_stays_and_the_buttons_go(
    stranger: Page, desk: Desk, shown: Shown
) -> None:
    stranger.goto(f"{desk.address}/o/{shown.asking}")
    tell(stranger, NUMBER)
    stranger.emulate_media(media="print")
    for seen in (".brand", ".code", "h3", ".contact", ".address"):
        expect(stranger.locator(seen).first).to_be_visible()
    for hidden in (".languages", ".acts", ".calendar", ".skip"):
        expect(stranger.locator(hidden)).to_be_hidden()


def test_the_link_is_shared_by_the_browser_where_it_can(
    stranger: Page, desk: Desk, shown: Shown
) -> None:
    stranger.add_init_script(
        "window.handed = []; navigator.share = async (what) => { window.handed.push(what); };"
    )
    stranger.goto(f"{desk.address}/o/{shown.asking}")
    stranger.get_by_role("button", name="Share").click()
    assert stranger.evaluate("window.handed") == [
        {
            "title": stranger.title().removesuffix(" – Studio Nord"),  # noqa: RUF001
            "url": f"{desk.address}/o/{shown.asking}",
        }
    ]


def test_elsewhere_it_is_copied(stranger: Page, desk: Desk, shown: Shown) -> None:
    stranger.add_init_script("delete Navigator.prototype.share;")
    stranger.context.grant_permissions(["clipboard-read", "clipboard-write"])
    stranger.goto(f"{desk.address}/o/{shown.asking}?lang=de")
    expect(stranger.get_by_role("button", name="Teilen")).to_have_count(0)
    stranger.get_by_role("button", name="Link kopieren").click()
    expect(stranger.locator("#said")).to_have_text("Der Link ist kopiert.")
    expect(stranger.locator(".copies")).to_have_text("Kopiert")
    copied = stranger.evaluate("navigator.clipboard.readText()")
    assert copied == f"{desk.address}/o/{shown.asking}"


def test_an_admin_sees_the_colour_while_typing_it(admin_page: Page, desk: Desk) -> None:
    admin_page.goto(f"{desk.address}/settings/customers")
    button = admin_page.locator(".preview.light .pressed")
    admin_page.fill("#accent", "#7a1f5c")
    expect(button).to_have_css("background-color", "rgb(122, 31, 92)")
    admin_page.fill("#accent", "#7a1f5")  # not a colour yet: the last one stays
    expect(button).to_have_css("background-color", "rgb(122, 31, 92)")
    dark = admin_page.locator(".preview.dark .pressed")
    assert dark.evaluate("one => getComputedStyle(one).backgroundColor") != "rgb(122, 31, 92)"


def test_axe_finds_nothing_on_the_settings(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk, desk.org.admin().email)
    page.goto(f"{desk.address}/settings/organization")
    screen.check("organization")
    page.goto(f"{desk.address}/settings/customers")
    screen.check("customer page")
    page.fill("#accent", "red")
    screen.button("Save").first.click()
    page.wait_for_selector("#summary")
    expect(page.locator("#accent")).to_have_value("red")
    screen.check("customer page with an error")
