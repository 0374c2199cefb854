"""The list of orders in a browser: by keyboard, by mouse, with and without JavaScript."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.bad_orders import CHAIR
from tests.browser.conftest import Desk, Screen, sign_in


def make_orders(page: Page, desk: Desk, count: int) -> str:
    """Make orders that one word finds; return the word."""
    word = f"batch{uuid.uuid4().hex[:8]}"
    headers = {"Authorization": f"Bearer {desk.org.private.secret}"}
    for at in range(count):
        order = {
            "name": f"{word} {at}", "metadata": {"finish": "matt"},
            "cart": [{"configurationId": CHAIR, "count": at + 1}],
        }  # fmt: skip
        made = page.request.post(f"{desk.address}/api/orders", data=order, headers=headers)
        assert made.status == 201, made.text()
    return word


def row(page: Page, name: str) -> str:
    """Return the selector of an order's row."""
    return f'.list tbody tr:has-text("{name}")'


def test_everything_works_by_keyboard_alone(page: Page, desk: Desk) -> None:
    word = make_orders(page, desk, 3)
    page.goto(f"{desk.address}/orders")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type(word)  # a j in it would be typed, too
    page.wait_for_url(f"**/orders?q={word}")
    expect(page.locator("a.code")).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{row(page, f'{word} 2')} a.code")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("k")
    ticked = page.locator('[name="order"]:checked')
    expect(ticked).to_have_count(2)
    expect(page.locator("#scope option").first).to_have_text("2 selected")
    page.keyboard.press("s")
    expect(page.locator("#set")).to_be_focused()
    page.locator(f"{row(page, f'{word} 1')} a.code").focus()
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    page.locator(f"{row(page, f'{word} 1')} a.code").focus()
    page.keyboard.press("o")
    page.wait_for_url(re.compile(r"/orders/[0-9A-Z]{12}$"))
    page.go_back()
    expect(page.locator("#q")).to_have_value(word)
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_url("**/orders/new?form=*")


def test_a_status_is_set_in_its_row_and_taken_back(page: Page, desk: Desk) -> None:
    word = make_orders(page, desk, 2)
    page.goto(f"{desk.address}/orders?q={word}")
    badge = page.locator(f"{row(page, f'{word} 1')} .sets")
    badge.click()
    page.locator(":popover-open").get_by_role("button", name="Complete").click()
    expect(page.locator("#report")).to_contain_text("1 order set to Complete.")
    expect(badge).to_contain_text("Complete")
    expect(badge).to_be_focused()
    expect(page.locator("#said")).to_contain_text("1 order set to Complete.")
    page.click(".undo")
    expect(page.locator("#report")).to_contain_text("Undone: 1 order set back.")
    expect(page.locator("#report")).to_be_focused()
    expect(badge).to_contain_text("New")
    # By keyboard the menu opens with its first status, and Escape leaves it unchanged.
    badge.focus()
    page.keyboard.press("ArrowDown")
    menu = page.locator(":popover-open")
    expect(menu.get_by_role("button", name="List")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(badge).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("button", name="Complete")).to_be_focused()
    expect(page.locator("#report")).to_contain_text("Undone")
    address = page.url
    page.keyboard.press("Enter")
    expect(page.locator("#report")).to_contain_text("1 order set to Complete.")
    # The address follows the rows: a reload between the two would show the change before.
    expect(page).not_to_have_url(address)
    assert "done=" in page.url
    page.reload()
    expect(page.locator("#report")).to_contain_text("1 order set to Complete.")


def test_one_checkbox_selects_all_for_a_change(page: Page, desk: Desk) -> None:
    word = make_orders(page, desk, 3)
    page.goto(f"{desk.address}/orders?q={word}")
    page.check(".every")
    page.select_option("#set", "In Progress")
    page.dblclick('button[value="status"]')
    expect(page.locator("#report")).to_contain_text("3 orders set to In Progress.")
    expect(page.locator(".list .sets .status-in-progress")).to_have_count(3)
    # Nothing is selected now, so that there is nothing to change.
    expect(page.locator(".bulk")).to_be_hidden()
    page.check('[name="order"] >> nth=0')
    page.select_option("#scope", "all")
    page.click('button[value="bin"]')
    expect(page.locator("#report")).to_contain_text("3 orders deleted.")
    expect(page.locator(".list")).to_have_count(0)
    page.click(".undo")
    expect(page.locator("a.code")).to_have_count(6)  # three of them in the report


def test_filters_columns_and_views_work_by_hand(page: Page, desk: Desk) -> None:
    word = make_orders(page, desk, 2)
    page.goto(f"{desk.address}/orders?q={word}")
    page.click(".filters summary")
    page.check('input[name="status"][value="New"]')
    page.select_option('select[name="metadata.finish"]', "matt")
    page.click(".filters button")
    page.wait_for_url(f"**/orders?q={word}&status=New&metadata.finish=matt")
    expect(page.locator(".chip")).to_have_count(3)
    page.click("summary:text('Columns')")
    page.check('input[value="store"]')
    page.click("button:text('Apply')")
    expect(page.locator("th:text('Store')")).to_be_visible()
    page.click("summary:has-text('Save view')")
    page.fill("#view-name", word)
    page.keyboard.press("Enter")
    page.wait_for_url("**view=*")
    expect(page.locator(".views [aria-current]")).to_have_text(word)
    page.click("summary:has-text('Edit view')")
    page.click("button:text('Delete view')")
    expect(page.locator(f".views a:text('{word}')")).to_have_count(0)
    page.click("summary:text('Columns')")
    page.keyboard.press("Escape")
    expect(page.locator("summary:text('Columns')")).to_be_focused()
    page.click("summary:text('Columns')")
    page.click("button:text('Reset to default')")
    expect(page.locator("th:text('Store')")).to_have_count(0)
    page.click("summary:text('Export')")
    with page.expect_download() as loading:
        page.click("a:text('CSV')")
    assert word in loading.value.path().read_text("utf-8-sig")


def test_everything_works_without_javascript(plain_page: Page, desk: Desk) -> None:
    page = plain_page
    word = make_orders(page, desk, 2)
    page.goto(f"{desk.address}/orders")
    page.fill("#q", word)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders?q={word}*")
    expect(page.locator("a.code")).to_have_count(2)
    page.click(f"{row(page, f'{word} 1')} .sets")
    page.locator(":popover-open").get_by_role("button", name="Complete").click()
    expect(page.locator("#report")).to_contain_text("1 order set to Complete.")
    page.click(".undo")
    expect(page.locator("#report")).to_contain_text("Undone: 1 order set back.")
    expect(page.locator(".bulk")).to_be_hidden()
    page.check('[name="order"] >> nth=0')
    page.select_option("#scope", "all")
    page.select_option("#set", "Complete")
    page.click('button[value="status"]')
    expect(page.locator("#report")).to_contain_text("2 orders set to Complete.")
    page.click(".views a:text('Deleted orders')")
    page.wait_for_url("**/orders?bin=1")


def test_every_state_is_accessible(screen: Screen, desk: Desk) -> None:
    page = screen.page
    sign_in(page, desk)
    word = make_orders(page, desk, 2)
    page.goto(f"{desk.address}/orders?q={word}")
    page.click(".filters summary")
    page.check('[name="order"] >> nth=0')
    page.focus("a.code")
    screen.check("filtered, ticked, with open filters")
    for menu in ("Columns", "Export", "Save view"):
        page.click(f"summary:has-text('{screen.say(menu)}')")
        screen.check(menu)
    page.keyboard.press("Escape")
    page.locator(".sets").first.click()
    screen.check("the menu of a status")
    page.keyboard.press("Escape")
    page.select_option("#set", "Complete")
    page.click('button[value="status"]')
    page.wait_for_selector("#report")
    page.click(".filters summary")
    screen.check("after a change")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    screen.check("the keys")
    page.goto(f"{desk.address}/orders?columns=code,changed,store,metadata.finish,status&sort=name")
    screen.check("other columns")
    for query in ("bin=1", "from=nope&status=x&metadata.finish=wood", "status=List&q=nothing"):
        page.goto(f"{desk.address}/orders?{query}")
        screen.check(query)
