"""Entering an order in real Chromium: by keyboard, without JavaScript, by paste, and repeatedly."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from orders.services.catalog import products
from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Watch
from tests.browser.test_order_page import place_order
from tests.html import read

CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def references(page: Page) -> list[str]:
    """Read the Configuration IDs of the rows, blank ones left out."""
    fields = page.locator("#lines .reference").all()
    return [value for value in (field.input_value() for field in fields) if value]


def orders_named(page: Page, desk: Desk, name: str) -> int:
    """Count the stored orders with this name, as the list shows them."""
    text = page.request.get(f"{desk.address}/orders", params={"q": name}).text()
    return len(read(text).all("a.code[href^='/orders/']"))


def type_line(page: Page, reference: str, count: str) -> None:
    """Type a line as a barcode scanner does: without a pause, Enter after each cell."""
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    page.keyboard.type(count)
    page.keyboard.press("Enter")


def fill_one_line(page: Page, name: str) -> None:
    page.fill("#name", name)
    page.select_option("#metadata-finish", "matt")
    page.fill("#cart-0-configurationId", CHAIR)


def place(page: Page) -> str:
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/placed")
    return page.inner_text("#code")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, at most ten times."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.locator(selector).evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{selector} cannot be reached")


def test_three_lines_by_keyboard_only_and_the_customer_finds_the_order(
    page: Page, stranger: Page, desk: Desk
) -> None:
    keys = page.keyboard
    expect(page.locator("#customerId")).to_be_focused()
    keys.type("SECRET-CUSTOMER")
    keys.press("Tab")
    keys.type("Reception")
    tab_to(page, "#cart-0-configurationId")
    type_line(page, desk.skus[0], "12")
    type_line(page, desk.short_id, "3")
    type_line(page, CHAIR, "1")
    expect(page.locator("#totals")).to_have_text("3 lines, 16 items")
    expect(page.locator("#cart-3-configurationId")).to_be_focused()
    tab_to(page, "#metadata-finish")
    keys.type("Gloss")
    keys.press("Tab")
    keys.type("Ring twice")
    keys.press("Tab")
    keys.type("2.5")
    keys.press("Tab")
    keys.press("Space")
    tab_to(page, "#source > summary")
    keys.press("Enter")
    tab_to(page, "#platform-storeName")
    keys.type("SECRET-STORE")
    keys.press("Tab")
    keys.type("SECRET-RESELLER")
    keys.press("Control+Enter")
    page.wait_for_url("**/placed")
    code = page.inner_text("#code")
    assert CODE.fullmatch(code)
    expect(page.locator(".next a.primary")).to_be_focused()
    assert page.locator(".qr").evaluate("image => image.naturalWidth") > 0

    stranger.goto(f"{desk.address}/find")
    stranger.keyboard.type(code.lower().replace("-", " ").replace("0", "o"))
    stranger.keyboard.press("Enter")
    stranger.wait_for_url(f"**/o/{code.replace('-', '')}")
    shown = stranger.inner_text("main")
    for seen in (code, "Received", "Oslo CH", "12", "Gloss", "Ring twice"):
        assert seen in shown, seen
    html = stranger.content()
    secret = ("SECRET-CUSTOMER", "SECRET-STORE", "SECRET-RESELLER")
    for hidden in (*secret, "Reception", "Crates", "created by"):
        assert hidden not in html, hidden


def test_the_same_without_javascript(plain_page: Page, stranger: Page, desk: Desk) -> None:
    page = plain_page
    page.fill("#name", "Without scripts")
    page.select_option("#metadata-finish", "matt")
    page.check("#metadata-gift")
    for row, reference in enumerate((desk.skus[0], CHAIR, "to be removed")):
        page.fill(f"#cart-{row}-configurationId", reference)
        page.fill(f"#cart-{row}-count", str(row + 2))
    page.click("button[value=add]")
    page.fill("#cart-3-configurationId", desk.short_id)
    page.click("button[value='up:1']")
    page.click("button[value='remove:2']")
    page.click("button[value='duplicate:3']")
    assert references(page) == [CHAIR, desk.skus[0], desk.short_id, desk.short_id]
    page.locator(".paste summary").click()
    page.fill("#paste", f"{desk.skus[1]}\t5")
    page.click("button[value=paste]")
    assert references(page)[-1] == desk.skus[1]
    assert page.input_value("#name") == "Without scripts"
    assert page.is_checked("#metadata-gift")
    expect(page.locator("#lines")).to_contain_text("Oslo TB")
    page.click("button[value=place]")
    page.wait_for_url("**/placed")
    code = page.inner_text("#code")
    expect(page.locator(".cart-lines tbody tr")).to_have_count(5)
    stranger.goto(f"{desk.address}/o/{code}")
    assert "Oslo TB" in stranger.inner_text("main")


def test_enter_without_javascript_saves_nothing_and_keeps_everything(
    plain_page: Page, desk: Desk
) -> None:
    fill_one_line(plain_page, "Enter only")
    plain_page.focus("#name")
    plain_page.keyboard.press("Enter")
    plain_page.wait_for_load_state()
    assert plain_page.input_value("#name") == "Enter only"
    assert plain_page.input_value("#cart-0-configurationId") == CHAIR
    assert orders_named(plain_page, desk, "Enter only") == 0


def test_two_hundred_lines_are_pasted_from_a_spreadsheet(page: Page, desk: Desk) -> None:
    page.fill("#name", "Two hundred")
    page.select_option("#metadata-finish", "matt")
    rows = [f"{desk.skus[n % 3]}\t{n + 1}" for n in range(200)]
    rows[100] = f"{desk.skus[0]}\tmany"
    page.focus("#cart-0-configurationId")
    paste(page, "\r\n".join(rows))
    expect(page.locator("#totals")).to_contain_text("200 lines")
    expect(page.locator("#lines .what")).to_have_count(200)
    bad = page.locator('#lines [aria-invalid="true"]')
    expect(bad).to_have_count(1)
    expect(bad).to_be_focused()
    expect(bad).to_have_value("many")
    page.keyboard.type("101")
    place(page)
    counts = page.locator(".cart-lines tbody td:last-child").all_inner_texts()
    assert counts == [f"{n + 1:,}" for n in range(200)]


def paste(page: Page, text: str) -> None:
    """Paste a text into the field that has the focus."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const options = {clipboardData: data, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        text,
    )


def test_one_line_with_its_count_and_a_column_of_counts_are_pasted(page: Page, desk: Desk) -> None:
    page.focus("#cart-0-configurationId")
    paste(page, f"{desk.skus[0]};4")
    expect(page.locator("#lines .what")).to_have_count(1)
    page.locator("#lines .reference").last.focus()
    paste(page, f"3 x {desk.skus[1]}")
    expect(page.locator("#lines .what")).to_have_count(2)
    counts = page.locator("#lines .count input")
    assert [count.input_value() for count in counts.all()][:2] == ["4", "3"]
    counts.first.focus()
    paste(page, "7\r\n8\r\n9\r\n")
    expect(page.locator("#totals")).to_contain_text("24")
    assert [count.input_value() for count in counts.all()][:3] == ["7", "8", "9"]


def test_too_many_pasted_lines_are_refused_and_stay(page: Page, desk: Desk) -> None:
    page.focus("#cart-0-configurationId")
    paste(page, f"{desk.skus[0]}\t1\r\n" * 1_001)
    field = page.locator("#paste")
    expect(page.locator("#paste-error")).to_have_text("At most 1,000 lines; this has 1,001.")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert field.input_value().count(desk.skus[0]) == 1_001
    field.fill(f"{desk.skus[0]}\t2")
    page.click("button[value=paste]")
    expect(page.locator("#lines .count input").first).to_have_value("2")
    expect(page.locator("#paste-error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_the_cart_of_an_order_is_copied_and_pasted(page: Page, desk: Desk) -> None:
    with desk.org.app.app_context():
        named = products.resolve(desk.skus, desk.org.id)
    cart = [{"configurationId": named[sku].id, "count": n + 2} for n, sku in enumerate(desk.skus)]
    code = place_order(desk, cart=cart)
    page.goto(f"{desk.address}/orders/{code}")
    text = page.evaluate(
        """() => {
            getSelection().selectAllChildren(document.querySelector(".cart-lines"));
            return getSelection().toString();
        }"""
    )
    page.goto(f"{desk.address}/orders/new")
    page.focus("#cart-0-configurationId")
    paste(page, text)
    expect(page.locator("#lines .what")).to_have_count(3)
    assert references(page) == list(desk.skus)
    counts = page.locator("#lines .count input").all()
    assert [count.input_value() for count in counts][:3] == ["2", "3", "4"]


def test_a_reference_is_resolved_at_once_and_typing_goes_on(page: Page, desk: Desk) -> None:
    page.focus("#cart-0-configurationId")
    page.keyboard.type(desk.skus[0])
    page.keyboard.press("Enter")
    expect(page.locator("#cart-0-configurationId-error")).to_contain_text("Oslo CH")
    expect(page.locator("#cart-0-configurationId-error")).to_contain_text("Wood: Oak")
    expect(page.locator("#cart-0-count")).to_be_focused()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.keyboard.type("NO-SUCH-SKU")
    page.keyboard.press("Tab")
    expect(page.locator("#cart-1-configurationId-error .error")).to_be_visible()
    expect(page.locator("#cart-1-configurationId")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#cart-1-count")).to_be_focused()
    assert page.input_value("#cart-0-count") == "7"


def test_ten_lines_typed_without_a_pause_are_ten_lines(page: Page, desk: Desk) -> None:
    page.focus("#cart-0-configurationId")
    for count in range(1, 11):
        type_line(page, desk.skus[count % 3], str(count))
    expect(page.locator("#totals")).to_have_text("10 lines, 55 items")
    assert references(page) == [desk.skus[count % 3] for count in range(1, 11)]
    expect(page.locator("#lines .what")).to_have_count(10)


def test_keys_typed_the_moment_the_form_is_there_are_not_lost(page: Page) -> None:
    for _ in range(5):
        page.goto(page.url.split("?")[0])
        page.keyboard.type("SCANNED-AT-ONCE")
        assert page.input_value("#customerId") == "SCANNED-AT-ONCE"


def test_each_field_is_checked_when_it_is_left(page: Page) -> None:
    page.fill("#name", "😀" * 256)
    expect(page.locator(".counter")).to_have_text("256/255")
    page.keyboard.press("Tab")
    expect(page.locator("#name-error")).to_contain_text("At most 255 characters; this has 256.")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    page.fill("#name", "short")
    page.keyboard.press("Tab")
    expect(page.locator("#name-error")).to_be_hidden()
    expect(page.locator("#name")).not_to_have_attribute("aria-invalid", "true")


def test_on_submit_every_error_is_shown_at_its_field_and_the_first_has_the_focus(
    page: Page,
) -> None:
    page.fill("#customerId", "c" * 256)
    page.fill("#cart-1-configurationId", CHAIR)
    page.fill("#cart-1-count", "0")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#summary li")).to_have_count(3)
    expect(page.locator("#summary h2")).to_have_text("Fix 3 fields to place this order.")
    expect(page).to_have_title(re.compile("^Error: New order"))
    expect(page.locator("#customerId")).to_be_focused()
    assert page.input_value("#customerId") == "c" * 256
    page.click("#summary a >> text=Quantity, line 2")
    expect(page.locator("#lines .count input").nth(1)).to_be_focused()
    expect(page.locator("#metadata-finish-error")).to_have_text("This is required.")


def test_an_error_at_a_choice_is_seen_however_long_the_cart_is(page: Page, desk: Desk) -> None:
    page.locator("#name").press("Alt+c")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    for _ in range(12):
        type_line(page, desk.skus[0], "2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#metadata-finish")).to_be_focused()
    expect(page.locator("#metadata-finish-error")).to_be_in_viewport()


def test_enter_passes_over_choices(page: Page) -> None:
    page.focus("#customerId")
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#cart-0-configurationId")).to_be_focused()
    page.focus("#metadata-gift")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).not_to_be_focused()
    expect(page.locator("#status")).to_have_value("New")


def test_a_search_is_in_the_url_and_survives_going_back(page: Page, desk: Desk) -> None:
    fill_one_line(page, "Found again")
    place(page)
    page.goto(f"{desk.address}/orders")
    page.fill("#q", "found again")
    page.wait_for_url("**/orders?q=found+again")
    expect(page.locator("a.code")).to_have_count(1)
    page.click("a.code")
    page.wait_for_url(re.compile(r"/orders/[0-9A-Z]{12}$"))
    page.go_back()
    expect(page.locator("#q")).to_have_value("found again")
    expect(page.locator("a.code")).to_have_count(1)
    page.fill("#q", "")
    page.wait_for_url(f"{desk.address}/orders")


def test_rows_are_moved_copied_and_removed_from_the_keyboard(page: Page) -> None:
    page.focus("#cart-0-configurationId")
    for reference in ("AAAAAAA", "BBBBBBB", "CCCCCCC"):
        type_line(page, reference, "2")
    page.focus("#cart-2-count")
    page.keyboard.press("Alt+ArrowUp")
    assert references(page) == ["AAAAAAA", "CCCCCCC", "BBBBBBB"]
    expect(page.locator("#cart-2-count")).to_be_focused()
    page.keyboard.press("Alt+d")
    assert references(page) == ["AAAAAAA", "CCCCCCC", "CCCCCCC", "BBBBBBB"]
    page.keyboard.press("Alt+Delete")
    page.click("[aria-label='Move line 1 down']")
    assert references(page) == ["CCCCCCC", "AAAAAAA", "BBBBBBB"]
    while page.locator("#lines > .line").count() > 1:
        page.click("[aria-label='Remove line 1']")
    page.click("[aria-label='Remove line 1']")
    expect(page.locator("#lines > .line")).to_have_count(1)
    assert references(page) == []
    expect(page.locator("#lines .reference")).to_be_focused()
    expect(page.locator("#totals")).to_have_text("0 lines, 0 items")


class TestOneOrder:
    def test_a_double_click_and_a_reload_make_one(self, page: Page, desk: Desk) -> None:
        fill_one_line(page, "Clicked twice")
        page.dblclick("button[value=place]")
        page.wait_for_url("**/placed")
        page.reload()
        assert orders_named(page, desk, "Clicked twice") == 1

    def test_back_and_again_leads_to_the_same(self, page: Page, desk: Desk) -> None:
        fill_one_line(page, "Back and again")
        first = place(page)
        page.go_back()
        page.wait_for_selector("#order-form")
        fill_one_line(page, "Back and again")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/placed")
        assert page.inner_text("#code") == first
        assert orders_named(page, desk, "Back and again") == 1

    def test_back_and_changed_saves_nothing_until_it_is_placed_again(
        self, page: Page, desk: Desk
    ) -> None:
        fill_one_line(page, "Before Back")
        first = place(page)
        page.go_back()
        page.wait_for_selector("#order-form")
        fill_one_line(page, "Behind Back")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#order-form > .notice:not(#trouble)")).to_contain_text(
            f"{first}, with different content"
        )
        expect(page.locator("#order-form > .notice.bad:not(#trouble)")).to_be_in_viewport()
        assert page.input_value("#name") == "Behind Back"
        assert orders_named(page, desk, "Behind Back") == 0
        assert place(page) != first
        assert orders_named(page, desk, "Behind Back") == 1


def intercept(page: Page, handler: Callable[[Route], None]) -> None:
    """Let requests of the form fail, from now on: a busy machine may take a moment to begin."""
    page.route("**/orders/new?form=*", handler)
    fails = "() => fetch(location.href).then((answer) => !answer.ok, () => true)"
    while not page.evaluate(fails):
        page.wait_for_timeout(50)


class TestProblems:
    def test_a_server_error_leaves_the_form_as_it_is(self, page: Page, desk: Desk) -> None:
        fill_one_line(page, "Server error")
        intercept(page, lambda route: route.fulfill(status=500, body="broken"))
        page.keyboard.press("Control+Enter")
        expect(page.locator("#trouble")).to_contain_text("Nothing was saved")
        assert page.input_value("#name") == "Server error"
        page.unroute("**/orders/new?form=*")
        place(page)
        assert orders_named(page, desk, "Server error") == 1

    def test_an_unreachable_server_leaves_the_form_as_it_is(self, page: Page, watch: Watch) -> None:
        fill_one_line(page, "Unreachable")
        intercept(page, lambda route: route.abort())
        page.keyboard.press("Control+Enter")
        expect(page.locator("#trouble")).to_contain_text("cannot be reached")
        assert page.input_value("#name") == "Unreachable"
        watch.faults = [fault for fault in watch.faults if "fetch" not in fault]  # it says so too

    @pytest.mark.usefixtures("desk")
    def test_an_ended_session_is_reported_and_nothing_is_lost(self, page: Page, desk: Desk) -> None:
        # An answer that came after the cookies were taken away would bring them back.
        with (
            page.expect_response("**/orders/new/check?field=name"),
            page.expect_response("**/orders/new/check?field=metadata.finish"),
        ):
            fill_one_line(page, "Session ended")
        kept = page.context.storage_state()["cookies"]
        page.context.clear_cookies()
        page.keyboard.press("Control+Enter")
        expect(page.locator("#trouble")).to_contain_text("You've been signed out")
        assert page.input_value("#name") == "Session ended"
        page.context.add_cookies(
            [{"name": one["name"], "value": one["value"], "url": desk.address} for one in kept]
        )  # as signing in in another tab does
        place(page)
        assert orders_named(page, desk, "Session ended") == 1
