"""The order page and the start page in real Chromium: keyboard, no scripts, accessibility."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from orders.domain.order import CartLine, OrderChanges
from orders.domain.status import Status
from orders.services.orders import changes as order_changes
from orders.services.orders import notes
from tests.actors import PASSWORD, make_org
from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, sign_in
from tests.browser.test_settings import tab_to

SIZES = [1440, 390, 320]


def place_order(desk: Desk, **fields: object) -> str:
    order = {"metadata": {"finish": "matt"}, "cart": [{"configurationId": CHAIR, "count": 1}]}
    headers = {"Authorization": f"Bearer {desk.org.private.secret}"}
    client = desk.org.app.test_client()
    answer = client.post("/api/orders", json={**order, **fields}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json or {}
    return str(made["shortId"])


def change(desk: Desk, code: str, **fields: Any) -> None:  # noqa: ANN401 - fields of every type
    with desk.org.app.app_context():
        order_changes.change_order(code, OrderChanges(**fields), actor=desk.org.actor())


def test_the_status_moves_and_comes_back_by_keyboard_alone(page: Page, desk: Desk) -> None:
    code = place_order(desk)
    page.goto(f"{desk.address}/orders/{code}")
    tab_to(page, page.get_by_role("button", name="Mark as In Progress"))
    page.keyboard.press("Enter")
    notice = page.locator(".notice")
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("Status changed from New to In Progress.")
    expect(page.locator(".steps [aria-current=step]")).to_have_text("In Progress")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("Status changed back to New.")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_two_people_on_one_order(page: Page, desk: Desk) -> None:
    code = place_order(desk)
    page.goto(f"{desk.address}/orders/{code}")
    change(desk, code, name="Meanwhile")
    page.get_by_role("button", name="Mark as In Progress").click()
    stale = page.get_by_role("alert")
    expect(stale).to_be_focused()
    expect(stale).to_contain_text("Order name: nothing → to Meanwhile")
    page.get_by_role("button", name="Mark as In Progress anyway").click()
    expect(page.locator(".steps [aria-current=step]")).to_have_text("In Progress")


def test_everything_works_without_javascript(plain_page: Page, desk: Desk) -> None:
    page, code = plain_page, place_order(desk)
    page.goto(f"{desk.address}/orders/{code}")
    page.get_by_role("button", name="Change status:").click()
    page.get_by_role("button", name="Complete", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("Status changed from New to Complete.")
    page.fill("#note", "Ring before nine")
    page.get_by_role("button", name="Add note").click()
    page.wait_for_url("**#note-*")
    expect(page.locator(".note-text")).to_have_text("Ring before nine")
    page.locator(".note-foot summary").click()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("No notes yet.")).to_be_visible()
    page.get_by_role("button", name="Delete order").click()
    expect(page.get_by_role("heading", name="Deleted")).to_be_visible()
    page.get_by_role("button", name="Restore order").click()
    expect(page.locator(".notice")).to_contain_text("Order restored")


def test_a_double_click_writes_one_note(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.address}/orders/{place_order(desk)}")
    page.fill("#note", "Once")
    page.get_by_role("button", name="Add note").dblclick()
    page.wait_for_url("**#note-*")
    expect(page.locator(".note-text")).to_have_count(1)


def test_a_note_survives_the_end_of_the_session(page: Page, desk: Desk) -> None:
    code = place_order(desk)
    page.goto(f"{desk.address}/orders/{code}")
    page.fill("#note", "Typed before lunch,\nsent after")
    page.context.clear_cookies()
    page.get_by_role("button", name="Add note").click()
    page.wait_for_url(re.compile(rf"/sign-in\?next=/orders/{code}"))
    page.fill("#email", desk.org.email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{code}")
    expect(page.locator("#note")).to_have_value("Typed before lunch,\nsent after")
    page.get_by_role("button", name="Add note").click()
    page.wait_for_url("**#note-*")
    expect(page.locator(".note-text")).to_have_count(1)
    expect(page.locator("#note")).to_have_value("")
    page.goto(f"{desk.address}/orders/{code}")
    expect(page.locator("#note")).to_have_value("")


def test_a_sheet_prints_on_pages_of_its_own(page: Page, desk: Desk) -> None:
    codes = [place_order(desk), place_order(desk)]
    page.goto(f"{desk.address}/orders/print?codes={','.join(codes)}")
    expect(page.get_by_role("article")).to_have_count(2)
    page.emulate_media(media="print")
    expect(page.locator("header.screen")).to_be_hidden()
    document = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type /Page\b", document)) == 2


def test_the_navigation_leads_to_an_order_by_its_code(page: Page, desk: Desk) -> None:
    code = place_order(desk)
    page.goto(desk.address)
    page.fill("#palette", f"{code[:4]} {code[4:8]}-{code[8:].lower()}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{code}")


def test_every_state_of_an_order_is_accessible(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    for status in Status:
        page_of(screen, desk, place_order(desk, status=str(status)), str(status))
    code = place_order(desk, name="x" * 200, customerId="y" * 200, cart=[], status="List")
    with desk.org.app.app_context():
        for number in range(12):
            notes.add_note(code, f"Note {number} {'word ' * 60}", actor=desk.org.staff().actor)
    change(desk, code, cart=tuple(CartLine(CHAIR, count) for count in range(1, 10)))
    change(desk, code, metadata={"finish": "gloss", "long": "z" * 900, "note": "a\nb"})
    for number in range(9):
        change(desk, code, name=f"Name {number}")
    page_of(screen, desk, code, "notes and a long history")
    for summary in page.locator("details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    screen.check("all unfolded")
    page.click("button.primary[name=status]")
    screen.check("after a change, with Undo")
    change(desk, code, cart=())
    page.click("button.primary[name=status]")
    screen.check("stale")
    page.click(".notice button[name=status]")
    page.locator("#status-error").wait_for()
    screen.check("refused in place")
    screen.button("Add note").click()
    screen.check("an empty note")
    screen.button("Delete order").click()
    screen.check("in the bin")
    for path in (f"{place_order(desk)}/print", f"print?codes={code},{place_order(desk)}", "print"):
        page.goto(f"{desk.address}/orders/{path}")
        screen.check(path)


def page_of(screen: Screen, desk: Desk, code: str, where: str) -> None:
    screen.page.goto(f"{desk.address}/orders/{code}")
    screen.check(where)


def test_the_start_page_is_accessible_empty_and_full(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    place_order(desk)
    page.goto(desk.address)
    screen.check("full")
    page.locator(".chart summary").click()
    screen.check("with the table")
    page.context.clear_cookies()
    name = f"Empty {screen.name}"
    empty = make_org(desk.org.app, name)
    sign_in(page, desk, empty.staff().email)
    page.goto(desk.address)
    expect(page.get_by_text(screen.say("No orders today yet."))).to_be_visible()
    screen.check("empty")
